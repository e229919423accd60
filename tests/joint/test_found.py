import numpy as np
import pytest

from graspbook.joint.found import sure_things
from graspbook.joint.network import build_network
from graspbook.joint.segment import Grids, predict_grids
from graspbook.joint.targets import grid_labels
from graspbook.joint.train import grid_scores
from tests.joint.conftest import ROW


def test_the_share_is_that_which_a_training_is_watched_by(streets, network_config):
    network = build_network(ROW, network_config, 1).eval()
    network.centre.last.bias.data.fill_(0.8)  # some elements are above 0.7, some not
    pairs = [sure_things(predict_grids(network, street.image), street, 4, 10.0) for street in streets]
    sure, things = np.sum(pairs, axis=0)
    assert things == 8
    assert 100 * sure / things == pytest.approx(grid_scores(network, streets, 5, 10.0)["found"])


def test_one_sure_element_finds_a_thing_and_no_decoder_none(streets):
    street = streets[0]
    classes, instances = grid_labels(street, 4, 10.0)
    confidence = np.where(instances == 1, 0.6, 0.0)
    confidence[tuple(np.argwhere(instances == 2)[0])] = 0.9
    grids = Grids(np.eye(9)[classes].transpose(2, 0, 1), np.zeros((2, *classes.shape)), confidence)
    assert sure_things(grids, street, 4, 10.0) == (1, 2)
    assert sure_things(Grids(grids.probability, grids.embeddings, None), street, 4, 10.0) == (0, 2)
    assert sure_things(grids, streets[4], 4, 10.0) == (0, 0)
