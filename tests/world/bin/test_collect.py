import dataclasses
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import numpy as np
import psutil
import pytest

from graspbook.core import fingerprint
from graspbook.core.errors import InputError
from graspbook.data.grasps import GraspDataset
from graspbook.world.assets.catalogue import SHAPES_FILE, Catalogue
from graspbook.world.bin import collect as module
from graspbook.world.bin.collect import GraspEpisodes, collect, stored_grasps
from graspbook.world.bin.episode import run_episode
from graspbook.world.bin.segmenter import NoisySegmenter, TrueSegmenter
from tests.conftest import standard

pytestmark = pytest.mark.slow

WORLD = standard("selfsup").world

TINY = replace(WORLD, height=32, samples=1, dials=replace(WORLD.dials, clutter=4, occlusion=0.0))


@pytest.fixture(scope="module")
def reference(data_dir, tmp_path_factory):
    """What one worker collects without interruption."""
    out = tmp_path_factory.mktemp("reference") / "grasps"
    collect(out, "train", 8, 5, TINY, TrueSegmenter(), data_dir=data_dir, scratch_dir=out.parent / "scratch")
    return out


def test_the_data_set_holds_the_successes_asked_for_and_all_failures_between(reference, data_dir):
    dataset = GraspDataset(reference)
    outcomes = list(dataset.table["outcome"])
    assert outcomes.count("success") == 8 and outcomes[-1] == "success"
    catalogue, rows = Catalogue.load(data_dir), []
    for number in range(int(dataset.table["episode"].max()) + 1):
        rows += [
            (g.episode, g.index, g.outcome) for g in run_episode(5, "train", catalogue, TINY, TrueSegmenter(), number)
        ]
    stored = list(zip(dataset.table["episode"], dataset.table["index"], outcomes, strict=True))
    assert stored == rows[: len(stored)]


def test_stored_grasps_are_those_of_the_episode(reference, data_dir):
    grasp = next(iter(run_episode(5, "train", Catalogue.load(data_dir), TINY, TrueSegmenter(), 0)))
    sample = GraspDataset(reference)[0]
    for name in ("before", "after", "suction", "visible", "amodal"):
        np.testing.assert_array_equal(getattr(sample, name), getattr(grasp, name))


def test_scratch_is_empty_afterwards(reference):
    assert not any((reference.parent / "scratch").iterdir())


def test_two_workers_give_the_same_bytes(reference, data_dir, tmp_path, hash_files):
    collect(
        tmp_path / "out", "train", 8, 5, TINY, TrueSegmenter(), 2, data_dir=data_dir, scratch_dir=tmp_path / "scratch"
    )
    assert hash_files(tmp_path / "out") == hash_files(reference)


def test_a_run_killed_in_the_middle_goes_on_to_the_same_bytes(
    reference, data_dir, tmp_path, monkeypatch, hash_files, kill_in_the_middle
):
    """SIGKILL after the first episode has been stored; the rerun keeps it and ends as if nothing had been."""
    script = """
        import sys, time
        from graspbook.world.bin import collect as module
        from graspbook.world.config import Dials, WorldConfig
        from graspbook.world.bin.segmenter import TrueSegmenter

        real = module.run_episode

        def slow(*arguments):
            for grasp in real(*arguments):
                yield grasp
                if grasp.episode > 0:
                    print("in the middle", flush=True)
                    time.sleep(600)

        module.run_episode = slow
        tiny = CONFIG
        module.collect(sys.argv[1], "train", 8, 5, tiny, TrueSegmenter(), data_dir=sys.argv[2], scratch_dir=sys.argv[3])
        """
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    kill_in_the_middle(script.replace("CONFIG", repr(TINY)), out, data_dir, scratch)
    (stored,) = scratch.glob("collect-*/e000000")
    assert not out.exists() and not (stored.parent / "e000001").exists(), "nothing half done has a final name"

    seen = []
    record = GraspEpisodes.record
    monkeypatch.setattr(GraspEpisodes, "record", lambda *arguments: seen.append(arguments[1]) or record(*arguments))
    collect(out, "train", 8, 5, TINY, TrueSegmenter(), 1, data_dir=data_dir, scratch_dir=scratch)
    assert hash_files(out) == hash_files(reference)
    assert seen[0] == 1, "the finished episode was not run again"


SLOW = """
    import sys, time
    from graspbook.world.bin import collect as module
    from graspbook.world.config import Dials, WorldConfig
    from graspbook.world.bin.segmenter import TrueSegmenter

    real = module.run_episode

    def slow(*arguments):
        for grasp in real(*arguments):
            yield grasp
            time.sleep(SECONDS)

    real_store = module.GraspEpisodes.store

    def store(*arguments):
        module.run_episode = slow  # a worker imports the module anew
        return real_store(*arguments)

    module.GraspEpisodes.store = store
    tiny, (out, data, scratch) = CONFIG, sys.argv[1:]
    module.collect(out, "train", 8, 5, tiny, TrueSegmenter(), WORKERS, data_dir=data, scratch_dir=scratch)
"""


