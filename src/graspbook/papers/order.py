"""The order in which the papers are read: from what a robot sees and learns by itself to how it grasps."""

from collections.abc import Iterable

READING_ORDER = ("selfsup", "latent", "joint", "mlgsl", "don")


def in_reading_order(slugs: Iterable[str]) -> list[str]:
    """Papers by their short names in reading order; those without a place in it last, in alphabetical order.

    Args:
        slugs: The short names of the papers.
    """
    place = {slug: number for number, slug in enumerate(READING_ORDER)}
    return sorted(slugs, key=lambda slug: (place.get(slug, len(place)), slug))
