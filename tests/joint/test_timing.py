import dataclasses

import numpy as np
import pytest

from graspbook.joint import timing as module
from graspbook.joint.config import TimingConfig
from graspbook.joint.network import build_network
from graspbook.joint.segment import Grids
from graspbook.joint.timing import enlarged, enlarged_grids, shortest, time_parts
from tests.joint.conftest import ROW


@pytest.mark.parametrize("method", ["centres", "all-to-all", "components"])
def test_every_part_takes_some_time(method, streets, network_config, cluster_config):
    timing = TimingConfig(width=96, height=64, pictures=1, repeats=1)
    row = dataclasses.replace(ROW, centres=method == "centres")
    network = build_network(row, network_config, 1).eval()
    spent = time_parts(network, streets[0].image, cluster_config, method, 10.0, timing)
    assert list(spent) == ["superpixels", "network", "clustering"]
    assert min(spent.values()) > 0


def test_the_shortest_run_counts_and_the_first_does_not(monkeypatch):
    clock = iter([0, 1, 10, 15, 20, 23])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    assert shortest(lambda: None, 2) == 3000


def test_a_long_run_is_not_repeated(monkeypatch):
    clock = iter([0, 12])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    assert shortest(lambda: None, 2) == 12000


def test_enlarged_grids_keep_the_share_of_each_class():
    rng = np.random.default_rng(0)
    probability = rng.random((3, 8, 16)).astype(np.float32)
    probability[1, :, :8] += 2
    grids = Grids(probability, rng.random((4, 8, 16)).astype(np.float32), rng.random((8, 16)).astype(np.float32))
    large = enlarged_grids(grids, (32, 64))
    assert large.embeddings.shape == (4, 32, 64)
    assert large.confidence.shape == (32, 64)
    assert (large.classes == 1).mean() == pytest.approx((grids.classes == 1).mean(), abs=0.05)
    assert enlarged_grids(Grids(probability, grids.embeddings, None), (16, 32)).confidence is None
    assert enlarged(np.zeros((4, 8, 3), np.uint8), (8, 16)).shape == (8, 16, 3)


def test_the_clustering_ends_when_every_pixel_has_its_instance(streets, network_config, cluster_config, monkeypatch):
    spread = []
    monkeypatch.setattr(module, "spread", lambda both, labels: spread.append(labels.shape) or both)
    timing = TimingConfig(width=96, height=64, pictures=1, repeats=1)
    network = build_network(ROW, network_config, 1).eval()
    module.time_parts(network, streets[0].image, cluster_config, "components", 10.0, timing)
    assert spread == [(64, 96)] * 2
