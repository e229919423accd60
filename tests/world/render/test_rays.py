import numpy as np
import pytest

from graspbook.world.assets import tote
from graspbook.world.render.rays import MISS, RayScene


def naive_first_hit(vertices, faces, origin, way):
    """Moeller-Trumbore against every triangle in double precision: (triangle, t), or (-1, inf)."""
    a, b, c = (vertices[faces[:, k]].astype(float) for k in range(3))
    edge1, edge2 = b - a, c - a
    p = np.cross(way, edge2)
    determinant = np.einsum("ij,ij->i", edge1, p)
    with np.errstate(divide="ignore", invalid="ignore"):
        s = origin - a
        u = np.einsum("ij,ij->i", s, p) / determinant
        q = np.cross(s, edge1)
        v = q @ way / determinant
        t = np.einsum("ij,ij->i", edge2, q) / determinant
    hit = (np.abs(determinant) > 1e-14) & (u >= -1e-9) & (v >= -1e-9) & (u + v <= 1 + 1e-9) & (t > 0)
    if not hit.any():
        return -1, np.inf
    t = np.where(hit, t, np.inf)
    return int(np.argmin(t)), float(t.min())


@pytest.fixture
def scene(make_scene):
    return make_scene(seed=4)


def random_rays(n, seed=0):
    rng = np.random.default_rng(seed)
    origins = rng.uniform((-0.2, -0.1, 0.2), (0.2, 0.1, 1.0), (n, 3)).astype(np.float32)
    targets = rng.uniform((-0.4, -0.3, -0.1), (0.4, 0.3, 0.3), (n, 3)).astype(np.float32)
    return origins, targets - origins


def test_first_hits_equal_a_naive_intersection(scene):
    rays = RayScene(scene.items, scene.poses)
    origins, ways = random_rays(300)
    hits = rays.cast(origins, ways)
    found = rays.object_at(hits)
    for k in range(len(origins)):
        triangle, t = naive_first_hit(rays.vertices, rays.faces, origins[k].astype(float), ways[k].astype(float))
        if triangle < 0:
            assert hits.geom[k] == MISS
            assert found[k] == 0
            continue
        assert hits.t[k] == pytest.approx(t, abs=1e-4)
        assert rays.object_ids[rays.face_geom[triangle]] == found[k]


def test_occlusion_equals_a_naive_intersection_within_reach(scene):
    rays = RayScene(scene.items, scene.poses)
    origins, ways = random_rays(300, seed=1)
    for reach in (None, 0.5):
        blocked = rays.occluded(origins, ways, reach)
        for k in range(len(origins)):
            t = naive_first_hit(rays.vertices, rays.faces, origins[k].astype(float), ways[k].astype(float))[1]
            limit = np.inf if reach is None else reach
            if abs(t - limit) > 1e-4 or np.isinf(t):
                assert blocked[k] == (t < limit)
    assert blocked.any()
    assert not blocked.all()


def test_geometries_are_parts_of_the_tote_then_items(scene):
    rays = RayScene(scene.items, scene.poses)
    np.testing.assert_array_equal(rays.object_ids, [0] * tote.N_PARTS + list(scene.items))
    empty = RayScene({}, {})
    down = np.array([[0, 0, 1]], np.float32), np.array([[0, 0, -1]], np.float32)
    hit = empty.cast(*down)
    assert tote.PARTS[hit.geom[0]] == "floor"
    assert hit.t[0] == pytest.approx(1)
    a, b, c = empty.vertices[empty.faces[empty.first_face[hit.geom[0]] + hit.prim[0]]]
    np.testing.assert_allclose(np.cross(b - a, c - a)[:2], 0)
    assert np.cross(b - a, c - a)[2] > 0, "the floor's triangles are seen from above"


def test_barycentric_coordinates_give_the_point_hit(scene):
    rays = RayScene(scene.items, scene.poses, with_tote=False)
    origins, ways = random_rays(1000, seed=2)
    hits = rays.cast(origins, ways)
    on = np.flatnonzero(hits.geom >= 0)
    assert len(on) > 20
    a, b, c = rays.vertices[rays.faces[rays.first_face[hits.geom[on]] + hits.prim[on]]].transpose(1, 0, 2)
    u, v = hits.u[on, None], hits.v[on, None]
    np.testing.assert_allclose(a * (1 - u - v) + b * u + c * v, origins[on] + hits.t[on, None] * ways[on], atol=1e-5)
    prims = [rays.object_ids[g] for g in hits.geom[on]]
    assert all(hits.prim[k] < len(scene.items[key].shape.faces) for k, key in zip(on, prims, strict=True))
