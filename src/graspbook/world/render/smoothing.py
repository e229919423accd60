"""Numba kernels that average the sampling pattern away within each geometry, and assemble the picture.

A window of 4x4 samples holds the whole pattern of `shading`. The weights 1/2, 1, 1, 1, 1/2 span exactly one
period and are centred, so a surface that is lit evenly comes out free of pattern. Nothing is averaged across the
border between two geometries.
"""

from __future__ import annotations

import numpy as np

from graspbook.core.compiled import compiled

F = np.float32
# kept beside its kernel: numba's cache looks for changes in the kernel's own file only
AMBIENT_FLOOR = F(0.15)
"""Share of the ambient light that reaches even the deepest corner, by bounces that are not traced."""


@compiled(error_model="numpy")
def smooth_rows(geom, values, wanted):
    """Averages each sample with those to its left and right on the same geometry.

    Args:
        geom: The geometry that each sample hits, int32 [H, W]; -1 is nothing.
        values: The values to average, float32 [H, W, C].
        wanted: Whether each geometry is to be smoothed, bool [G + 1]; the last entry is for samples that hit nothing
            (-1).

    Returns:
        The averaged values, float32 [H, W, C]; zero where not wanted.
    """
    height, width, channels = values.shape
    out = np.zeros((height, width, channels), F)
    for y in range(height):
        row, flat, result = geom[y], values[y].reshape(-1), out[y].reshape(-1)
        start = 0
        while start < width:
            g = row[start]
            stop = start + 1
            while stop < width and row[stop] == g:
                stop += 1
            if wanted[g]:
                # inside a run the window never leaves the geometry: a plain, vectorised sum
                c = channels
                for k in range((start + 2) * c, (stop - 2) * c):
                    ends = F(0.5) * (flat[k - 2 * c] + flat[k + 2 * c])
                    result[k] = F(0.25) * (flat[k - c] + flat[k] + flat[k + c] + ends)
                for x in range(start, stop):
                    if start + 2 <= x < stop - 2:
                        continue
                    weight = F(0)
                    for other in range(max(x - 2, start), min(x + 3, stop)):
                        w = F(0.5) if abs(other - x) == 2 else F(1)
                        weight += w
                        for j in range(c):
                            result[x * c + j] += w * flat[other * c + j]
                    for j in range(c):
                        result[x * c + j] /= weight
            start = stop
    return out


@compiled(error_model="numpy")
def smooth_columns(geom, values, wanted):
    """Averages each sample with those above and below on the same geometry; as `smooth_rows`.

    Args:
        geom: The geometry that each sample hits, int32 [H, W]; -1 is nothing.
        values: The values to average, float32 [H, W, C].
        wanted: Whether each geometry is to be smoothed, bool [G + 1]; the last entry is for samples that hit nothing
            (-1).

    Returns:
        The averaged values, float32 [H, W, C]; zero or averaged where not wanted.
    """
    height, width, c = values.shape
    out = np.zeros((height, width, c), F)
    for y in range(height):
        result = out[y].reshape(-1)
        row = geom[y]
        inside = 2 <= y < height - 2
        x = 0
        while x < width:
            # the longest run from here whose whole windows lie on their own geometry: a vectorised sum
            stop = x
            while inside and stop < width and _upright(geom, y, stop, row[stop]):
                stop += 1
            if stop > x:
                two_up, up, here = values[y - 2].reshape(-1), values[y - 1].reshape(-1), values[y].reshape(-1)
                down, two_down = values[y + 1].reshape(-1), values[y + 2].reshape(-1)
                for k in range(x * c, stop * c):
                    ends = F(0.5) * (two_up[k] + two_down[k])
                    result[k] = F(0.25) * (up[k] + here[k] + down[k] + ends)
                x = stop
                continue
            g = row[x]
            if wanted[g]:
                weight = F(0)
                for other in range(max(y - 2, 0), min(y + 3, height)):
                    if geom[other, x] == g:
                        w = F(0.5) if abs(other - y) == 2 else F(1)
                        weight += w
                        for j in range(c):
                            result[x * c + j] += w * values[other, x, j]
                for j in range(c):
                    result[x * c + j] /= weight
            x += 1
    return out


@compiled(error_model="numpy", inline="always")
def _upright(geom, y, x, g):
    """Whether the two samples above and the two below (y, x) lie on geometry g."""
    return geom[y - 1, x] == g and geom[y + 1, x] == g and geom[y - 2, x] == g and geom[y + 2, x] == g


@compiled(error_model="numpy")
def assemble(geom, albedo, lit, shine, shade, mirrored, sky, samples):
    """Multiplies everything out and averages the samples of each pixel.

    Args:
        geom: The geometry that each sample hits, int32 [H * S, W * S] with S = `samples`; -1 is nothing.
        albedo: The linear RGB albedo of each sample, float32 [H * S, W * S, 3].
        lit: The irradiance from the lamp where it is not shadowed, float32 [H * S, W * S].
        shine: The highlight where the lamp is not shadowed, float32 [H * S, W * S].
        shade: The shares of the lamp and of the sky that are seen, smoothed, float32 [H * S, W * S, 2], from 0 to 1.
        mirrored: The reflected ambient and direct linear RGB, smoothed, float32 [H * S, W * S, 6].
        sky: The radiance of the surroundings.
        samples: The number of samples per pixel along each axis.

    Returns:
        The ambient and the direct light, float32 [H, W, 3] each, linear RGB.
    """
    height, width = geom.shape[0] // samples, geom.shape[1] // samples
    ambient, direct = np.zeros((height, width, 3), F), np.zeros((height, width, 3), F)
    part = F(1) / F(samples * samples)
    for y in range(geom.shape[0]):
        for x in range(geom.shape[1]):
            if geom[y, x] < 0:
                continue
            lamp = shade[y, x, 0] * part
            diffuse, highlight = lit[y, x] * lamp, shine[y, x] * lamp
            around = sky * (AMBIENT_FLOOR + (F(1) - AMBIENT_FLOOR) * shade[y, x, 1]) * part
            low, high = ambient[y // samples, x // samples], direct[y // samples, x // samples]
            for j in range(3):
                low[j] += albedo[y, x, j] * around + mirrored[y, x, j] * part
                high[j] += albedo[y, x, j] * diffuse + highlight + mirrored[y, x, 3 + j] * part
    return ambient, direct
