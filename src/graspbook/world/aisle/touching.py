"""Which things of a picture touch each other: those that a labeller may take for one."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int, UInt16


def touching(things: UInt16[np.ndarray, "h w"], classes: Int[np.ndarray, " n_1"], most: int) -> list[list[int]]:
    """Groups of small things of one class that are connected, each group and the groups in the order of numbers.

    Args:
        things: The number of the thing at each pixel, uint16 [H, W]; 0 is none.
        classes: The class of each thing by its number, int [N + 1].
        most: The largest number of pixels of a thing in a group.

    Returns:
        The numbers of the things in each group of two or more.
    """
    pixels = np.bincount(things.ravel(), minlength=len(classes))
    small = (pixels > 0) & (pixels <= most)
    small[0] = False
    leader = np.arange(len(classes))

    def top(number: int) -> int:
        while leader[number] != number:
            number = leader[number]
        return number

    for first, second in ((things[1:], things[:-1]), (things[:, 1:], things[:, :-1])):
        edge = (first != second) & small[first] & small[second] & (classes[first] == classes[second])
        for a, b in {tuple(pair) for pair in np.stack([first[edge], second[edge]], 1).tolist()}:
            low, high = sorted((top(a), top(b)))
            leader[high] = low
    groups: dict[int, list[int]] = {}
    for number in np.flatnonzero(small).tolist():
        groups.setdefault(top(number), []).append(number)
    return [group for group in groups.values() if len(group) > 1]
