"""Which known objects look alike: one family of shapes, printed in one set of inks."""

from graspbook.don.scenes.objects import KNOWN


def look_alikes(number: int) -> frozenset[int]:
    """Ids of the other known objects that look like a given one.

    Args:
        number: Id of the object, from 1 to the length of `KNOWN`.
    """
    own = _looks(number)
    return frozenset(other for other in range(1, len(KNOWN) + 1) if other != number and _looks(other) == own)


def _looks(number: int) -> tuple[str, str]:
    known = KNOWN[number - 1]
    return known.ink, known.shape.rsplit("_", 1)[0]
