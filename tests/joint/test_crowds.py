import numpy as np
import pytest

from graspbook.joint.clustering import cluster_all_to_all, cluster_by_centres
from graspbook.joint.crowds import crowd, exponent


@pytest.mark.parametrize("count", [1, 5, 12])
def test_every_thing_of_a_crowd_is_found(count, cluster_config):
    grids = crowd(count, 4, 32, 0)
    assert (grids.classes == 3).sum() == 16 * count
    for found in (
        cluster_by_centres(grids.classes, grids.embeddings, grids.confidence, cluster_config),
        cluster_all_to_all(grids.classes, grids.embeddings, cluster_config),
    ):
        assert len(found.classes) == count
        assert (np.bincount(found.ids.ravel())[1:] == 16).all()


def test_a_power_law_gives_its_exponent():
    n = np.array([4, 8, 16])
    assert exponent(n, 3.0 * n**1.7) == pytest.approx(1.7)
