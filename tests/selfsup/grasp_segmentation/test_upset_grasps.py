from types import SimpleNamespace

import numpy as np
import pytest

from graspbook.data.grasps import GraspDataset
from graspbook.data.writer import write_grasps
from graspbook.selfsup.grasp_segmentation.upset_grasps import UpsetGrasps
from graspbook.world.bin.corruptions import Corruptions, nudge, upset_photograph

NEVER = Corruptions(
    exposure_rate=0.0,
    exposure_jump=0.3,
    colour_jump=0.1,
    shadow_rate=0.0,
    shadow_depth=0.5,
    glare_rate=0.0,
    glares=5.0,
    nudge_rate=0.0,
    nudge=0.01,
)
ALWAYS = Corruptions(**{name: 1.0 if name.endswith("rate") else value for name, value in vars(NEVER).items()})


@pytest.fixture
def grasps(tmp_path, make_grasp):
    above = np.eye(4)
    above[2, 3] = 0.8
    camera = SimpleNamespace(fx=100.0, fy=100.0, cx=24.0, cy=16.0, world_from_camera=above)
    write_grasps(tmp_path / "set", [make_grasp(k, camera=camera) for k in range(6)])
    return GraspDataset(tmp_path / "set")


def test_without_upsets_the_grasps_are_as_they_were(grasps):
    for plain, seen in zip(grasps, UpsetGrasps(grasps, NEVER, 1), strict=True):
        for name, value in vars(plain).items():
            np.testing.assert_array_equal(getattr(seen, name), value)


def test_photographs_change_and_nothing_else(grasps):
    for plain, seen in zip(grasps, UpsetGrasps(grasps, ALWAYS, 1), strict=True):
        assert np.any(seen.before != plain.before)
        assert np.any(seen.after != plain.after)
        for name in ("grasp_id", "suction", "visible", "amodal"):
            np.testing.assert_array_equal(getattr(seen, name), getattr(plain, name))


def test_it_is_what_befalls_each_photograph_in_turn(grasps):
    row, plain = grasps.table.iloc[2], grasps[2]
    rng = np.random.default_rng([7, row["episode"], row["index"]])
    before, after = grasps.ids(2)
    expected_before = upset_photograph(plain.before, before > 0, rng, ALWAYS)
    expected_after = upset_photograph(plain.after, after > 0, rng, ALWAYS)
    seen = UpsetGrasps(grasps, ALWAYS, 7)[2]
    np.testing.assert_array_equal(seen.before, expected_before)
    np.testing.assert_array_equal(seen.after, nudge(expected_after, 100 / 0.8, rng, ALWAYS))


def test_a_subset_sees_the_same_and_another_seed_does_not(grasps):
    whole, few = UpsetGrasps(grasps, ALWAYS, 1), UpsetGrasps(grasps.subset([4, 2]), ALWAYS, 1)
    np.testing.assert_array_equal(whole[4].before, few[0].before)
    np.testing.assert_array_equal(whole.subset([2])[0].after, few[1].after)
    assert np.any(UpsetGrasps(grasps, ALWAYS, 2)[4].before != whole[4].before)


def test_the_data_set_itself_stays(grasps):
    before = grasps[0].before
    UpsetGrasps(grasps, ALWAYS, 1)[0]
    np.testing.assert_array_equal(grasps[0].before, before)
    assert type(grasps) is GraspDataset


def test_stacked_arrays_are_upset_too(grasps):
    seen = UpsetGrasps(grasps, ALWAYS, 1)
    np.testing.assert_array_equal(seen.arrays([3]).before[0], seen[3].before)
