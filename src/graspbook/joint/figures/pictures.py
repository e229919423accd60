"""Pictures of classes, of instances, of embeddings and of superpixels."""

import colorsys

import cv2
import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float, Int, UInt8
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from graspbook.joint.figures.colours import BACKGROUND_COLOUR, CLASS_COLOURS, EDGE_COLOUR
from graspbook.reporting.plotting import Colour
from graspbook.world.aisle.classes import THINGS

GOLDEN = 0.61803398875


def class_picture(classes: Int[np.ndarray, "h w"] | UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """Draws each class in its colour.

    Args:
        classes: Class of each pixel, 0 to 8, [h, w].
    """
    colours = np.array([BACKGROUND_COLOUR, *CLASS_COLOURS.values()])
    return np.round(255 * colours[classes]).astype(np.uint8)


def class_key(stands_for: bool = False) -> Figure:
    """Legend of the classes' colours.

    Args:
        stands_for: Whether to add the names of the Cityscapes classes.
    """
    names = [f"{t.name} ({t.stands_for})" if stands_for else t.name for t in THINGS]
    figure = plt.figure(figsize=(9, 0.8 if stands_for else 0.5))
    patches = [Patch(color=colour, label=name) for colour, name in zip(CLASS_COLOURS.values(), names, strict=True)]
    figure.legend(handles=patches, ncol=4 if stands_for else 8, fontsize=9, loc="center", frameon=False)
    return figure


def instance_picture(ids: Int[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w 3"]:
    """Draws each instance in a colour of its own; the colours mean nothing.

    Args:
        ids: Instance of each pixel, 1 to N, 0 for none, [h, w].
    """
    count = int(ids.max()) + 1
    colours = [BACKGROUND_COLOUR] + [
        colorsys.hsv_to_rgb(GOLDEN * k % 1, 0.5 + 0.15 * (k % 4), 0.95 - 0.15 * (k % 3)) for k in range(1, count)
    ]
    return np.round(255 * np.array(colours)[ids]).astype(np.uint8)


def embedding_picture(
    embeddings: Float[np.ndarray, "d h w"], mask: np.ndarray, seed: int = 0
) -> UInt8[np.ndarray, "h w 3"]:
    """Projects embeddings at random to red, green and blue, as in Figure 3.

    Args:
        embeddings: Embedding of each element, [d, h, w].
        mask: Elements to draw, bool [h, w]; the others are dark.
        seed: Seed of the projection.
    """
    projection = np.random.default_rng(seed).normal(size=(3, len(embeddings)))
    values = np.einsum("cd,dhw->hwc", projection, embeddings)
    if mask.any():
        low, high = np.percentile(values[mask], (2, 98), axis=0)
        values = np.clip((values - low) / np.maximum(high - low, 1e-9), 0, 1)
    picture = np.where(mask[..., None], 0.15 + 0.85 * values, BACKGROUND_COLOUR)
    return np.round(255 * picture).astype(np.uint8)


def principal_picture(embeddings: Float[np.ndarray, "d h w"], mask: np.ndarray) -> UInt8[np.ndarray, "h w 3"]:
    """Projects embeddings to red, green and blue along the three principal axes of those in a mask.

    Args:
        embeddings: Embedding of each element, [d, h, w].
        mask: Elements to draw, bool [h, w]; the others are dark.
    """
    flat = embeddings.reshape(len(embeddings), -1).T
    chosen = flat[mask.ravel()]
    if len(chosen) < 2:
        return embedding_picture(embeddings, mask)
    centred = chosen - chosen.mean(0)
    directions = np.linalg.svd(centred, full_matrices=False)[2][:3]
    signs = np.sign(directions[np.arange(len(directions)), np.abs(directions).argmax(1)])
    values = (flat - chosen.mean(0)) @ (signs[:, None] * directions).T
    values = np.pad(values, ((0, 0), (0, 3 - values.shape[1]))).reshape(*mask.shape, 3)
    low, high = np.percentile(values[mask], (2, 98), axis=0)
    values = np.clip((values - low) / np.maximum(high - low, 1e-9), 0, 1)
    picture = np.where(mask[..., None], 0.15 + 0.85 * values, BACKGROUND_COLOUR)
    return np.round(255 * picture).astype(np.uint8)


def result_picture(
    image: UInt8[np.ndarray, "h w 3"],
    classes: Int[np.ndarray, "h w"] | UInt8[np.ndarray, "h w"],
    ids: Int[np.ndarray, "h w"],
    strength: float = 0.5,
) -> UInt8[np.ndarray, "h w 3"]:
    """Tints a picture by class, and draws a white line around each instance.

    Args:
        image: RGB image, uint8 [h, w, 3].
        classes: Class of each pixel, 0 to 8, [h, w].
        ids: Instance of each pixel, 1 to N, 0 for none, [h, w].
        strength: Opacity of the tint, 0..1.
    """
    tinted = np.where((classes > 0)[..., None], (1 - strength) * image + strength * class_picture(classes), image)
    return bordered(np.round(tinted).astype(np.uint8), ids, 1, (1.0, 1.0, 1.0))


def bordered(
    image: UInt8[np.ndarray, "h w 3"], labels: Int[np.ndarray, "h w"], enlarged: int = 1, colour: Colour = EDGE_COLOUR
) -> UInt8[np.ndarray, "H W 3"]:
    """Draws the borders between labels, one pixel wide, into an enlarged picture.

    Args:
        image: RGB image, uint8 [h, w, 3].
        labels: Label of each pixel, such as its superpixel, [h, w].
        enlarged: Factor of enlargement.
        colour: RGB in 0..1.
    """
    picture, wide = enlarge(image, enlarged), enlarge(labels.astype(np.int32), enlarged)
    edge = np.zeros(wide.shape, bool)
    edge[:, 1:] |= wide[:, 1:] != wide[:, :-1]
    edge[1:] |= wide[1:] != wide[:-1]
    picture[edge] = np.round(255 * np.array(colour)).astype(np.uint8)
    return picture


def marked(picture: UInt8[np.ndarray, "h w 3"], places: np.ndarray, radius: int = 3) -> UInt8[np.ndarray, "h w 3"]:
    """Draws a ring around each place.

    Args:
        picture: RGB picture, uint8 [h, w, 3].
        places: Row and column of each place, pixels, [n, 2].
        radius: Radius of the rings, pixels.
    """
    drawn = np.ascontiguousarray(picture).copy()
    for row, column in np.asarray(places).tolist():
        cv2.circle(drawn, (int(column), int(row)), radius, (255, 255, 255), 1, cv2.LINE_AA)
    return drawn


def enlarge(picture: np.ndarray, times: int) -> np.ndarray:
    """Draws each pixel as a square.

    Args:
        picture: Picture or labels, [h, w, ...].
        times: Factor of enlargement.
    """
    return np.ascontiguousarray(picture.repeat(times, 0).repeat(times, 1))
