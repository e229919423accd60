"""Numba kernels that turn ray hits into light: one pass over the samples each, single-threaded.

Per sample of the image plane there is one shadow ray to one of 16 points of the disc-shaped lamp, one ambient
ray towards one of 16 directions of the hemisphere, and on mirroring surfaces one reflected ray with a shadow ray
of its own. Which of the 16 is chosen repeats every 4x4 samples, so that a 4x4 average within one surface sees
all of them and is free of noise.

Parallelism is over processes (one bin each), so nothing here starts threads.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from graspbook.core.compiled import compiled

F = np.float32

_TURN = 2.39996323  # golden angle: neighbours in number are far apart on the disc
_K = np.arange(16)
DISC = (np.sqrt((_K + 0.5) / 16)[:, None] * np.stack([np.cos(_K * _TURN), np.sin(_K * _TURN)], 1)).astype(F)
"""16 points that cover the unit disc evenly, float32 [16, 2]."""
HEMISPHERE = np.concatenate([DISC, np.sqrt(1 - (DISC**2).sum(1, keepdims=True))], axis=1).astype(F)
"""16 cosine-weighted directions around +z, float32 [16, 3]."""
PATTERN = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.uint8)
"""Ordered dithering matrix: which of the 16 each sample of a 4x4 block takes."""

LIFT = F(4e-4)
"""Secondary rays start this far above the surface, metres."""
HIGHLIGHT = F(0.6)
"""Strength of highlights relative to the item's `specular`."""
MIRROR_LEAST = F(0.035)
"""Surfaces that mirror less than this get no reflected ray."""


