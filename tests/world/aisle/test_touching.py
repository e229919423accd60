import numpy as np
import pytest

from graspbook.world.aisle.touching import touching


def by_hand(things, classes, most):
    """Grow each group from its first member."""
    height, width = things.shape
    small = {k for k in range(1, len(classes)) if 0 < (things == k).sum() <= most}
    neighbours = {k: set() for k in small}
    for y in range(height):
        for x in range(width):
            for v, u in ((y + 1, x), (y, x + 1)):
                if v < height and u < width:
                    a, b = int(things[y, x]), int(things[v, u])
                    if a != b and a in small and b in small and classes[a] == classes[b]:
                        neighbours[a].add(b)
                        neighbours[b].add(a)
    groups, free = [], set(small)
    while free:
        group, waiting = set(), [min(free)]
        while waiting:
            one = waiting.pop()
            if one not in group:
                group.add(one)
                waiting += neighbours[one]
        free -= group
        if len(group) > 1:
            groups.append(sorted(group))
    return groups


@pytest.mark.parametrize("seed", range(20))
def test_groups_are_those_of_a_walk(seed):
    rng = np.random.default_rng(seed)
    things = np.repeat(np.repeat(rng.integers(0, 12, (6, 8)), 2, 0), 2, 1).astype(np.uint16)
    classes = np.array([0, *rng.integers(1, 4, 11)])
    assert sorted(touching(things, classes, 20)) == by_hand(things, classes, 20)


def test_nothing_touches_in_an_empty_picture():
    assert touching(np.zeros((3, 4), np.uint16), np.zeros(5, np.int64), 9) == []
