"""Collectors and robots on a Dask cluster: the same bytes as without, whatever happens to its workers."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from graspbook.core.cluster import LOADED, VARIABLE, cluster_address
from graspbook.core.errors import InputError
from graspbook.core.parallel import arithmetic, in_turn, ordered_map
from graspbook.don.scenes.collect import collect_scenes
from graspbook.mlgsl.robot.planners import edge_pairs
from graspbook.mlgsl.robot.single_objects import grasp_objects
from graspbook.world.assets.catalogue import Catalogue
from graspbook.world.bin.collect import collect
from graspbook.world.bin.collect_picks import collect_picks
from graspbook.world.bin.segmenter import TrueSegmenter
from graspbook.world.table.items import table_shapes
from tests.conftest import standard

distributed = pytest.importorskip("distributed")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DATA = Path(__file__).parents[2] / "data"
BIN = standard("selfsup").world
BIN = replace(BIN, height=32, samples=1, dials=replace(BIN.dials, clutter=4, occlusion=0.0))
TABLE = standard("don").scenes
TABLE = replace(TABLE, n_multi=3, camera=replace(TABLE.camera, height=48, width=64, focal=64.0, turn=60.0, samples=1))


class EdgePlanner:
    """The first pairs of edges, as they come; the middle where there are none."""

    def plan(self, depth, count, rng):
        found = edge_pairs(depth, count, 30.0, rng)[:count]
        return found if len(found) else np.array([[39.5, 39.5, 0.0, 20.0]])


@pytest.fixture(scope="module")
def processes():
    """A cluster of two worker processes."""
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster


@pytest.fixture
def cluster(processes, monkeypatch):
    monkeypatch.setenv(VARIABLE, processes.scheduler_address)
    return processes


@contextmanager
def one_worker_killed(cluster):
    """Kill a worker, with SIGKILL, while it is at a piece of work."""
    killed, over = [], threading.Event()

    def watch():
        while not killed and not over.is_set():
            for state in list(cluster.scheduler.workers.values()):
                if any("_piece" in str(task.key) for task in list(state.processing)):
                    time.sleep(0.05)  # it is in the middle of something
                    nannies = cluster.workers.values()
                    [process] = [nanny.pid for nanny in nannies if nanny.worker_address == state.address]
                    os.kill(process, signal.SIGKILL)
                    killed.append(process)
                    return
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
    assert killed, "no worker was at work"


def collect_grasps(folder):
    collect(folder / "out", "train", 12, 5, BIN, TrueSegmenter(), 1, data_dir=DATA, scratch_dir=folder / "scratch")


def collect_table(folder):
    collect_scenes(folder / "out", "multi", TABLE, 1, DATA, folder / "scratch")


def pick(folder):
    collect_picks(
        folder / "out/picks.parquet", 5, BIN, TrueSegmenter(), episodes=6, attempts=4, share_new=0.5, workers=1,
        data_dir=DATA, scratch_dir=folder / "scratch", grasps_out=folder / "out/grasps",
    )  # fmt: skip


def grasp_on_table(folder):
    settings = standard("mlgsl")
    shapes = table_shapes(Catalogue.load(DATA), "test")[:3]
    robot = replace(settings.robot, grasps_per_object=3)
    attempts = grasp_objects({"edges": EdgePlanner()}, shapes, settings.world, robot)
    (folder / "out").mkdir(parents=True)
    attempts.to_csv(folder / "out/attempts.csv")
    assert len(attempts) > 3


def hashes(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("work", [collect_grasps, collect_table, pick, grasp_on_table])
def test_a_cluster_that_loses_a_worker_gives_the_same_bytes(work, cluster, tmp_path, monkeypatch):
    with one_worker_killed(cluster):
        work(tmp_path / "cluster")
    monkeypatch.delenv(VARIABLE)
    work(tmp_path / "here")
    assert hashes(tmp_path / "cluster/out") == hashes(tmp_path / "here/out") != {}
    assert not any((tmp_path / "cluster").glob("scratch/*"))


def where(job, number):
    return os.getpid(), os.getcwd(), arithmetic(), number * job


def test_pieces_are_done_in_the_workers_as_this_process_would_do_them(cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    torch.set_flush_denormal(True)
    try:
        found = list(in_turn(where, 3, 7))
    finally:
        torch.set_num_threads(threads)
        torch.set_flush_denormal(False)
    processes, places, settings, products = zip(*found, strict=True)
    assert os.getpid() not in processes and set(places) == {str(tmp_path)}
    assert set(settings) == {(3, True)} and list(products) == [0, 3, 6, 9, 12, 15, 18]


def test_a_function_of_a_notebook_travels_with_what_it_refers_to(cluster):
    offset = pd.Series([10, 20, 30])
    assert list(in_turn(lambda _, number: int(offset[number]), None, 3)) == [10, 20, 30]


def touch(job, number, folder):
    (folder / str(number)).touch()
    if number == job:
        raise ValueError(f"piece {number}")
    return number


def test_who_stops_asking_is_not_worked_for_further_and_an_error_comes_through(cluster, tmp_path):
    results = ordered_map(touch, None, tmp_path, 1)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    results.close()
    assert 3 <= len(list(tmp_path.iterdir())) < 20
    with pytest.raises(ValueError, match="piece 2"):
        list(ordered_map(touch, 2, tmp_path, 1, 5))


def test_without_the_variable_nobody_is_asked(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert cluster_address() is None
    assert {process for process, *_ in in_turn(where, 3, 3)} == {os.getpid()}


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("scheduler", "GRASPBOOK_DASK: expected an address as tcp://host:8786, got 'scheduler'"),
        ("tcp://127.0.0.1:9", "GRASPBOOK_DASK: no Dask scheduler at tcp://127.0.0.1:9"),
    ],
)
def test_a_scheduler_that_is_not_there_is_one_error(address, message, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, address)
    monkeypatch.setattr("graspbook.core.cluster.SECONDS", 1)
    with pytest.raises(InputError, match=message):
        collect_grasps(tmp_path)
    assert not list(tmp_path.glob("scratch/*/e0*"))


@contextmanager
def joined_by(source, *options):
    """A scheduler with one worker that finds the package in a folder, started as a person would; its address."""
    with distributed.LocalCluster(n_workers=0, dashboard_address=None) as cluster:
        command = [sys.executable, "-m", "distributed.cli.dask_worker", cluster.scheduler_address, "--no-dashboard"]
        environment = os.environ | {"PYTHONPATH": str(source)}
        worker = subprocess.Popen([*command, *options], env=environment, stderr=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 60
            while not cluster.scheduler.workers and time.monotonic() < until:
                time.sleep(0.05)
            yield cluster.scheduler_address
        finally:
            worker.terminate()
            worker.wait(30)


def test_a_worker_with_another_version_is_refused_by_one_error_that_names_both(tmp_path, monkeypatch):
    shutil.copytree(Path(__file__).parents[2] / "src/graspbook", tmp_path / "src/graspbook")
    changed = tmp_path / "src/graspbook/world/bin/episode.py"
    changed.write_text(changed.read_text() + "\nCHANGED = True\n")
    with joined_by(tmp_path / "src", "--nthreads", "1") as address:
        monkeypatch.setenv(VARIABLE, address)
        with pytest.raises(InputError) as caught:
            collect_grasps(tmp_path)
    version = r"graspbook \S+ with code (\w{12})"
    found = rf"worker tcp://\S+: expected {version}, as it runs here, found {version}"
    match = re.fullmatch(found, str(caught.value))
    assert match and match[1] != match[2] and match[1] in LOADED
    assert not list(tmp_path.glob("scratch/*/e0*"))


def test_a_worker_with_several_threads_is_refused(tmp_path, monkeypatch):
    with joined_by(Path(__file__).parents[2] / "src", "--nthreads", "2") as address:
        monkeypatch.setenv(VARIABLE, address)
        with pytest.raises(InputError, match=r"expected one thread \(dask worker --nthreads 1\), found 2"):
            collect_grasps(tmp_path)
