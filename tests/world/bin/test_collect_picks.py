import dataclasses
from dataclasses import replace

import numpy as np
import pytest

from graspbook.core import fingerprint
from graspbook.core.errors import InputError
from graspbook.data.grasps import GraspDataset
from graspbook.instances.types import of_one_class
from graspbook.world.assets.catalogue import SHAPES_FILE, Catalogue
from graspbook.world.bin import collect_picks as module
from graspbook.world.bin.collect_picks import PickEpisodes, collect_picks
from graspbook.world.bin.episode import Grasp
from graspbook.world.bin.picking import Pick, run_picking
from graspbook.world.bin.picks import chosen_mask, read_picks, seen_image, true_ids
from graspbook.world.bin.segmenter import OneAtRandom, TrueSegmenter
from graspbook.world.grippers.suction.expected_seals import ExpectedSeals
from graspbook.world.grippers.suction.gripper import SuctionGripper
from tests.conftest import standard

pytestmark = pytest.mark.slow

WORLD = standard("selfsup").world

TINY = replace(WORLD, height=32, samples=1, dials=replace(WORLD.dials, clutter=4, occlusion=0.0))
WORK = {"episodes": 3, "attempts": 3, "share_new": 0.5}


@pytest.fixture(scope="module")
def reference(data_dir, tmp_path_factory):
    """What one worker collects without interruption: a folder with picks and grasps."""
    root = tmp_path_factory.mktemp("reference")
    out, grasps, scratch = root / "out/picks.parquet", root / "out/grasps", root / "scratch"
    collect_picks(out, 5, TINY, TrueSegmenter(), **WORK, data_dir=data_dir, scratch_dir=scratch, grasps_out=grasps)
    assert not any(scratch.iterdir())
    return out.parent


@pytest.fixture
def make_pick(make_grasp):
    def make(episode, attempt, outcome="success"):
        grasp = Grasp(**vars(make_grasp(100 * episode + attempt, episode=episode, index=attempt)))
        masks = np.stack([grasp.visible, grasp.amodal, ~grasp.visible])
        nothing = outcome in ("no_mask", "no_plan")
        return Pick(
            episode=episode,
            attempt=attempt,
            bin=attempt % 2,
            image=grasp.before,
            depth=grasp.depth_before,
            ids=grasp.ids_before,
            detections=of_one_class(masks, np.array([0.9, 0.8, 0.7])),
            chosen=-1 if nothing else 1,
            planned_cups=0 if nothing else 4,
            outcome=outcome,
            n_objects=4,
            held=outcome in ("success", "multiple"),
            cup_sealed=grasp.cup_sealed & ~nothing,
            cup_ids=np.array([3, 3, 0, 0, 3]) * (not nothing),
            cup_uv=np.full((5, 2), np.nan, np.float32) if nothing else grasp.cup_uv,
            grasp=None if nothing else grasp,
        )

    return make


@pytest.fixture
def fake(make_pick, monkeypatch):
    """Has every episode yield picks of given outcomes instead of running the world."""

    def use(*outcomes):
        def episode(seed, catalogue, config, segmenter, number, **_):
            return (make_pick(number, attempt, outcome) for attempt, outcome in enumerate(outcomes))

        monkeypatch.setattr(module, "run_picking", episode)

    return use


def test_every_attempt_is_stored_as_it_was(reference, data_dir):
    picks = read_picks(reference / "picks.parquet")
    catalogue = Catalogue.load(data_dir)
    expected = [
        pick
        for number in range(WORK["episodes"])
        for pick in run_picking(5, catalogue, TINY, TrueSegmenter(), number, attempts=3, share_new=0.5)
    ]
    assert len(picks) == len(expected) > 3
    for (_, row), pick in zip(picks.iterrows(), expected, strict=True):
        for field in ("episode", "attempt", "bin", "outcome", "n_objects", "planned_cups"):
            assert row[field] == getattr(pick, field)
        np.testing.assert_array_equal(true_ids(row), pick.ids)
        np.testing.assert_array_equal(row["cup_sealed"], pick.cup_sealed)


