import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.world.assets.catalogue import Catalogue
from graspbook.world.table.config import ObjectConfig
from graspbook.world.table.items import SPLITS, draw_table_item, table_shapes


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load("data")


def test_no_two_splits_share_an_object(catalogue):
    names = [{shape.name for shape in table_shapes(catalogue, split)} for split in SPLITS]
    assert all(names)
    assert sum(map(len, names)) == len(set.union(*names))


def test_validation_and_test_have_random_urdfs_alone(catalogue):
    for split in ("validation", "test"):
        assert {shape.family for shape in table_shapes(catalogue, split)} == {"random"}


def test_an_unknown_split_is_refused(catalogue):
    with pytest.raises(InputError, match="split"):
        table_shapes(catalogue, "tset")


def test_masses_and_friction_stay_in_their_range(catalogue):
    config = ObjectConfig(
        min_mass=0.05, max_mass=0.06, min_density=300.0, max_density=900.0, min_friction=0.4, max_friction=0.5
    )
    rng = np.random.default_rng(0)
    for shape in table_shapes(catalogue, "test")[:20]:
        item = draw_table_item(rng, shape, config)
        assert 0.05 <= item.mass <= 0.06
        assert 0.4 <= item.friction <= 0.5
