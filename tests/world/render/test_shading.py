import numpy as np
import pytest

from graspbook.world.assets.tote import Tote
from graspbook.world.render import shading, smoothing
from graspbook.world.render.rays import RayScene
from graspbook.world.render.renderer import _lamp, _materials, _mip_map
from graspbook.world.scene import Light

F = np.float32


def naive_smooth(geom, values, wanted, axis):
    out = np.zeros_like(values)
    for y in range(geom.shape[0]):
        for x in range(geom.shape[1]):
            if not wanted[geom[y, x]]:
                continue
            weight, total = 0.0, 0.0
            for step, w in zip(range(-2, 3), (0.5, 1, 1, 1, 0.5), strict=True):
                k, j = (y, x + step) if axis else (y + step, x)
                if 0 <= k < geom.shape[0] and 0 <= j < geom.shape[1] and geom[k, j] == geom[y, x]:
                    if axis and len(set(geom[y, min(j, x) : max(j, x) + 1])) > 1:
                        continue  # rows stop at the first border
                    weight += w
                    total = total + w * values[k, j]
            out[y, x] = total / weight
    return out


@pytest.mark.parametrize("shape", [(9, 14), (1, 1), (3, 2), (5, 40)])
@pytest.mark.parametrize("kinds", [1, 3])
def test_smoothing_equals_a_naive_loop(shape, kinds):
    rng = np.random.default_rng(0)
    geom = rng.integers(0, kinds, shape).astype(np.int32)
    geom = np.repeat(geom, 3, axis=1)[:, : shape[1]] - (kinds == 3)
    wanted = np.array([True, True, True, kinds == 1])
    values = rng.random((*shape, 2), dtype=F)
    rows = smoothing.smooth_rows(geom, values, wanted)
    np.testing.assert_allclose(rows, naive_smooth(geom, values, wanted, axis=1), atol=1e-6)
    columns = smoothing.smooth_columns(geom, values, np.ones(4, bool))
    np.testing.assert_allclose(columns, naive_smooth(geom, values, np.ones(4, bool), axis=0), atol=1e-6)


def test_smoothing_removes_the_whole_pattern_from_one_surface():
    values = np.tile(shading.PATTERN.astype(F), (6, 6))[..., None]
    geom, wanted = np.zeros(values.shape[:2], np.int32), np.ones(2, bool)
    smooth = smoothing.smooth_columns(geom, smoothing.smooth_rows(geom, values, wanted), wanted)
    np.testing.assert_allclose(smooth[2:-2, 2:-2], 7.5, atol=1e-5)


def test_assemble_equals_numpy():
    rng = np.random.default_rng(1)
    geom = rng.integers(-1, 3, (8, 12)).astype(np.int32)
    albedo, lit, shine = rng.random((8, 12, 3), F), rng.random((8, 12), F), rng.random((8, 12), F)
    shade, mirrored = rng.random((8, 12, 2), F), rng.random((8, 12, 6), F)
    ambient, direct = smoothing.assemble(geom, albedo, lit, shine, shade, mirrored, F(0.4), 2)
    floor = smoothing.AMBIENT_FLOOR
    hit = (geom >= 0)[..., None]
    low = hit * (albedo * (0.4 * (floor + (1 - floor) * shade[..., 1]))[..., None] + mirrored[..., :3])
    lamp = shade[..., :1]
    high = hit * (albedo * lit[..., None] * lamp + shine[..., None] * lamp + mirrored[..., 3:])
    for ours, full in ((ambient, low), (direct, high)):
        expected = full.reshape(4, 2, 6, 2, 3).mean(axis=(1, 3))
        np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_the_sixteen_samples_cover_disc_and_hemisphere_evenly():
    assert sorted(shading.PATTERN.ravel()) == list(range(16))
    np.testing.assert_allclose(shading.DISC.mean(0), 0, atol=0.06)
    np.testing.assert_allclose((shading.DISC**2).sum(1).mean(), 0.5, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(shading.HEMISPHERE, axis=1), 1, atol=1e-6)


def floor_surface(small_catalogue, make_scene, mirror):
    """Shades one ray that falls on the floor of an empty tote, 0.1 m beside the middle."""
    tote = Tote(floor=(0.5, 0.5, 0.5), floor_reflectance=mirror, roughness=0.0)
    scene = make_scene(n=0, tote=tote, light=Light(position=(0.1, 0, 1.2), radius=0.0))
    rays = RayScene({}, {})
    origins, ways = np.array([[0, 0, 1]], F), np.array([[0.1, 0, -1]], F)
    hit = rays.cast_faces(origins, ways)
    normals = np.zeros((20, 3, 3), F)
    normals[..., 2] = 1
    return shading.surfaces(
        *hit, origins, ways, rays.face_geom, normals, _materials(scene),
        _mip_map(small_catalogue.texture_pool[:1]), _lamp(scene.light), np.zeros(1, np.uint8), F(1e-3), True,
    )  # fmt: skip


def test_a_floor_right_below_the_lamp_is_lit_with_the_lamps_radiance(small_catalogue, make_scene):
    surface = floor_surface(small_catalogue, make_scene, mirror=0.0)
    assert surface.lit[0] == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(surface.to_lamp[0], [0, 0, 1.2], atol=1e-6)
    np.testing.assert_allclose(surface.albedo[0], 0.5, rtol=0.25)
    assert len(surface.mirrored) == 0


def test_a_mirror_reflects_by_the_law_of_reflection(small_catalogue, make_scene):
    surface = floor_surface(small_catalogue, make_scene, mirror=0.5)
    np.testing.assert_array_equal(surface.mirrored, [0])
    np.testing.assert_allclose(surface.mirror_way[0], np.array([0.1, 0, 1]) / np.sqrt(1.01), atol=1e-6)
    assert 0.5 <= surface.mirror_share[0] < 0.51


def test_mip_levels_halve_and_keep_the_mean_light(small_catalogue):
    textures = _mip_map(small_catalogue.texture_pool)
    light = textures.linear[textures.texels]
    bounds = [*textures.starts, textures.texels.shape[1]]
    for level in range(len(textures.starts)):
        part = light[:, bounds[level] : bounds[level + 1]]
        assert part.shape[1] == (textures.size >> level) ** 2
        np.testing.assert_allclose(part.mean(1), light[:, : bounds[1]].mean(1), atol=0.01)
    np.testing.assert_array_equal(textures.texels[:, : bounds[1]].reshape(small_catalogue.texture_pool.shape),
                                  small_catalogue.texture_pool)  # fmt: skip