def start_slowly(out, data_dir, scratch, seconds, workers):
    """A collect in a process of its own, in which every grasp takes some time."""
    script = (
        textwrap.dedent(SLOW)
        .replace("CONFIG", repr(TINY))
        .replace("SECONDS", str(seconds))
        .replace("WORKERS", str(workers))
    )
    return subprocess.Popen([sys.executable, "-c", script, *map(str, (out, data_dir, scratch))])


def test_workers_end_with_a_parent_that_is_killed_alone_and_the_next_run_goes_on(
    reference, data_dir, tmp_path, hash_files
):
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    process = start_slowly(out, data_dir, scratch, 600, workers=2)
    deadline = time.monotonic() + 120
    while (
        len(list(scratch.glob("collect-*/.e0*/.grasps*/images/*g00_before.png"))) < 2
    ):  # both workers are in an episode
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    # loky's own tracker ends with its last client
    assert psutil.wait_procs(family, timeout=30)[1] == [], "nobody outlives the parent"
    collect(out, "train", 8, 5, TINY, TrueSegmenter(), 1, data_dir=data_dir, scratch_dir=scratch)
    assert hash_files(out) == hash_files(reference)
    assert not any(scratch.iterdir())


def test_two_collects_into_one_folder_at_once_both_end_in_the_whole_data_set(reference, data_dir, tmp_path, hash_files):
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    both = [start_slowly(out, data_dir, scratch, 0.05, workers=1) for _ in range(2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    assert hash_files(out) == hash_files(reference)
    assert not any(scratch.iterdir())


def test_an_episode_without_grasps_is_remembered(data_dir, tmp_path, monkeypatch, scripted):
    blind = scripted(lambda ids: np.zeros((0, *ids.shape), bool), "blind")
    episodes = GraspEpisodes("train", 0, TINY, blind, str(data_dir))
    assert stored_grasps(episodes.store(3, tmp_path)) == []
    monkeypatch.setattr(module, "run_episode", None)  # not called again
    assert stored_grasps(episodes.store(3, tmp_path)) == []


def test_a_segmenter_that_never_succeeds_stops_with_an_error(data_dir, tmp_path, monkeypatch, scripted):
    monkeypatch.setattr(module, "PATIENCE", 3)
    blind = scripted(lambda ids: np.zeros((0, *ids.shape), bool), "blind")
    with pytest.raises(InputError, match="blind: grasps that succeed: none in 3 episodes"):
        collect(tmp_path / "out", "train", 2, 0, TINY, blind, data_dir=data_dir, scratch_dir=tmp_path / "scratch")
    assert not (tmp_path / "out").exists()


def test_the_scratch_key_tells_collections_apart(data_dir, tmp_path):
    episodes = GraspEpisodes("train", 0, TINY, NoisySegmenter(), str(data_dir))
    other_data = tmp_path / "data" / "catalogue"
    other_data.mkdir(parents=True)
    (other_data / SHAPES_FILE).write_bytes(b"other")
    variants = [
        {"split": "test"},
        {"seed": 1},
        {"config": WORLD},
        {"segmenter": TrueSegmenter()},
        {"data_dir": str(other_data.parent)},
    ]
    keys = {episodes.key(), *(dataclasses.replace(episodes, **change).key() for change in variants)}
    assert len(keys) == 6 and episodes.key() == dataclasses.replace(episodes).key()


def test_the_scratch_key_names_the_code_of_episodes_and_of_the_segmenter(data_dir, monkeypatch):
    named = []
    monkeypatch.setattr(
        fingerprint, "code_fingerprint", lambda *makers: named.append({maker.__name__ for maker in makers}) or "code"
    )
    GraspEpisodes("train", 0, TINY, NoisySegmenter(), str(data_dir)).key()
    [makers] = named
    assert makers >= {"GraspEpisodes", "Episodes", "NoisySegmenter"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_grasps": 0}, "n_grasps"),
        ({"workers": 0}, "workers"),
        ({"seed": -1}, "seed: expected a whole number from 0"),
        ({"seed": 2**70}, "seed: expected a whole number from 0"),
        ({"seed": 1.5}, "seed: expected a whole number from 0"),
        ({"data_dir": "nowhere"}, "nowhere"),
        ({"split": "validation"}, "split"),
    ],
)
def test_bad_arguments_are_named_before_any_work(data_dir, tmp_path, arguments, message):
    good = {"split": "train", "n_grasps": 1, "seed": 0, "config": TINY, "data_dir": data_dir}
    with pytest.raises(InputError, match=message):
        collect(tmp_path / "out", **good | arguments, scratch_dir=tmp_path / "scratch")
    assert not (tmp_path / "scratch").exists() or not any((tmp_path / "scratch").rglob("e0*"))
