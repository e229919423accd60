"""Choices that hang on the last bits of numbers, such as whether there is room: made, or made as they once were.

Where all else of a world is drawn from its seed, a list of them is its state.
"""

from __future__ import annotations

from collections.abc import Iterable

from graspbook.core.errors import InputError


class Choices:
    """Whole numbers in the order in which they are chosen.

    Args:
        kept: The choices that were made once; None: they are made now.

    Attributes:
        made: All choices so far.
        follow: Whether they are as they once were.
    """

    def __init__(self, kept: Iterable[int] | None = None) -> None:
        self.made: list[int] = []
        self.follow = kept is not None
        self._kept = iter(kept or ())

    def __call__(self, now: int) -> int:
        """The next choice.

        Args:
            now: What is chosen now; it does not matter where the choice was made once.

        Raises:
            InputError: There were fewer choices then.
        """
        choice = next(self._kept, None) if self.follow else int(now)
        if choice is None:
            raise InputError(f"choices: the state has {len(self.made)}, expected more; it is that of another episode")
        self.made.append(choice)
        return choice
