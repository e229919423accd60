import dataclasses
import resource

import numpy as np
import pytest

from graspbook.world.assets.tote import Tote
from graspbook.world.render.rays import RayScene
from graspbook.world.render.renderer import silhouette
from graspbook.world.scene import Light, Scene


def naive_ids(rays, camera, pixels):
    """Object id at pixels [(row, column)] by Moeller-Trumbore on every triangle, and the margin to the next."""
    a, b, c = (rays.vertices[rays.faces[:, k]].astype(float) for k in range(3))
    edge1, edge2 = b - a, c - a
    found = []
    for row, column in pixels:
        plane = ((column - camera.cx) / camera.fx, (row - camera.cy) / camera.fy, 1.0)
        way = camera.world_from_camera[:3, :3] @ plane
        p = np.cross(way, edge2)
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = 1 / np.einsum("ij,ij->i", edge1, p)
            s = camera.centre - a
            u = np.einsum("ij,ij->i", s, p) * inverse
            q = np.cross(s, edge1)
            v = q @ way * inverse
            t = np.einsum("ij,ij->i", edge2, q) * inverse
        t[~((u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0))] = np.inf
        found.append(rays.object_ids[rays.face_geom[np.argmin(t)]] if np.isfinite(t).any() else 0)
    return np.array(found)


@pytest.mark.parametrize("seed", range(3))
def test_ids_equal_a_naive_ray_intersection(renderer, make_scene, seed):
    scene = make_scene(seed=seed)
    layers = renderer.render(scene)
    pixels = np.random.default_rng(seed).integers(0, layers.ids.shape, (150, 2))
    naive = naive_ids(layers.rays, scene.camera, pixels)
    assert len(np.unique(naive)) > 3
    # a ray that grazes an edge may fall to either side in single precision
    assert (layers.ids[tuple(pixels.T)] == naive).mean() >= 0.993


def test_amodal_contains_visible(renderer, make_scene):
    for seed in range(8):
        scene = make_scene(seed=seed, n=9)
        layers = renderer.render(scene, samples=1)
        hidden = 0
        for key, item in scene.items.items():
            amodal = renderer.silhouette(item, scene.poses[key], scene.camera)
            visible = layers.ids == key
            assert not (visible & ~amodal).any()
            hidden += (amodal & ~visible).sum()
        assert hidden > 0


def test_an_object_alone_gives_its_amodal_mask(renderer, make_scene):
    scene = make_scene(seed=2)
    for key, item in scene.items.items():
        alone = dataclasses.replace(scene, items={key: item}, poses={key: scene.poses[key]})
        ids = renderer.render(alone, samples=1).ids
        np.testing.assert_array_equal(ids == key, silhouette(item, scene.poses[key], scene.camera))


def test_an_object_out_of_view_has_an_empty_silhouette(make_scene):
    scene = make_scene(n=1)
    (item,) = scene.items.values()
    assert not silhouette(item, (np.eye(3), np.array([1.5, 0, 0])), scene.camera).any()
    half = silhouette(item, (np.eye(3), np.array([0.33, 0, 0.02])), scene.camera)
    assert half[:, -1].any()


def distance_to_triangles(point, a, b, c):
    """Distance of a point to the nearest of triangles [F, 3]."""
    ab, ac, ap = b - a, c - a, point - a
    n = np.cross(ab, ac)
    n /= np.linalg.norm(n, axis=1, keepdims=True) + 1e-30
    height = np.einsum("ij,ij->i", n, ap)
    foot = point - height[:, None] * n
    inside = np.ones(len(a), bool)
    nearest = np.full(len(a), np.inf)
    for start, stop in ((a, b), (b, c), (c, a)):
        edge = stop - start
        inside &= np.einsum("ij,ij->i", np.cross(edge, foot - start), n) >= 0
        along = np.clip(np.einsum("ij,ij->i", point - start, edge) / ((edge**2).sum(1) + 1e-30), 0, 1)
        nearest = np.minimum(nearest, np.linalg.norm(start + along[:, None] * edge - point, axis=1))
    return np.where(inside, np.abs(height), nearest).min()


def test_depth_reprojects_onto_the_mesh(renderer, make_scene):
    scene = make_scene(seed=1)
    layers = renderer.render(scene, samples=1)
    rows, columns = np.nonzero(layers.ids)
    chosen = np.random.default_rng(0).choice(len(rows), 60, replace=False)
    for row, column in zip(rows[chosen], columns[chosen], strict=True):
        point = scene.camera.backproject((column, row), layers.depth[row, column])
        key = int(layers.ids[row, column])
        rotation, translation = scene.poses[key]
        shape = scene.items[key].shape
        corners = (shape.vertices @ rotation.T + translation)[shape.faces]
        assert distance_to_triangles(point, *corners.transpose(1, 0, 2)) < 1e-4


