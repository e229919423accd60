"""The eight things of an aisle, and the things of Cityscapes that they stand for (`joint` paper, §IV-A).

Cityscapes labels instances of eight classes. An aisle has as many, alike in what makes them hard: people, people on
vehicles, one very common class that stands in rows, large rare ones, a long one, and two thin two-wheelers.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ThingClass:
    """A class of things.

    Attributes:
        name: The name of the class in an aisle.
        stands_for: The class of Cityscapes that it stands for.
        label: The `labelId` of that class in Cityscapes' files.
    """

    name: str
    stands_for: str
    label: int


THINGS = (
    ThingClass("worker", "person", 24),
    ThingClass("rider", "rider", 25),
    ThingClass("trolley", "car", 26),
    ThingClass("forklift", "truck", 27),
    ThingClass("pallet", "bus", 28),
    ThingClass("tugger train", "train", 31),
    ThingClass("scooter", "motorcycle", 32),
    ThingClass("bicycle", "bicycle", 33),
)
"""In Cityscapes' order. Class k + 1 of a label image is THINGS[k]; 0 is everything else."""

NUMBER_OF = {thing.name: number for number, thing in enumerate(THINGS, 1)}
"""From an aisle's name to the number of the class, 1 to 8."""

BUILDING_LABEL = 11
"""Cityscapes' `building`: what the files call everything that is no thing."""
