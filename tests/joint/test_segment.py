import dataclasses

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.instances.types import LabelMap
from graspbook.joint import segment as module
from graspbook.joint.crowds import crowd
from graspbook.joint.network import build_network
from graspbook.joint.segment import find_instances
from tests.joint.conftest import ROW


@pytest.mark.parametrize("method", ["all-to-all", "components"])
def test_without_a_decoder_of_centres_other_methods_score_by_certainty(method, cluster_config):
    grids = dataclasses.replace(crowd(3, 4, 8, 0), confidence=None)
    found, scores = find_instances(grids, dataclasses.replace(cluster_config, score="confidence"), method)
    assert len(found.classes) == len(scores) == 3
    assert (scores == 1).all()


def test_clustering_by_centres_needs_their_decoder(cluster_config):
    grids = dataclasses.replace(crowd(3, 4, 8, 0), confidence=None)
    with pytest.raises(InputError, match="'centres' needs a decoder of centres"):
        find_instances(grids, cluster_config, "centres")


def test_a_network_with_centres_clusters_by_them_unless_told_otherwise(network_config, cluster_config, monkeypatch):
    asked = []
    found = LabelMap(np.zeros((9, 13), np.int32), np.zeros(0, np.int64)), np.zeros(0)
    monkeypatch.setattr(module, "find_instances", lambda grids, config, method: asked.append(method) or found)
    picture = np.zeros((33, 50, 3), np.uint8)
    for centres in (True, False):
        network = build_network(dataclasses.replace(ROW, centres=centres), network_config, 1).eval()
        module.segment(network, picture, cluster_config, 10.0)
        module.segment(network, picture, cluster_config, 10.0, "components")
    assert asked == ["centres", "components", "all-to-all", "components"]


def test_square_cells_make_squares_of_classes_and_superpixels_do_not(
    streets, network_config, cluster_config, monkeypatch
):
    rng, image = np.random.default_rng(0), streets[0].image
    grids = module.Grids(rng.random((9, 8, 16)), rng.random((4, 8, 16)), rng.random((8, 16)))
    monkeypatch.setattr(module, "predict_grids", lambda *_: grids)
    network = build_network(ROW, network_config, 1).eval()
    for square in (True, False):
        made = module.segment(network, image, cluster_config, 10.0, square=square)
        assert np.array_equal(made.classes, np.kron(grids.classes, np.ones((4, 4), int))) is square