def _grain() -> np.ndarray:
    """A tile of smooth noise around 1, float32 [128, 128]: fine, and with slow blotches as of dust."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(128), np.fft.fftfreq(128)))
    white = np.fft.fft2(np.random.default_rng(3).normal(size=(128, 128)))
    fine = np.fft.ifft2(white * np.exp(-((frequency / 0.2) ** 2))).real
    slow = np.fft.ifft2(white * np.exp(-((frequency / 0.03) ** 2))).real
    return (1 + 0.02 * fine / fine.std() + 0.025 * slow / slow.std()).astype(F)


GRAIN = _grain()
PLAIN, TILED, FRONT, AROUND = 0, 1, 2, 3
"""How a texture is laid on: none, along the dominant axis, along z, around z."""


class Materials(NamedTuple):
    """Per geometry g of G: where it is and how it looks (float32 unless said otherwise).

    Attributes:
        rotation: The rotation from the geometry's frame to the world, [G, 3, 3].
        translation: The origin of the geometry's frame in the world, [G, 3] metres.
        albedo: The linear RGB albedo, [G, 3]; where there is a texture, that of the cap.
        texture: The index into the texture pool, int32 [G].
        mapping: How the texture is laid on, int32 [G]: `PLAIN`, `TILED`, `FRONT` or `AROUND`.
        scale: The metres that one repeat of the texture covers along x, y and z, [G, 3]; for `AROUND`, x counts the
            repeats around the axis instead.
        offset: The shift of the texture along its two axes in repeats, [G, 2].
        cap_from: The local z above which the cap begins, [G] metres.
        gloss: The Blinn-Phong exponent of the highlight, [G].
        specular: The strength of the highlight, [G] from 0 to 1.
        mirror: The mirror reflectance at normal incidence, [G] from 0 to 1.
        roughness: The standard deviation of the normals that blur the mirror image, [G] radians.
    """

    rotation: np.ndarray  # [G, 3, 3]
    translation: np.ndarray  # [G, 3]
    albedo: np.ndarray  # [G, 3] linear RGB; of the cap where there is a texture
    texture: np.ndarray  # int32 [G]
    mapping: np.ndarray  # int32 [G] PLAIN, TILED, FRONT or AROUND
    scale: np.ndarray  # [G, 3]
    offset: np.ndarray  # [G, 2]
    cap_from: np.ndarray  # [G] local z above which the cap begins
    gloss: np.ndarray  # [G]
    specular: np.ndarray  # [G]
    mirror: np.ndarray  # [G] reflectance at normal incidence
    roughness: np.ndarray  # [G]


class Lamp(NamedTuple):
    """The light as plain numbers.

    Attributes:
        x, y, z: The centre of the lamp in the world, metres.
        radius: The radius of the lamp, metres.
        direct: The linear radiance that the lamp gives a white horizontal surface right below it.
        ambient: The linear radiance that the surroundings give a white surface that nothing shades.
    """

    x: np.float32
    y: np.float32
    z: np.float32
    radius: np.float32
    direct: np.float32
    ambient: np.float32


class Textures(NamedTuple):
    """Mip-mapped texture pool."""

    texels: np.ndarray  # uint8 [N, T, 3] sRGB, all levels of a texture behind each other
    starts: np.ndarray  # int32 [L] first texel of each level; level l is (size >> l) wide
    size: int
    linear: np.ndarray  # float32 [256] sRGB code to linear light


class Surface(NamedTuple):
    """What the first hits look like, and the rays to follow from there; N samples."""

    geom: np.ndarray  # int32 [N], -1 = nothing hit
    start: np.ndarray  # float32 [N, 3] where secondary rays start
    to_lamp: np.ndarray  # float32 [N, 3]
    to_sky: np.ndarray  # float32 [N, 3]
    albedo: np.ndarray  # float32 [N, 3]
    lit: np.ndarray  # float32 [N] irradiance from the lamp if it is not shadowed
    shine: np.ndarray  # float32 [N] highlight if it is not shadowed
    mirrored: np.ndarray  # int32 [M] samples with a reflected ray
    mirror_start: np.ndarray  # float32 [M, 3]
    mirror_way: np.ndarray  # float32 [M, 3]
    mirror_share: np.ndarray  # float32 [M] Fresnel reflectance


@compiled(error_model="numpy", inline="always")
def _texel(textures, k, level, s, t, out):
    """Bilinear lookup of texture k at (s, t) in repeats, into out [3]."""
    size = textures.size >> level
    x, y = s * size - F(0.5), t * size - F(0.5)
    fx, fy = math.floor(x), math.floor(y)
    ax, ay = F(x - fx), F(y - fy)
    # sizes are powers of two, so masking wraps around
    x0, y0 = int(fx) & (size - 1), int(fy) & (size - 1)
    x1, y1 = (x0 + 1) & (size - 1), (y0 + 1) & (size - 1)
    base = textures.starts[level]
    texels, linear = textures.texels, textures.linear
    for j in range(3):
        top = linear[texels[k, base + y0 * size + x0, j]] * (1 - ax) + linear[texels[k, base + y0 * size + x1, j]] * ax
        low = linear[texels[k, base + y1 * size + x0, j]] * (1 - ax) + linear[texels[k, base + y1 * size + x1, j]] * ax
        out[j] = top * (1 - ay) + low * ay


@compiled(error_model="numpy", inline="always")
def _albedo(g, m, textures, x, y, z, nx, ny, nz, wx, wy, spacing, out):
    """Albedo at local point (x, y, z) with local normal n of geometry g, into out [3]; (wx, wy) in the world."""
    mapping = m.mapping[g]
    levels = len(textures.starts)
    if mapping == PLAIN:
        # moulded plastic: a faint grain of 2 mm that stays where it is
        grain = GRAIN[int((wy + F(4)) * F(500)) & 127, int((wx + F(4)) * F(500)) & 127]
        for j in range(3):
            out[j] = m.albedo[g, j] * grain
        return
    if mapping == AROUND:
        if abs(nz) > F(0.75) or z > m.cap_from[g]:
            for j in range(3):
                out[j] = m.albedo[g, j]
            return
        repeats = m.scale[g, 0]
        s = F(math.atan2(y, x)) * F(0.15915494) * repeats
        t = -z / m.scale[g, 2]
        texel = min(F(6.2831853) * math.sqrt(x * x + y * y) / repeats, m.scale[g, 2])
    elif mapping == FRONT or (abs(nz) >= abs(nx) and abs(nz) >= abs(ny)):
        s, t = x / m.scale[g, 0], -y / m.scale[g, 1]
        if nz < 0:
            s = -s
        texel = min(m.scale[g, 0], m.scale[g, 1])
    elif abs(nx) >= abs(ny):
        s, t = y / m.scale[g, 1], -z / m.scale[g, 2]
        if nx < 0:
            s = -s
        texel = min(m.scale[g, 1], m.scale[g, 2])
    else:
        s, t = x / m.scale[g, 0], -z / m.scale[g, 2]
        if ny > 0:
            s = -s
        texel = min(m.scale[g, 0], m.scale[g, 2])
    ratio = spacing * textures.size / texel
    level = 0
    while ratio > F(1.4) and level < levels - 1:
        ratio *= F(0.5)
        level += 1
    _texel(textures, m.texture[g], level, s + m.offset[g, 0], t + m.offset[g, 1], out)


@compiled(error_model="numpy")
def surfaces(face, u, v, t, origins, ways, face_geom, normals, m, textures, lamp, pattern, spread, follow):
    """Evaluates first hits.

    Args:
        face: The triangle that each ray hits, int32 [N], -1 = none (`RayScene.cast_faces`).
        u: The barycentric coordinate of the triangle's second corner, float32 [N].
        v: The barycentric coordinate of the triangle's third corner, float32 [N].
        t: The ray parameter of each hit, float32 [N].
        origins: The start of each ray, float32 [N, 3] metres.
        ways: The direction of each ray, float32 [N, 3], of any length.
        face_geom: The geometry of each triangle, int32 [F].
        normals: The local corner normals of each triangle, float32 [F, 3, 3].
        m: The `Materials` of all geometries.
        textures: The mip-mapped `Textures`.
        lamp: The `Lamp`.
        pattern: The number, 0 to 15, of the direction that each sample takes, uint8 [N].
        spread: The distance between neighbouring samples at unit ray parameter, metres.
        follow: Whether ambient and reflected rays are wanted too.

    Returns:
        What the hits look like, and the rays to follow from there.
    """
    n = len(face)
    more = n if follow else 0
    geom = np.empty(n, np.int32)
    start, to_lamp = np.empty((n, 3), F), np.empty((n, 3), F)
    to_sky = np.empty((more, 3), F)
    albedo = np.empty((n, 3), F)
    lit, shine = np.empty(n, F), np.empty(n, F)
    mirrored = np.empty(more, np.int32)
    mirror_start, mirror_way = np.empty((more, 3), F), np.empty((more, 3), F)
    mirror_share = np.empty(more, F)
    count = 0
    colour = np.empty(3, F)
    for i in range(n):
        f = face[i]
        if f < 0:
            geom[i] = -1
            lit[i] = shine[i] = F(0)
            for j in range(3):
                albedo[i, j] = F(0)
                # a ray that leaves the world at once
                start[i, j] = to_lamp[i, j] = F(j == 2) * F(50)
                if follow:
                    to_sky[i, j] = F(j == 2)
            continue
        g = face_geom[f]
        geom[i] = g
        # shading normal: interpolated in the object's frame, turned into the world
        b, c = u[i], v[i]
        a = F(1) - b - c
        corner = normals[f]
        lx = corner[0, 0] * a + corner[1, 0] * b + corner[2, 0] * c
        ly = corner[0, 1] * a + corner[1, 1] * b + corner[2, 1] * c
        lz = corner[0, 2] * a + corner[1, 2] * b + corner[2, 2] * c
        q = F(1) / (math.sqrt(lx * lx + ly * ly + lz * lz) + F(1e-12))
        lx, ly, lz = lx * q, ly * q, lz * q
        r = m.rotation[g]
        nx = r[0, 0] * lx + r[0, 1] * ly + r[0, 2] * lz
        ny = r[1, 0] * lx + r[1, 1] * ly + r[1, 2] * lz
        nz = r[2, 0] * lx + r[2, 1] * ly + r[2, 2] * lz
        dx, dy, dz = ways[i, 0], ways[i, 1], ways[i, 2]
        px, py, pz = origins[i, 0] + t[i] * dx, origins[i, 1] + t[i] * dy, origins[i, 2] + t[i] * dz
        length = math.sqrt(dx * dx + dy * dy + dz * dz)
        q = F(1) / length
        dx, dy, dz = dx * q, dy * q, dz * q
        facing = nx * dx + ny * dy + nz * dz
        if facing > F(0.05):  # seen from behind: inside of an open or overlapping part
            nx, ny, nz, facing = -nx, -ny, -nz, -facing
        ox, oy, oz = px - m.translation[g, 0], py - m.translation[g, 1], pz - m.translation[g, 2]
        hx = r[0, 0] * ox + r[1, 0] * oy + r[2, 0] * oz
        hy = r[0, 1] * ox + r[1, 1] * oy + r[2, 1] * oz
        hz = r[0, 2] * ox + r[1, 2] * oy + r[2, 2] * oz
        spacing = spread * t[i] / max(-facing, F(0.3))
        _albedo(g, m, textures, hx, hy, hz, lx, ly, lz, px, py, spacing, colour)
        sx, sy, sz = px + nx * LIFT, py + ny * LIFT, pz + nz * LIFT
        start[i, 0], start[i, 1], start[i, 2] = sx, sy, sz
        for j in range(3):
            albedo[i, j] = colour[j]
        # lamp: shade towards its centre, test for shadow towards one of its points
        k = pattern[i]
        cx, cy, cz = lamp.x - px, lamp.y - py, lamp.z - pz
        to_lamp[i, 0] = cx + lamp.radius * DISC[k, 0]
        to_lamp[i, 1] = cy + lamp.radius * DISC[k, 1]
        to_lamp[i, 2] = cz
        away = cx * cx + cy * cy + cz * cz
        q = F(1) / math.sqrt(away)
        cx, cy, cz = cx * q, cy * q, cz * q
        towards = nx * cx + ny * cy + nz * cz
        # normalised to 1 on a horizontal surface right below the lamp
        lit[i] = max(towards, F(0)) * lamp.direct * lamp.z * lamp.z / away
        shine[i] = F(0)
        if towards > 0:
            bx, by, bz = cx - dx, cy - dy, cz - dz
            half = (nx * bx + ny * by + nz * bz) / (math.sqrt(bx * bx + by * by + bz * bz) + F(1e-9))
            gloss = m.gloss[g]
            if (F(1) - half) * gloss < F(8):  # else the highlight is below 1/1000
                shine[i] = HIGHLIGHT * m.specular[g] * lamp.direct * half**gloss * (gloss + F(8)) / F(25)
        if not follow:
            continue
        # ambient: one direction of the hemisphere around the normal
        if abs(nz) < F(0.9):
            tx, ty, tz = ny, -nx, F(0)
        else:
            tx, ty, tz = F(0), nz, -ny
        q = F(1) / math.sqrt(tx * tx + ty * ty + tz * tz)
        tx, ty, tz = tx * q, ty * q, tz * q
        vx, vy, vz = ny * tz - nz * ty, nz * tx - nx * tz, nx * ty - ny * tx
        o = (k * 5 + 3) & 15
        h0, h1, h2 = HEMISPHERE[o, 0], HEMISPHERE[o, 1], HEMISPHERE[o, 2]
        to_sky[i, 0] = tx * h0 + vx * h1 + nx * h2
        to_sky[i, 1] = ty * h0 + vy * h1 + ny * h2
        to_sky[i, 2] = tz * h0 + vz * h1 + nz * h2
        mirror = m.mirror[g]
        if mirror > MIRROR_LEAST and facing < 0:
            s = m.roughness[g]
            h0, h1 = s * DISC[k, 0], s * DISC[k, 1]
            bx, by, bz = nx + tx * h0 + vx * h1, ny + ty * h0 + vy * h1, nz + tz * h0 + vz * h1
            q = F(1) / math.sqrt(bx * bx + by * by + bz * bz)
            bx, by, bz = bx * q, by * q, bz * q
            along = bx * dx + by * dy + bz * dz
            mirrored[count] = i
            mirror_start[count, 0], mirror_start[count, 1], mirror_start[count, 2] = sx, sy, sz
            mirror_way[count, 0] = dx - F(2) * along * bx
            mirror_way[count, 1] = dy - F(2) * along * by
            mirror_way[count, 2] = dz - F(2) * along * bz
            graze = max(F(1) - abs(along), F(0))
            graze2 = graze * graze
            mirror_share[count] = mirror + (F(1) - mirror) * F(0.6) * graze2 * graze2 * graze
            count += 1
    return Surface(
        geom,
        start,
        to_lamp,
        to_sky,
        albedo,
        lit,
        shine,
        mirrored[:count],
        mirror_start[:count],
        mirror_way[:count],
        mirror_share[:count],
    )


@compiled(error_model="numpy")
def reflected_light(n, first, second, shadowed, ambient):
    """Light that mirrors bring to the samples.

    Args:
        n: The number of samples.
        first: The `Surface` of the mirrors (M reflected rays).
        second: The `Surface` of what the M reflected rays hit.
        shadowed: Whether `second` lies in shadow, bool [M].
        ambient: The radiance of the surroundings.

    Returns:
        The ambient RGB and the direct RGB of each sample, linear float32 [n, 6].
    """
    light = np.zeros((n, 6), F)
    for k in range(len(first.mirrored)):
        out = light[first.mirrored[k]]
        share = first.mirror_share[k]
        if second.geom[k] < 0:
            for j in range(3):
                out[j] = share * ambient * F(0.8)
            continue
        sees = F(0) if shadowed[k] else F(1)
        for j in range(3):
            # what a mirror shows is itself ambiently lit; its own occlusion is not traced but taken as typical
            out[j] = share * second.albedo[k, j] * ambient * F(0.5)
            out[3 + j] = share * (second.albedo[k, j] * second.lit[k] + second.shine[k]) * sees
    return light
