import dataclasses

import pandas as pd
import pytest

from graspbook.data.writer import write_grasps
from graspbook.selfsup.grasp_segmentation import dials
from graspbook.world.config import DIAL_RANGES
from tests.conftest import standard

WORLD = standard("selfsup").world


@pytest.mark.parametrize("count", [2, 3, 5])
def test_levels_run_from_off_to_strong(count):
    for dial, values in DIAL_RANGES.items():
        levels = dials.levels_of(dial, count)
        assert len(set(levels)) == count and levels == sorted(levels)
        assert (levels[0], levels[-1]) == (values[0], values[-1])


def test_one_dial_turns_and_the_other_nuisances_are_off():
    world = dataclasses.replace(WORLD, height=64, dials=dataclasses.replace(WORLD.dials, clutter=7.0))
    visits = dials.settings(world, 3)
    assert len(visits) == 3 * len(DIAL_RANGES)
    for dial, level, config in visits:
        expected = dataclasses.asdict(world.dials) | dials.CALM | {dial: level}
        assert dataclasses.asdict(config.dials) == expected
        assert config.height == 64


@pytest.fixture
def turn(tmp_path, monkeypatch, make_grasp):
    """Turns the dials in worlds that are drawings; remembers which ones were visited."""
    visited = []

    def fake_collect(out, split, n_grasps, seed, config, segmenter, workers, scratch_dir):
        assert (split, workers) == ("test", 1)
        visited.append(config)
        failed = make_grasp(99, outcome="dropped")
        write_grasps(out, [failed, *(make_grasp(k) for k in range(n_grasps))])

    def measure(grasps, limit=None):
        if limit is not None and len(visited) > limit:
            raise KeyboardInterrupt
        frame = pd.DataFrame({"iou": 0.5, "error": 1.5, "kept": True}, index=range(len(grasps)))
        return {"Subtract": frame, "Subtract-Filter": frame.assign(kept=False)}

    monkeypatch.setattr(dials, "collect", fake_collect)
    monkeypatch.setattr(dials.GraspEpisodes, "key", lambda episodes: repr(episodes.config))

    def run(limit=None):
        return dials.turn_dials(WORLD, 2, 3, 0, lambda grasps: measure(grasps, limit), "key", 1, scratch_dir=tmp_path)

    return run, visited, tmp_path


@pytest.mark.slow
def test_the_table_has_a_row_per_setting_method_and_successful_grasp(turn):
    run, _, scratch = turn
    table = run()
    assert len(table) == len(DIAL_RANGES) * 2 * 2 * 3
    assert table.groupby("method")["kept"].mean().to_dict() == {"Subtract": 1.0, "Subtract-Filter": 0.0}
    assert list(scratch.iterdir()) == []


@pytest.mark.slow
def test_a_setting_shared_by_several_dials_is_visited_once(turn):
    run, visited, _ = turn
    run()
    assert len(visited) == len(set(map(repr, visited)))
    assert len(visited) < 2 * len(DIAL_RANGES)  # calm is where four of the dials start


@pytest.mark.slow
def test_an_interrupted_run_goes_on_where_it_stopped(turn):
    run, visited, _ = turn
    with pytest.raises(KeyboardInterrupt):
        run(limit=3)
    done = len(visited)
    table = run()
    whole = run()
    pd.testing.assert_frame_equal(table, whole)
    fresh = len(set(map(repr, visited)))
    assert len(visited) == done + (fresh - done + 1) + fresh  # only the interrupted setting was visited again
