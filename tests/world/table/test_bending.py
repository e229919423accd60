import numpy as np

from graspbook.world.assets.items import Item
from graspbook.world.table.bending import Bend, draw_bend
from graspbook.world.table.renderer import table_item


def test_bending_is_undone_exactly():
    rng = np.random.default_rng(0)
    points = rng.normal(0, 0.05, (50, 3))
    for _ in range(5):
        bend = draw_bend(rng, 0.3, 3.0)
        assert np.allclose(bend.undo(bend.apply(points)), points, atol=1e-12)
        assert abs(np.prod(bend.squeeze) - 1) < 1e-12


def test_normals_stay_upright_on_what_is_bent():
    """Against a naive cross product of two tangents, moved by small steps."""
    rng, bend = np.random.default_rng(1), Bend((1.2, 0.8, 1.0), 2.5)
    for _ in range(20):
        point, first, second = rng.normal(0, 0.05, (3, 3))
        normal = np.cross(first, second)
        tangents = [(bend.apply(point + 1e-6 * t) - bend.apply(point - 1e-6 * t)) / 2e-6 for t in (first, second)]
        naive = np.cross(*tangents)
        found = bend.normals(point, normal)
        assert np.allclose(found, naive / np.linalg.norm(naive), atol=1e-5)


def test_a_print_goes_along_and_no_bend_changes_nothing():
    item: Item = table_item(3, 0.2)
    same = Bend().bent(item, "same_0001")
    assert np.array_equal(same.shape.vertices, item.shape.vertices) and same.texture_scale == item.texture_scale
    assert np.allclose(same.shape.corner_normals, item.shape.corner_normals)
    wide = Bend((2.0, 0.5, 1.0)).bent(item, "wide_0001")
    assert wide.texture_scale == (0.4, 0.1, 0.2)
    assert np.allclose(wide.shape.extent, item.shape.extent * (2.0, 0.5, 1.0))
