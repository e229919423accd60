import numpy as np
import pytest

from graspbook.world.assets.items import Item
from graspbook.world.render.camera import look_down
from graspbook.world.scene import Light
from graspbook.world.table.renderer import TableRenderer, table_item


def see(small_catalogue, items, poses, **light):
    camera = look_down(24, distance=0.6)
    return TableRenderer(small_catalogue).see(items, poses, table_item(0, 0.2), Light(**light), camera)


@pytest.mark.slow
def test_a_bare_table_is_a_plane_everywhere(small_catalogue):
    layers = see(small_catalogue, {}, {})
    assert (layers.ids == 0).all() and np.allclose(layers.depth, 0.6, atol=1e-5)
    assert (layers.ambient > 0).all()


def test_an_object_is_nearer_than_the_table_and_throws_a_shadow(small_catalogue):
    shape = small_catalogue.all_shapes[0]
    lowest = -float(shape.vertices[:, 2].min())
    items, poses = {7: Item(shape, 0, specular=0.8)}, {7: (np.eye(3), np.array([0.0, 0.0, lowest]))}
    layers, bare = see(small_catalogue, items, poses, radius=0.0), see(small_catalogue, {}, {}, radius=0.0)
    seen = layers.ids == 7
    assert seen.any() and not seen.all()
    assert (layers.depth[seen] < 0.6 - 1e-4).all() and np.allclose(layers.depth[~seen], 0.6, atol=1e-5)
    assert (layers.direct[~seen] < bare.direct[~seen] - 1e-3).any()
    assert np.allclose(layers.mirror[seen], 0.2)