def test_what_is_written_is_read_back(data_dir, tmp_path, fake, make_pick):
    fake("success", "dropped", "no_mask")
    out = collect_picks(
        tmp_path / "new/picks", 0, TINY, TrueSegmenter(), **WORK, data_dir=data_dir, scratch_dir=tmp_path / "scratch"
    )
    picks = read_picks(out)
    assert list(zip(picks["episode"], picks["attempt"], strict=True)) == [(e, a) for e in range(3) for a in range(3)]
    row, pick = picks.iloc[4], make_pick(1, 1, "dropped")
    np.testing.assert_array_equal(chosen_mask(row), pick.detections.masks[1])
    np.testing.assert_array_equal(true_ids(row), pick.ids)
    np.testing.assert_array_equal(seen_image(row), pick.image)
    np.testing.assert_array_equal(np.stack([row["cup_u"], row["cup_v"]], 1), pick.cup_uv)
    np.testing.assert_array_equal(row["cup_ids"], pick.cup_ids)
    assert (row["n_masks"], row["planned_cups"], row["score"]) == (3, 4, np.float32(0.8))
    nothing = picks.iloc[5]
    assert chosen_mask(nothing) is None and np.isnan(nothing["score"]) and np.isnan(nothing["cup_u"]).all()
    np.testing.assert_array_equal(seen_image(nothing), make_pick(1, 2, "no_mask").image)


def test_pictures_of_successes_are_not_kept(data_dir, tmp_path, fake):
    fake("success")
    out = collect_picks(
        tmp_path / "picks", 0, TINY, TrueSegmenter(), **WORK, data_dir=data_dir, scratch_dir=tmp_path / "scratch"
    )
    with pytest.raises(InputError, match="episode 2, attempt 0: image_png"):
        seen_image(read_picks(out).iloc[2])


def test_grasps_that_held_alone_become_a_data_set(data_dir, tmp_path, fake, make_pick):
    fake("no_mask", "success", "fell", "multiple")
    grasps = tmp_path / "grasps"
    collect_picks(
        tmp_path / "picks",
        0,
        TINY,
        TrueSegmenter(),
        **WORK,
        data_dir=data_dir,
        scratch_dir=tmp_path / "scratch",
        grasps_out=grasps,
    )
    dataset = GraspDataset(grasps)
    assert dataset.table["grasp_id"].tolist() == [f"e{e:05d}g{a:02d}" for e in range(3) for a in (1, 3)]
    np.testing.assert_array_equal(dataset[3].before, make_pick(1, 3).image)


def test_where_no_pick_holds_no_data_set_is_made(data_dir, tmp_path, fake):
    fake("dropped", "fell")
    options = {"data_dir": data_dir, "scratch_dir": tmp_path / "scratch", "grasps_out": tmp_path / "grasps"}
    out = collect_picks(tmp_path / "picks", 0, TINY, TrueSegmenter(), **WORK, **options)
    assert set(read_picks(out)["outcome"]) == {"dropped", "fell"}
    assert not (tmp_path / "grasps").exists()


def test_an_episode_without_attempts_has_no_rows(data_dir, tmp_path, fake):
    fake()
    options = {"data_dir": data_dir, "scratch_dir": tmp_path / "scratch"}
    out = collect_picks(tmp_path / "picks", 0, TINY, TrueSegmenter(), **WORK, **options)
    assert len(read_picks(out)) == 0


def test_two_workers_give_the_same_bytes(reference, data_dir, tmp_path, hash_files):
    collect_picks(
        tmp_path / "out/picks.parquet",
        5,
        TINY,
        TrueSegmenter(),
        **WORK,
        workers=2,
        data_dir=data_dir,
        scratch_dir=tmp_path / "scratch",
        grasps_out=tmp_path / "out/grasps",
    )
    assert hash_files(tmp_path / "out") == hash_files(reference)


