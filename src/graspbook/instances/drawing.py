"""What several models find in the same test scenes, as a picture (`selfsup` paper, §V-B and Figure 4).

A detection is drawn if it is surer than 0.5: green if it covers an object with an IoU of at least one half, red if
not. Objects that no detection covers so are outlined in white.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Bool
from matplotlib.figure import Figure
from pycocotools import mask as coco_mask

from graspbook.data.coco import CocoScenes, LabelledScene
from graspbook.instances.average_precision import average_precision
from graspbook.instances.detection_table import DetectionTable
from graspbook.instances.matching import Matches, match_greedily
from graspbook.instances.mistakes import FOUND
from graspbook.instances.types import Instances
from graspbook.reporting import plotting

SURE = 0.5
"""Score from which a detection is drawn."""

_SCALE = 3
_FOUND, _FALSE, _MISSED = plotting.RIGHT_COLOUR, plotting.WRONG_COLOUR, plotting.TRUTH_COLOUR


@dataclass(frozen=True)
class Choice:
    """A test scene to show, and by which rule it was chosen.

    Attributes:
        image: The number of the scene in the test set, from 0.
        reason: The rule by which the scene was chosen, such as "easy".
    """

    image: int
    reason: str


@dataclass(frozen=True)
class Judged:
    """The sure detections of one image, and its objects.

    Attributes:
        masks: The masks of the detections with a score above `SURE`, bool [k, h, w].
        right: Whether each of these covers an object with an IoU of at least one half that none of a higher score
            covers, bool [k].
        missed: Whether each object of the image is covered by no detection with that IoU, bool [n].
    """

    masks: Bool[np.ndarray, "k h w"]
    right: Bool[np.ndarray, "k"]
    missed: Bool[np.ndarray, "n"]


def choose_scenes(matches: Mapping[str, Matches], baseline: str, method: str, reference: str) -> list[Choice]:
    """Four scenes by rule: easy, middling and hard for `baseline`, and the one that is worst for `method`.

    Easy, middling and hard are the scenes at the upper quartile, the median and the lower quartile of `baseline`'s
    AP; the worst is where `method` falls farthest behind `reference`. Each scene's AP is computed on it alone.

    Args:
        matches: The matches of each row of the table, by its name, on the same images; the three rows below are among
            them.
        baseline: The name of the row whose AP makes a scene easy, middling or hard.
        method: The name of the row whose worst scene is shown.
        reference: The name of the row that `method` is compared with.

    Returns:
        The three scenes of `baseline`, then the worst one of `method`.
    """
    ap = {name: _image_ap(matches[name]) for name in (baseline, method, reference)}
    usable = np.flatnonzero(~np.isnan(ap[baseline]))
    ranking = usable[np.argsort(ap[baseline][usable], kind="stable")]
    chosen = [
        Choice(int(ranking[round(part * (len(ranking) - 1))]), reason)
        for part, reason in ((0.75, "easy"), (0.5, "middling"), (0.25, "hard"))
    ]
    behind = np.nan_to_num(ap[method] - ap[reference], nan=np.inf)
    behind[[choice.image for choice in chosen]] = np.inf  # show another scene
    return [*chosen, Choice(int(behind.argmin()), f"worst for {method}")]


def judge_detections(scene: LabelledScene, found: Instances) -> Judged:
    """Judge which of the sure detections of a scene are right, and which of its objects are missed.

    Args:
        scene: The labelled scene.
        found: The detections on it, by falling score.
    """
    sure = found.scores > SURE
    masks = found.masks[sure]
    objects = [scene.ids == value for value in np.unique(scene.ids[scene.ids > 0])]
    if not objects or not len(masks):
        return Judged(masks, np.zeros(len(masks), bool), np.ones(len(objects), bool))
    codes, truth = (coco_mask.encode(np.asfortranarray(np.stack(part, -1).view(np.uint8))) for part in (masks, objects))
    overlap = coco_mask.iou(codes, truth, [0] * len(objects))
    right = match_greedily(overlap, [FOUND])[0, 0] >= 0
    # no pixel belongs to two objects, so a detection can cover but one of them by a half
    return Judged(masks, right, ~(overlap[right] >= FOUND).any(0))


def draw_scene(scene: LabelledScene, judged: Judged | None) -> np.ndarray:
    """A scene, three times enlarged, with its detections; with its true objects where `judged` is None.

    Args:
        scene: The labelled scene, H x W pixels.
        judged: Its detections as `judge_detections` judges them; None draws the true objects instead.

    Returns:
        The picture, uint8 RGB [3H, 3W, 3].
    """
    picture = _enlarge(scene.image)
    values = np.unique(scene.ids[scene.ids > 0])
    if judged is None:
        for value in values:
            picture = plotting.outlined(picture, _enlarge(scene.ids == value), _MISSED)
        return picture
    # the least sure first, so that the surest lie on top
    for mask, right in zip(judged.masks[::-1], judged.right[::-1], strict=True):
        picture = plotting.overlay(picture, _enlarge(mask), _FOUND if right else _FALSE)
    for value, missed in zip(values, judged.missed, strict=True):
        if missed:
            picture = plotting.outlined(picture, _enlarge(scene.ids == value), _MISSED)
    return picture


def draw(scenes: CocoScenes, choices: Sequence[Choice], rows: Mapping[str, DetectionTable]) -> Figure:
    """The chosen scenes, one per line: the true objects, then what each row of Table II found.

    Args:
        scenes: The test scenes.
        choices: The scenes to show, one per line of the figure.
        rows: The detections of each row of the table on all scenes, by the row's name.
    """
    columns = 1 + len(rows)
    ratio = scenes.size[0] / scenes.size[1]
    size = (3.1 * columns, 3.1 * ratio * len(choices) + 0.5)
    figure, axes = plt.subplots(len(choices), columns, figsize=size, dpi=plotting.PICTURE_DPI, squeeze=False)
    for line, choice in zip(axes, choices, strict=True):
        scene = scenes[choice.image]
        line[0].imshow(draw_scene(scene, None))
        line[0].set_ylabel(choice.reason, fontsize=10)
        for axis, table in zip(line[1:], rows.values(), strict=True):
            judged = judge_detections(scene, table.of_image(choice.image))
            axis.imshow(draw_scene(scene, judged))
            axis.set_xlabel(f"{judged.right.sum()} right, {(~judged.right).sum()} wrong, {judged.missed.sum()} missed")
        line[0].set_xlabel(f"{len(np.unique(scene.ids[scene.ids > 0]))} objects")
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.grid(False)
        for spine in axis.spines.values():
            spine.set_visible(False)
        axis.xaxis.label.set_fontsize(9)
    for axis, title in zip(axes[0], ("true objects", *rows), strict=True):
        axis.set_title(title, fontsize=11)
    figure.tight_layout(pad=0.5)
    return figure


def _image_ap(matches: Matches) -> np.ndarray:
    """AP of each image alone, in percent [N]; NaN where it has no object."""
    return average_precision(matches, np.eye(matches.n_objects.shape[1]))["ap"]


def _enlarge(pixels: np.ndarray) -> np.ndarray:
    size = (pixels.shape[1] * _SCALE, pixels.shape[0] * _SCALE)
    if pixels.dtype == np.bool_:
        return cv2.resize(pixels.view(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool)
    return cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC)
