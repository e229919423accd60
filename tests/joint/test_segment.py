import dataclasses

import pytest

from graspbook.core.errors import InputError
from graspbook.joint.crowds import crowd
from graspbook.joint.segment import find_instances


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