def test_a_run_killed_in_the_middle_goes_on_to_the_same_bytes(
    reference, data_dir, tmp_path, monkeypatch, hash_files, kill_in_the_middle
):
    """SIGKILL after the first episode has been stored; the rerun keeps it and ends as if nothing had been."""
    script = """
        import sys, time
        from pathlib import Path
        from graspbook.world.bin import collect_picks as module
        from graspbook.world.config import Dials, WorldConfig
        from graspbook.world.bin.segmenter import TrueSegmenter

        real = module.run_picking

        def slow(*arguments, **options):
            for pick in real(*arguments, **options):
                yield pick
                if pick.episode > 0:
                    print("in the middle", flush=True)
                    time.sleep(600)

        module.run_picking = slow
        tiny = CONFIG
        out, data, scratch = map(Path, sys.argv[1:])
        module.collect_picks(
            out / "picks.parquet", 5, tiny, TrueSegmenter(), episodes=3, attempts=3, share_new=0.5,
            data_dir=data, scratch_dir=scratch, grasps_out=out / "grasps",
        )
        """
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    kill_in_the_middle(script.replace("CONFIG", repr(TINY)), out, data_dir, scratch)
    (stored,) = scratch.glob("picks-*/e000000")
    assert not out.exists() and not (stored.parent / "e000001").exists(), "nothing half done has a final name"

    run = []
    monkeypatch.setattr(module, "run_picking", lambda *a, **k: run.append(a[4]) or run_picking(*a, **k))
    options = {"data_dir": data_dir, "scratch_dir": scratch, "grasps_out": out / "grasps"}
    collect_picks(out / "picks.parquet", 5, TINY, TrueSegmenter(), **WORK, **options)
    assert hash_files(out) == hash_files(reference)
    assert run == [1, 2], "the finished episode was not run again"


def test_what_is_stored_is_not_run_again(data_dir, tmp_path, fake, monkeypatch):
    fake("dropped")
    episodes = PickEpisodes(0, TINY, TrueSegmenter(), 1, 0.5, str(data_dir), ExpectedSeals(), 2.0)
    path = episodes.store(3, tmp_path)
    monkeypatch.setattr(module, "run_picking", None)
    assert episodes.store(3, tmp_path) == path


@dataclasses.dataclass(frozen=True)
class Named:
    key: str


def test_the_scratch_key_tells_collections_apart(data_dir, tmp_path):
    episodes = PickEpisodes(0, TINY, TrueSegmenter(), 3, 0.5, str(data_dir), ExpectedSeals(), 2.0)
    other_data = tmp_path / "data" / "catalogue"
    other_data.mkdir(parents=True)
    (other_data / SHAPES_FILE).write_bytes(b"other")
    variants = [
        {"seed": 1},
        {"gripper": SuctionGripper()},
        {"gripper": ExpectedSeals(n_turns=5)},
        {"worthwhile": -np.inf},
        {"config": WORLD},
        {"segmenter": Named("another")},
        {"attempts": 4},
        {"share_new": 0.25},
        {"data_dir": str(other_data.parent)},
    ]
    keys = {episodes.key(), *(dataclasses.replace(episodes, **change).key() for change in variants)}
    assert len(keys) == 1 + len(variants)
    same_settings = dataclasses.replace(episodes, segmenter=Named("true")).key()
    assert (
        same_settings.split("-")[0] == episodes.key().split("-")[0] and same_settings != episodes.key()
    )  # by other code


def test_the_scratch_key_names_the_code_of_a_segmenter_and_of_what_it_holds(data_dir, monkeypatch):
    named = []
    monkeypatch.setattr(
        fingerprint, "code_fingerprint", lambda *makers: named.append({maker.__name__ for maker in makers}) or "code"
    )
    PickEpisodes(0, TINY, OneAtRandom(Named("true")), 3, 0.5, str(data_dir), ExpectedSeals(), 2.0).key()
    [makers] = named
    assert makers >= {"PickEpisodes", "Episodes", "OneAtRandom", "ExpectedSeals"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"episodes": 0}, "episodes"),
        ({"attempts": 0}, "attempts"),
        ({"workers": 0}, "workers"),
        ({"share_new": 1.5}, "share_new"),
        ({"data_dir": "nowhere"}, "nowhere"),
    ],
)
def test_bad_arguments_are_named_before_any_work(data_dir, tmp_path, arguments, message):
    good = WORK | {"data_dir": data_dir, "scratch_dir": tmp_path / "scratch"}
    with pytest.raises(InputError, match=message):
        collect_picks(tmp_path / "out", 0, TINY, TrueSegmenter(), **good | arguments)
    assert not (tmp_path / "scratch").exists()
