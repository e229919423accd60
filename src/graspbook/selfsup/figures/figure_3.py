"""Counterpart of Figure 3 (`selfsup` paper, §III-B): from a grasp to a training image.

Examples are chosen by rule, not by hand: the grasp whose object is of median size, the scene and the pasting that a
seed gives, and, enlarged, the pasted objects with the longest visible outlines.
"""

from dataclasses import dataclass, replace

import cv2
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Generator

from graspbook.core.errors import InputError
from graspbook.data.coco import LabelledScene
from graspbook.data.grasps import GraspDataset, GraspSample
from graspbook.reporting import plotting
from graspbook.selfsup.figures.colours import method_colour
from graspbook.selfsup.inpainting.inpaint import Inpainter
from graspbook.selfsup.inpainting.outlined import around, outline
from graspbook.selfsup.pasting.bank import ObjectBank
from graspbook.selfsup.pasting.config import PasteConfig
from graspbook.selfsup.pasting.paste import Composite, boundary, paste

ZOOMS = 3
"""Enlarged places."""


@dataclass(frozen=True)
class Example:
    """What Figure 3 shows.

    Attributes:
        grasp: The grasp.
        mask: Of its object, as the grasp segmentation model found it, bool [H, W].
        crops: Objects of the bank on white, uint8 [h, w, 3] each.
        scene: A labelled training image.
        composite: Objects pasted on it.
        band: Their outlines, widened, bool [h, w].
        inpainted: The result, uint8 [h, w, 3].
    """

    grasp: GraspSample
    mask: np.ndarray
    crops: list[np.ndarray]
    scene: LabelledScene
    composite: Composite
    band: np.ndarray
    inpainted: np.ndarray


def make_example(
    grasps: GraspDataset,
    bank: ObjectBank,
    scene: LabelledScene,
    inpainter: Inpainter,
    dilate: float,
    seed: int,
    pasting: PasteConfig,
) -> Example:
    """Choose a grasp and make a composite.

    Args:
        grasps: What the bank was made from.
        bank: At the height of the scene.
        scene: What to paste on.
        inpainter: Makes the last picture.
        dilate: Pixels, at the paper's size, to widen outlines by.
        seed: Of the crops, the pasting and the inpainting.
        pasting: How objects are pasted; always 8 to 12 of them, so that single ones are to be seen.

    Raises:
        InputError: The bank is empty or was not made from these grasps.
    """
    if len(bank) == 0:
        raise InputError(f"{bank.path}: expected at least one object")
    median = int(np.argsort(bank.table["area"].to_numpy(), kind="stable")[len(bank) // 2])
    places = np.flatnonzero(grasps.table["grasp_id"] == bank.table["grasp_id"].iloc[median])
    if len(places) == 0:
        raise InputError(f"{bank.path}: grasp {bank.table['grasp_id'].iloc[median]} is not in {grasps.path}")
    rng = np.random.default_rng(seed)
    crops = [_on_white(bank.crop(int(index))) for index in rng.permutation(len(bank))[:8]]
    composite = paste(scene, bank, rng, replace(pasting, min_objects=8, max_objects=12))
    wide = boundary(composite, dilate)
    inpainted = inpainter(composite.image[None], wide[None], Generator().manual_seed(seed))[0]
    return Example(grasps[int(places[0])], bank.full_mask(median), crops, scene, composite, wide, inpainted)


def zoom_centres(composite: Composite, count: int) -> list[np.ndarray]:
    """For each of the pasted objects with the longest visible outlines, the middle (y, x) of its outline's pixels."""
    lines = [outline(composite.ids == value) for value in np.unique(composite.ids[composite.pasted]) if value > 0]
    longest = sorted(lines, key=lambda line: -int(line.sum()))[:count]
    return [pixels[len(pixels) // 2] for pixels in map(np.argwhere, longest) if len(pixels)]


def draw(example: Example) -> Figure:
    """The figure: grasp, mask, crops; pasting, outline, inpainting; and the outlines enlarged."""
    figure = plt.figure(figsize=(12, 7), dpi=plotting.PICTURE_DPI)
    rows = figure.add_gridspec(3, 4, height_ratios=(1, 1, 0.95), hspace=0.12, wspace=0.05)
    before = plotting.overlay(example.grasp.before, example.grasp.suction, plotting.CUP_COLOUR, 1.0)
    composite, pasted = example.composite, example.composite.pasted
    pictures = (
        (before, "1  grasp: before, with cups"),
        (example.grasp.after, "grasp: after"),
        (plotting.overlay(example.grasp.before, example.mask), "2  predicted mask"),
        (_sheet(example.crops, example.grasp.before.shape[:2]), "3  object bank"),
        (example.scene.image, "4  training image"),
        (plotting.outlined(composite.image, pasted, plotting.VISIBLE_COLOUR), "5  objects pasted"),
        (_marked(composite.image, example.band), "6  outlines, widened"),
        (example.inpainted, "7  inpainted"),
    )
    for place, (picture, title) in enumerate(pictures):
        _show(figure.add_subplot(rows[divmod(place, 4)]), picture, title)
    side = max(8, round(example.scene.image.shape[0] / 4))
    below = rows[2, :].subgridspec(1, 2 * ZOOMS, wspace=0.04)
    for number, centre in enumerate(zoom_centres(composite, ZOOMS)):
        for place, (image, title) in enumerate(((composite.image, "pasted"), (example.inpainted, "inpainted"))):
            _show(figure.add_subplot(below[2 * number + place]), around(image, centre, side)[0], title)
    return figure


def _show(axis: Axes, picture: np.ndarray, title: str) -> None:
    axis.imshow(picture)
    axis.set_title(title, fontsize=11)
    axis.set_axis_off()


def _marked(image: np.ndarray, wide: np.ndarray) -> np.ndarray:
    result = image.copy()
    result[wide] = np.round(255 * np.asarray(method_colour("Paste-Grasp-Inpaint"))).astype(np.uint8)
    return result


def _on_white(crop) -> np.ndarray:
    return np.where(crop.mask[..., None], crop.image, np.uint8(255))


def _sheet(crops: list[np.ndarray], size: tuple[int, int]) -> np.ndarray:
    """Crops in two rows on a white sheet of a given size, each as large as its cell lets it be."""
    sheet = np.full((*size, 3), 255, np.uint8)
    columns = -(-len(crops) // 2)
    height, width = size[0] // 2, size[1] // columns
    for place, crop in enumerate(crops):
        scale = 0.9 * min(height / crop.shape[0], width / crop.shape[1])
        h, w = (max(1, int(scale * side)) for side in crop.shape[:2])
        y = place // columns * height + (height - h) // 2
        x = place % columns * width + (width - w) // 2
        sheet[y : y + h, x : x + w] = cv2.resize(crop, (w, h), interpolation=cv2.INTER_LINEAR)
    return sheet
