"""The best match: a point of a reference picture, looked for in another picture (§IV-D, §IV-G)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor
from torch.nn.functional import normalize

from graspbook.core.errors import InputError
from graspbook.core.memory import check_memory
from graspbook.data.pictures import check_colour
from graspbook.don.metrics import nearest_pixels
from graspbook.don.model_file import FILES, DescriptorModel
from graspbook.don.network import STRIDE, Network, describe
from graspbook.don.scores import measure_of
from graspbook.nn.model_file import check_model

SMALLEST = 4 * STRIDE
"""Height and width that a picture has at least, pixels."""

BYTES = 150
"""Of memory that a pixel takes at least."""


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
    model: DescriptorModel,
    picture: UInt8[np.ndarray, "h w 3"],
    points: Sequence[tuple[float, float]] | Float[np.ndarray, "n 2"],
) -> Float[Tensor, "n d"]:
    """Descriptors at given pixels of a picture.

    Args:
        model: The network, with the row it was trained for.
        picture: RGB picture, uint8 [H, W, 3].
        points: Pixel coordinates (u, v), [n, 2]; each is rounded to the nearest pixel.

    Returns:
        One descriptor for each point, [n, d].

    Raises:
        InputError: The picture is not uint8 [H, W, 3] or too small, or a point is outside it.
    """
    check_colour(picture, "reference", SMALLEST)
    height, width = picture.shape[:2]
    try:
        wanted = np.asarray(points, float).reshape(len(points), 2)
    except (TypeError, ValueError):
        raise InputError(f"point: expected two numbers (u, v), got {points[0]!r}") from None
    nearest = np.rint(wanted)
    inside = np.isfinite(nearest).all(1) & ((nearest >= 0) & (nearest < (width, height))).all(1)
    if not inside.all():
        u, v = wanted[~inside][0]
        raise InputError(f"point ({u:g}, {v:g}): outside the reference picture of {width}x{height} pixels")
    column, row = torch.from_numpy(nearest.T).long()
    return _described(model, picture)[row * width + column]


def find_descriptors(
    model: DescriptorModel, wanted: Float[Tensor, "n d"], picture: UInt8[np.ndarray, "h w 3"]
) -> Float[np.ndarray, "n 2"]:
    """Pixels of a picture whose descriptors are nearest to the wanted ones (§IV-D).

    Args:
        model: The network, with the row that says how descriptors are compared.
        wanted: Descriptors to look for, [n, d].
        picture: RGB picture, uint8 [H, W, 3].

    Returns:
        Pixel coordinates (u, v) of the best matches, float64 [n, 2].

    Raises:
        InputError: The picture is not uint8 [H, W, 3] or too small.
    """
    check_colour(picture, "picture", SMALLEST)
    places = nearest_pixels(wanted, _described(model, picture), measure_of(model.row))
    row, column = np.divmod(places.numpy(), picture.shape[1])
    return np.stack([column, row], 1).astype(float)


def find_point(
    model: DescriptorModel,
    reference: UInt8[np.ndarray, "h w 3"],
    point: tuple[float, float],
    picture: UInt8[np.ndarray, "h w 3"],
) -> Match:
    """Looks for one point of a reference in another picture (§IV-D, §IV-G).

    Args:
        model: Descriptor network, as `graspbook.load("don")` returns it; its row says how descriptors are compared.
        reference: RGB picture that shows the point, uint8 [H, W, 3].
        point: Pixel coordinates (u, v) in the reference; (0, 0) is the centre of the upper left pixel.
        picture: RGB picture that is searched, uint8 [H, W, 3] of any size from 32 pixels a side.

    Raises:
        InputError: The model is no such network or gives no finite numbers, the point lies outside the reference, or a
            picture is not uint8 [H, W, 3], too small, or too large for the memory.
    """
    check_model(model, Network, FILES.kind)
    for name, given in (("reference", reference), ("picture", picture)):
        check_colour(given, name, SMALLEST)
        height, width = given.shape[:2]
        check_memory(BYTES * height * width, f"{name}: {width}x{height} pixels")
    point = _checked(point)
    wanted = descriptors_of(model, reference, [point])
    described = _described(model, picture)
    if measure_of(model.row) == "cosine":
        heat = normalize(described, dim=1) @ normalize(wanted, dim=1)[0]
    else:
        heat = -torch.linalg.vector_norm(described - wanted, dim=1)
    if not torch.isfinite(heat).all():
        raise InputError("model: its descriptors are not finite; expected a trained network")
    place = int(heat.argmax())
    row, column = divmod(place, picture.shape[1])
    return Match(point, (column, row), float(heat[place]), heat.reshape(picture.shape[:2]).numpy())


def _checked(point: Any) -> tuple[float, float]:
    try:
        u, v = point
    except (TypeError, ValueError):
        u = v = None
    if any(isinstance(one, bool) or not isinstance(one, int | float | np.integer | np.floating) for one in (u, v)):
        raise InputError(f"point: expected two numbers (u, v), got {point!r:.60}")
    return _float(u), _float(v)


def _float(value: Any) -> float:
    """A number; infinite where no float is as large."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _described(model: DescriptorModel, picture: UInt8[np.ndarray, "h w 3"]) -> Float[Tensor, "p d"]:
    return describe(model.network, torch.from_numpy(np.ascontiguousarray(picture)))
