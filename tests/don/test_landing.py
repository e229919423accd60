import numpy as np
import pandas as pd
import pytest

from graspbook.don.landing import PLACES, gap_beside, landings, place_of
from graspbook.don.queries import Query
from graspbook.don.scores import judge
from tests.don.flat import flat_scene


@pytest.mark.parametrize(("found", "place"), [(1, 0), (2, 1), (7, 1), (3, 2), (101, 3), (0, 4)])
def test_every_pixel_has_a_place(found, place):
    assert place_of(found, 1) == PLACES[place]


def test_answers_are_looked_up_in_the_view_that_was_searched():
    scenes = [flat_scene(0, (1, 2)), flat_scene(1, (1, 5))]
    rows = []
    for scene in (0, 1):
        pixels = np.argwhere(scenes[scene].ids[1] >= 0)[::97, ::-1]
        rows.append(Query(1, (scene, 0), (scene, 1), pixels.astype(np.float32), pixels.astype(np.float32)))
    scores = judge([query.pixels for query in rows], scenes, rows)
    found = landings(scores, scenes, rows)
    assert (found["auc"] == 1).all() and found["has_look_alikes"].all()
    assert (found["beside"] == (found["scene"] == 0)).all()
    for scene, query in enumerate(rows):
        ids = [scenes[scene].ids[1][int(v), int(u)] for u, v in query.pixels]
        assert found.loc[found["scene"] == scene, "place"].tolist() == [place_of(int(k), 1) for k in ids]


def test_the_gap_is_a_difference_of_means_with_an_interval_around_it():
    rng = np.random.default_rng(0)
    found = pd.DataFrame(
        [(s, s % 2 == 0, True, rng.uniform() + 0.2 * (s % 2)) for s in range(8) for _ in range(50)],
        columns=["scene", "beside", "has_look_alikes", "auc"],
    )
    gap, low, high = gap_beside(found, 200, 1)
    means = found.groupby("beside")["auc"].mean()
    assert gap == pytest.approx(means[True] - means[False])
    assert low <= gap <= high < 0
    assert np.isnan(gap_beside(found[found["beside"]], 10, 1)).all()


def test_objects_that_nothing_looks_like_have_no_part_in_the_gap():
    rows = [(scene, beside, True, 0.5 + 0.1 * beside) for scene in range(4) for beside in (False, True)]
    others = [(scene, False, False, 0.0) for scene in range(4)]
    columns = ["scene", "beside", "has_look_alikes", "auc"]
    gaps = [gap_beside(pd.DataFrame(some, columns=columns), 20, 1)[0] for some in (rows, rows + others)]
    assert gaps == pytest.approx([0.1, 0.1])