def test_reflections_never_enter_ids_or_depth(renderer, make_scene):
    matt, mirror = (
        renderer.render(make_scene(seed=3, tote=Tote(wall_reflectance=r, floor_reflectance=r, roughness=0)))
        for r in (0.0, 0.9)
    )
    np.testing.assert_array_equal(matt.ids, mirror.ids)
    np.testing.assert_array_equal(matt.depth, mirror.depth)
    # while the picture itself does change, on the tote
    assert np.abs(matt.direct - mirror.direct)[matt.ids == 0].max() > 0.05
    walls = mirror.mirror > 0.5
    assert walls.any()
    assert (mirror.ids[walls] == 0).all()


def test_a_mirror_shows_the_objects_beside_it(renderer, make_scene):
    tote = Tote(wall=(0.02, 0.02, 0.02), wall_reflectance=0.8, roughness=0.0)
    full = make_scene(seed=5, n=1, tote=tote)
    (key,) = full.items
    full.poses[key] = np.eye(3), np.array([0.22, 0.0, 0.05])
    empty = Scene({}, {}, full.tote, full.light, full.camera)
    layers, bare = renderer.render(full), renderer.render(empty)
    right_wall = (layers.mirror > 0.5) & (np.arange(layers.ids.shape[1]) > 0.8 * layers.ids.shape[1])
    for light, without in ((layers.ambient, bare.ambient), (layers.direct, bare.direct)):
        assert np.abs(light - without)[right_wall].max() > 0.05


def shadow(renderer, make_scene, radius):
    """Light that the floor keeps once objects stand on it: 1 = lit, 0 = in full shadow."""
    tote = Tote(wall_reflectance=0, floor_reflectance=0)
    light = Light(position=(0.4, 0.3, 1.0), radius=radius)
    scene = make_scene(seed=7, height=96, tote=tote, light=light)
    layers = renderer.render(scene, samples=1)
    bare = renderer.render(Scene({}, {}, tote, light, scene.camera), samples=1)
    # where the walls themselves do not shade the floor
    floor = (layers.ids == 0) & (bare.depth > 0.9) & (bare.direct[..., 0] > 0.9 * np.median(bare.direct[..., 0]))
    return (layers.direct[floor] / bare.direct[floor])[:, 0]


def test_a_point_light_casts_hard_binary_shadows(renderer, make_scene):
    kept = shadow(renderer, make_scene, radius=0.0)
    assert ((kept < 1e-5) | (np.abs(kept - 1) < 1e-5)).all()
    assert 0.02 < (kept < 0.5).mean() < 0.7


def test_a_wider_light_casts_softer_shadows(renderer, make_scene):
    def half_lit(radius):
        kept = shadow(renderer, make_scene, radius)
        return ((kept > 0.02) & (kept < 0.98)).mean()

    assert half_lit(0.0) == 0 < half_lit(0.05) < half_lit(0.3)


def test_samples_change_neither_ids_nor_depth(renderer, make_scene):
    one, three = (renderer.render(make_scene(), samples=s) for s in (1, 3))
    np.testing.assert_array_equal(one.ids, three.ids)
    np.testing.assert_array_equal(one.depth, three.depth)
    assert np.abs(one.direct - three.direct).mean() < 0.05


def test_the_same_scene_gives_the_same_bytes(renderer, make_scene):
    one, two = (renderer.render(make_scene(seed=9)) for _ in range(2))
    for name in ("ambient", "direct", "ids", "depth", "mirror"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()


def test_an_empty_tote_renders(renderer, make_scene):
    layers = renderer.render(make_scene(n=0))
    assert (layers.ids == 0).all()
    assert np.isfinite(layers.direct).all()
    assert layers.ambient.min() > 0


@pytest.mark.slow
def test_ray_scenes_are_released(renderer, make_scene):
    scene = make_scene(n=9, height=16)
    for _ in range(20):
        renderer.render(scene, samples=1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(150):
        renderer.render(scene, samples=1)
        RayScene(scene.items, scene.poses).cast(*scene.camera.rays())
    # one scene holds about a megabyte; kilobytes on Linux
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000
