import numpy as np
import pytest

from graspbook.joint.clustering import cluster_by_centres
from graspbook.joint.segment import Grids
from graspbook.joint.targets import grid_labels
from graspbook.joint.truth import all_true, with_truth


@pytest.mark.parametrize("k", [2, 4])
def test_all_true_gives_the_labels_of_the_grid_back(k, streets, cluster_config):
    for street in streets:
        grids = all_true(street, k, 10.0)
        classes, instances = grid_labels(street, k, 10.0)
        np.testing.assert_array_equal(grids.classes, classes)
        found = cluster_by_centres(grids.classes, grids.embeddings, grids.confidence, cluster_config)
        np.testing.assert_array_equal(found.ids, instances)


def test_only_the_parts_named_are_put_right(streets):
    rng = np.random.default_rng(0)
    grids = Grids(rng.random((9, 8, 16)), rng.random((4, 8, 16)), rng.random((8, 16)))
    for part, changed in (("classes", "probability"), ("centres", "confidence"), ("embeddings", "embeddings")):
        better = with_truth(grids, streets[0], 4, 10.0, (part,))
        for name in ("probability", "embeddings", "confidence"):
            same = getattr(better, name) is getattr(grids, name)
            assert same == (name != changed)
    assert with_truth(grids, streets[0], 4, 10.0, ("centres",)).confidence.sum() == 2
