"""The best match: a point of a reference picture, looked for in another picture (§IV-D, §IV-G)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor
from torch.nn.functional import normalize

from graspbook.core.errors import InputError
from graspbook.don.metrics import nearest_pixels
from graspbook.don.model_file import Trained
from graspbook.don.network import STRIDE, describe
from graspbook.don.scores import measure_of

SMALLEST = 4 * STRIDE
"""Height and width that a picture has at least, pixels."""


@dataclasses.dataclass(frozen=True, eq=False)
class Match:
    """A point and its best match in another picture.

    Attributes:
        point: Pixel coordinates (u, v) in the reference.
        found: Pixel coordinates (u, v) of the best match.
        closeness: Value of `heat` at the best match, its maximum.
        heat: Closeness of each pixel's descriptor to the point's, float32 [H, W]: cosine similarity for a network
            trained with NT-Xent, else the negative Euclidean distance.
    """

    point: tuple[float, float]
    found: tuple[int, int]
    closeness: float
    heat: Float32[np.ndarray, "h w"]


def descriptors_of(
    trained: Trained,
    picture: UInt8[np.ndarray, "h w 3"],
    points: Sequence[tuple[float, float]] | Float[np.ndarray, "n 2"],
) -> Float[Tensor, "n d"]:
    """Descriptors at given pixels of a picture.

    Args:
        trained: The network, with the row it was trained for.
        picture: RGB picture, uint8 [H, W, 3].
        points: Pixel coordinates (u, v), [n, 2]; each is rounded to the nearest pixel.

    Returns:
        One descriptor for each point, [n, d].

    Raises:
        InputError: The picture is not uint8 [H, W, 3] or too small, or a point is outside it.
    """
    _check_picture(picture, "reference")
    height, width = picture.shape[:2]
    wanted = np.asarray(points, float).reshape(-1, 2)
    nearest = np.rint(wanted)
    inside = np.isfinite(nearest).all(1) & ((nearest >= 0) & (nearest < (width, height))).all(1)
    if not inside.all():
        u, v = wanted[~inside][0]
        raise InputError(f"point ({u:g}, {v:g}): outside the reference picture of {width}x{height} pixels")
    column, row = torch.from_numpy(nearest.T).long()
    return _described(trained, picture)[row * width + column]


def find_descriptors(
    trained: Trained, wanted: Float[Tensor, "n d"], picture: UInt8[np.ndarray, "h w 3"]
) -> Float[np.ndarray, "n 2"]:
    """Pixels of a picture whose descriptors are nearest to the wanted ones (§IV-D).

    Args:
        trained: The network, with the row that says how descriptors are compared.
        wanted: Descriptors to look for, [n, d].
        picture: RGB picture, uint8 [H, W, 3].

    Returns:
        Pixel coordinates (u, v) of the best matches, float64 [n, 2].

    Raises:
        InputError: The picture is not uint8 [H, W, 3] or too small.
    """
    _check_picture(picture, "picture")
    places = nearest_pixels(wanted, _described(trained, picture), measure_of(trained.row))
    row, column = np.divmod(places.numpy(), picture.shape[1])
    return np.stack([column, row], 1).astype(float)


def find_point(
    trained: Trained,
    reference: UInt8[np.ndarray, "h w 3"],
    point: tuple[float, float],
    picture: UInt8[np.ndarray, "h w 3"],
) -> Match:
    """Looks for one point of a reference in another picture.

    Args:
        trained: The network, with the row that says how descriptors are compared.
        reference: RGB picture that shows the point, uint8 [H, W, 3].
        point: Pixel coordinates (u, v) in the reference; (0, 0) is the centre of the upper left pixel.
        picture: RGB picture that is searched, uint8 [H, W, 3] of any size from 32 pixels a side.

    Raises:
        InputError: The point lies outside the reference, or one of the pictures is not uint8 [H, W, 3] or too small.
    """
    wanted = descriptors_of(trained, reference, [point])
    _check_picture(picture, "picture")
    described = _described(trained, picture)
    if measure_of(trained.row) == "cosine":
        heat = normalize(described, dim=1) @ normalize(wanted, dim=1)[0]
    else:
        heat = -torch.linalg.vector_norm(described - wanted, dim=1)
    place = int(heat.argmax())
    row, column = divmod(place, picture.shape[1])
    return Match(
        (float(point[0]), float(point[1])), (column, row), float(heat[place]), heat.reshape(picture.shape[:2]).numpy()
    )


def _described(trained: Trained, picture: UInt8[np.ndarray, "h w 3"]) -> Float[Tensor, "p d"]:
    return describe(trained.network, torch.from_numpy(np.ascontiguousarray(picture)))


def _check_picture(picture: object, name: str) -> None:
    right = isinstance(picture, np.ndarray) and picture.dtype == np.uint8
    if not right or picture.ndim != 3 or picture.shape[2] != 3 or min(picture.shape[:2]) < SMALLEST:
        seen = f"{picture.dtype} {list(picture.shape)}" if isinstance(picture, np.ndarray) else type(picture).__name__
        raise InputError(f"{name}: expected uint8 [H, W, 3] of at least {SMALLEST} pixels either way, got {seen}")
