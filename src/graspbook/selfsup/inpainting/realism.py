"""How real do pasted outlines look? A classifier two-sample test (for `selfsup` paper, §III-B.3).

The paper says that inpainting brings pasted images "closer to the natural image space" and leaves it at that. Here it
is measured: a small network learns to tell small squares around real outlines from squares around pasted ones. On
images it has not seen, it is right half of the time if, to such a network, the two are indistinguishable
(Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", 2017).
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Generator, Tensor, nn

from graspbook.core.errors import InputError
from graspbook.data.coco import LabelledScene
from graspbook.selfsup.inpainting.config import RealismConfig
from graspbook.selfsup.inpainting.inpaint import Inpainter
from graspbook.selfsup.inpainting.outlined import OutlinedImages, around, band, outline
from graspbook.selfsup.pasting.config import PasteConfig
from graspbook.selfsup.pasting.paste import boundary, paste
from graspbook.selfsup.pixels import scaled_length
from graspbook.statistics.bootstrap import bootstrap_weights
from graspbook.statistics.intervals import interval


@dataclass(frozen=True)
class Patches:
    """Squares around outlines: pixels uint8 RGB [n, side, side, 3], and the bin of each, int64 [n]."""

    pixels: np.ndarray
    bins: np.ndarray

    def __len__(self) -> int:
        return len(self.pixels)


@dataclass(frozen=True)
class TestResult:
    """What the classifier achieves on unseen bins, as fractions, each with its 95 % interval (0.5: by chance).

    Attributes:
        accuracy: Share of right answers, both kinds counting as much.
        auc: How often a pasted patch gets a higher score than a real one.
        accuracy_interval: Low and high end.
        auc_interval: Low and high end.
        patches: Of each kind (real, other), in test.
    """

    accuracy: float
    auc: float
    accuracy_interval: tuple[float, float]
    auc_interval: tuple[float, float]
    patches: tuple[int, int]


class OutlineScenes:
    """`OutlinedImages` with a known object as the bank that `paste` takes crops from."""

    def __init__(self, data: OutlinedImages):
        self._data = data
        self._known = np.flatnonzero(data.masks.any((1, 2)))

    def __len__(self) -> int:
        return len(self._known)

    def crop(self, index: int):
        """The object of that index."""
        return self._data.crop(int(self._known[index]))


def draw_patches(
    images: np.ndarray, lines: np.ndarray, bins: np.ndarray, config: RealismConfig, rng: np.random.Generator
) -> tuple[Patches, list[tuple[int, np.ndarray]]]:
    """Patches centred on random pixels of outlines.

    Args:
        images: uint8 RGB [n, h, w, 3].
        lines: Outlines, bool [n, h, w].
        bins: Int64 [n].
        config: Their size and number.
        rng: Which pixels.

    Returns:
        The patches, and of each its image's index and its centre (y, x).
    """
    places = []
    for index, line in enumerate(lines):
        pixels = np.argwhere(line)
        chosen = rng.permutation(len(pixels))[: config.per_image]
        places += [(index, pixels[place]) for place in chosen]
    return cut_patches(images, places, bins, config.side), places


def cut_patches(images: np.ndarray, places: list[tuple[int, np.ndarray]], bins: np.ndarray, side: int) -> Patches:
    """The patches at given places (index of the image, centre)."""
    pixels = [around(images[index], centre, side)[0] for index, centre in places]
    if not pixels:
        return Patches(np.zeros((0, side, side, 3), np.uint8), np.zeros(0, np.int64))
    return Patches(np.stack(pixels), bins[[index for index, _ in places]])


def outline_patches(
    data: OutlinedImages,
    inpainter: Inpainter,
    dilate: float,
    pasting: PasteConfig,
    config: RealismConfig,
    batch_size: int = 8,
) -> dict[str, Patches]:
    """Patches around real outlines and around pasted ones, as they are and inpainted.

    The pasted objects are the same objects that the real outlines belong to, on the same images. A patch
    and its inpainted form show the same place.

    Args:
        data: Images that the inpainter did not learn from.
        inpainter: What to test.
        dilate: Pixels, at the paper's height, to widen outlines by before inpainting.
        pasting: How objects are pasted; always 1 to 5 of them, so that their outlines do not cover each other.
        config: How many patches of what size.
        batch_size: Images inpainted at once.

    Returns:
        "real", "real, inpainted" (real outlines painted anew: what inpainting alone gives away), "pasted" and
        "pasted, inpainted".
    """
    rng = np.random.default_rng((config.seed, 0))
    bank = OutlineScenes(data)
    few, composites = replace(pasting, min_objects=1, max_objects=5), []
    empty = np.zeros(data.masks.shape[1:], np.uint16)
    for image in data.images:
        composites.append(paste(LabelledScene("", image, empty), bank, rng, few))
    pasted = np.stack([composite.image for composite in composites])
    wide = np.stack([boundary(composite, dilate) for composite in composites])
    lines = np.stack([outline(composite.pasted) for composite in composites])
    real_wide = np.stack([band(mask, scaled_length(dilate, data.images.shape[1])) for mask in data.masks])
    real_lines = np.stack([outline(mask) for mask in data.masks])
    generator = Generator().manual_seed(config.seed)

    def inpaint(images: np.ndarray, masks: np.ndarray) -> np.ndarray:
        starts = range(0, len(images), batch_size)
        parts = [slice(start, start + batch_size) for start in starts]
        return np.concatenate([inpainter(images[part], masks[part], generator) for part in parts])

    patches = {}
    for name, images, masks, edges in (("real", data.images, real_wide, real_lines), ("pasted", pasted, wide, lines)):
        patches[name], places = draw_patches(images, edges, data.bins, config, rng)
        patches[f"{name}, inpainted"] = cut_patches(inpaint(images, masks), places, data.bins, config.side)
    return patches


def two_sample_test(real: Patches, other: Patches, config: RealismConfig) -> TestResult:
    """Train a classifier to tell two kinds of patches apart, and test it on bins it has not seen.

    Raises:
        InputError: There are fewer than two bins, or the split leaves one kind without a patch.
    """
    bins = np.unique(np.concatenate([real.bins, other.bins]))
    if len(bins) < 2:
        raise InputError(f"patches: expected patches of at least two bins, got {len(bins)}")
    rng = np.random.default_rng((config.seed, 1))
    n_test = int(np.clip(round(config.test_fraction * len(bins)), 1, len(bins) - 1))
    held = rng.permutation(bins)[:n_test]
    tests = [np.isin(kind.bins, held) for kind in (real, other)]
    if not all(0 < test.sum() < len(test) for test in tests):
        raise InputError("patches: the split leaves one kind without a patch to train on or to test on; too few")
    pixels = [_to_tensor(kind.pixels) for kind in (real, other)]
    parts = [(x[~test], x[test]) for x, test in zip(pixels, map(torch.from_numpy, tests), strict=True)]
    classifier = _fit([train for train, _ in parts], config)
    with torch.inference_mode():
        scores = [classifier(test)[:, 0].numpy() for _, test in parts]
    places = [np.searchsorted(np.sort(held), kind.bins[test]) for kind, test in zip((real, other), tests, strict=True)]
    resampled = bootstrap_weights(np.arange(n_test), config.replicates, rng)
    weights = np.concatenate([np.ones((1, n_test)), resampled])
    accuracy, auc = accuracy_and_auc(scores[0], scores[1], places[0], places[1], weights)
    ends = [tuple(float(end) for end in interval(values[1:])) for values in (accuracy, auc)]
    return TestResult(float(accuracy[0]), float(auc[0]), ends[0], ends[1], (len(scores[0]), len(scores[1])))


def accuracy_and_auc(
    real: Float[np.ndarray, "m"],
    other: Float[np.ndarray, "n"],
    real_groups: Int[np.ndarray, "m"],
    other_groups: Int[np.ndarray, "n"],
    weights: Float[np.ndarray, "r groups"],
) -> tuple[Float[np.ndarray, "r"], Float[np.ndarray, "r"]]:
    """Accuracy (of "above 0 is other", both kinds counting as much) and area under the ROC curve.

    Args:
        real: Scores of one kind.
        other: Scores of the other, to be higher; ties count half.
        real_groups: Group of each, 0 .. groups - 1.
        other_groups: The same.
        weights: How often each group counts, one row per replicate.

    Returns:
        One value each per replicate; NaN where a kind has no weight.
    """
    groups = weights.shape[1]

    def sums(values: np.ndarray, of: np.ndarray) -> np.ndarray:
        return weights @ np.bincount(of, values, groups)

    n_real, n_other = sums(np.ones(len(real)), real_groups), sums(np.ones(len(other)), other_groups)
    higher = (other[None] > real[:, None]) + 0.5 * (other[None] == real[:, None])
    pairs = np.zeros((groups, groups))
    np.add.at(pairs, (real_groups[:, None], other_groups[None]), higher)
    with np.errstate(invalid="ignore"):
        right = sums(real <= 0, real_groups) / n_real + sums(other > 0, other_groups) / n_other
        return right / 2, ((weights @ pairs) * weights).sum(1) / (n_real * n_other)


def _to_tensor(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1


def _network() -> nn.Module:
    layers: list[nn.Module] = []
    for inputs, outputs, stride in ((3, 32, 1), (32, 32, 2), (32, 64, 2)):
        layers += [nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(64, 1))


def _fit(kinds: list[Tensor], config: RealismConfig) -> nn.Module:
    """A classifier whose output is above zero for the second kind, in evaluation mode."""
    with torch.random.fork_rng(devices=[]):  # for the initial weights and drop-out
        torch.manual_seed(config.seed)
        network = _network()
        optimiser = torch.optim.Adam(network.parameters(), config.learning_rate, weight_decay=1e-4)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.learning_rate, config.steps)
        half = config.batch_size // 2
        truth = torch.cat([torch.zeros(half), torch.ones(half)])
        for _ in range(config.steps):
            x = torch.cat([kind[torch.randint(len(kind), (half,))] for kind in kinds])
            flips = [axis for axis in (2, 3) if torch.rand(()) < 0.5]
            x = x.flip(flips) if flips else x
            loss = F.binary_cross_entropy_with_logits(network(x)[:, 0], truth)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
    return network.eval()
