"""One pass over the test images for each training: everything that the tables count, image by image.

Masks of all samples of all images would fill the memory, so an image is unpacked, judged and forgotten.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graspbook.latent.apparel.coins import coin_counts, parts_of, probability_inside
from graspbook.latent.confidence import confidence_masks
from graspbook.latent.config import MetricsConfig, PredictConfig
from graspbook.latent.picking_area import PickCounts, count_picks, shrunk
from graspbook.latent.scores import sums, within
from graspbook.latent.segmentation import Instances, Segmentation
from graspbook.latent.union_nms import union_nms
from graspbook.reporting.statistics import Statistic
from graspbook.world.apparel.answers import Answers


@dataclass(frozen=True, eq=False)
class EvaluationContext:
    """What the answers of models are compared with.

    Attributes:
        truth: labelled instances of each image.
        answers: all that each image could have been labelled as.
        agreement, least_pixels: of these labels.
        predict, metrics: how answers are made and judged.
    """

    truth: Sequence[Instances]
    answers: Sequence[Answers]
    agreement: float
    least_pixels: int
    predict: PredictConfig
    metrics: MetricsConfig

    @property
    def radius(self) -> float:
        """Of the disc that stands for the gripper, pixels."""
        return self.metrics.gripper * self.truth[0].size[0]

    def picks(self, found: Segmentation, number: int) -> PickCounts:
        """Circles dropped on an image, at the same places whatever is found."""
        rng = np.random.default_rng([self.metrics.seed, number])
        return count_picks([found], [self.truth[number]], self.radius, self.metrics.circles, rng)


@dataclass(frozen=True, eq=False)
class JudgedPlain:
    """A plain Mask R-CNN.

    Attributes:
        found: what it finds in each image.
        picks: from what it believes.
        cuts, erosions: picks from what it believes, by the threshold of its masks, and by the radius (a share of the
            image's height) that is taken off them; 0.5 and 0 change nothing.
        within: of what it believes, the share within an object.
    """

    found: list[Segmentation]
    picks: PickCounts
    cuts: dict[float, PickCounts]
    erosions: dict[float, PickCounts]
    within: Statistic


@dataclass(frozen=True, eq=False)
class JudgedLatent:
    """A model with a code.

    Attributes:
        mean: what the prior's mean finds in each image (§IV-D).
        union: Union-NMS of the samples (§IV-C).
        confident: confidence masks at the p of Table I.
        picks: from confidence masks, by p.
        masks: confidence masks of each image, by p [N].
        within: share of the confidence masks within an object, by p.
        inside: the same over all answers that the coins could have drawn, by p.
        coins: see `coin_counts`, [N] each.
    """

    mean: list[Segmentation]
    union: list[Segmentation]
    confident: list[Segmentation]
    picks: dict[float, PickCounts]
    masks: dict[float, np.ndarray]
    within: dict[float, Statistic]
    inside: dict[float, Statistic]
    coins: dict[str, np.ndarray]


def joined(counts: Sequence[PickCounts]) -> PickCounts:
    """The picks of several images after each other."""
    fields = (field.name for field in dataclasses.fields(PickCounts))
    return PickCounts(*(np.concatenate([getattr(one, name) for one in counts]) for name in fields))


def judge_plain(found: Sequence[Sequence[Segmentation]], cuts: Sequence[float], test: EvaluationContext) -> JudgedPlain:
    """Judge a plain Mask R-CNN.

    Args:
        found: for each image its masks at the usual cut, then at each of the others.
        cuts: those others.
        test: what with.
    """
    usual, believed = [], []
    by_cut: dict[float, list] = {cut: [] for cut in cuts}
    by_radius: dict[float, list] = {radius: [] for radius in test.metrics.erosions}
    for number, (own, *others) in enumerate(found):
        usual.append(own)
        believed.append(own.filter_by_score(test.metrics.believed))
        for cut, other in zip(cuts, others, strict=True):
            by_cut[cut].append(test.picks(other.filter_by_score(test.metrics.believed), number))
        for radius, rows in by_radius.items():
            rows.append(test.picks(shrunk(believed[-1], radius * test.truth[number].size[0]), number))
    picks = joined([test.picks(own, number) for number, own in enumerate(believed)])
    curves = ({key: joined(rows) for key, rows in by.items()} for by in (by_cut, by_radius))
    return JudgedPlain(usual, picks, *curves, within(believed, test.truth))


def confident_masks(samples: Sequence[Segmentation], p: float, predict: PredictConfig) -> Segmentation:
    """Confidence masks as the configuration says."""
    return confidence_masks(samples, p, predict.hypothesis, predict.stop)


def coins_of(found: Sequence[Sequence[Segmentation]], test: EvaluationContext) -> dict[str, np.ndarray]:
    """What a model's samples say of the packs that may be one or two: see `coin_counts`, [N] each.

    Args:
        found: for each image the answer of the prior's mean, then the samples.
        test: what with.
    """
    counts = []
    for number, (_, *samples) in enumerate(found):
        surer = [sample.filter_by_score(test.predict.hypothesis) for sample in samples]
        counts.append(coin_counts(parts_of(test.answers[number], test.least_pixels), surer))
    return {name: np.array([one[name] for one in counts]) for name in counts[0]}


def judge_latent(found: Sequence[Sequence[Segmentation]], test: EvaluationContext) -> JudgedLatent:
    """Judge a model with a code.

    Args:
        found: for each image the answer of the prior's mean, then the samples.
        test: what with.
    """
    mean, union, confident = [], [], []
    every = {p: ([], [], [], []) for p in {*test.predict.every_p, test.predict.p}}
    for number, (own, *samples) in enumerate(found):
        mean.append(own)
        union.append(union_nms(samples, test.predict.nms))
        for p, (picks, count, good, inside) in every.items():
            masks = confident_masks(samples, p, test.predict)
            if p == test.predict.p:
                confident.append(masks)
            picks.append(test.picks(masks, number))
            count.append(len(masks))
            good.append(_within(masks, test.truth[number]))
            probable = probability_inside(masks, test.answers[number], test.agreement, test.least_pixels, number)
            inside.append(probable.sum())
    number_of = {p: np.array(parts[1], float) for p, parts in every.items()}
    return JudgedLatent(
        mean,
        union,
        confident,
        {p: joined(parts[0]) for p, parts in every.items()},
        number_of,
        {p: sums({"within": (100 * np.array(parts[2]), number_of[p])}) for p, parts in every.items()},
        {p: sums({"inside": (np.array(parts[3]), number_of[p])}) for p, parts in every.items()},
        coins_of(found, test),
    )


def _within(masks: Segmentation, truth: Instances) -> float:
    """How many of the masks of an image lie within an object."""
    return float(within([masks], [truth])(np.ones((1, 1)))["within"][0] / 100 * len(masks)) if len(masks) else 0.0
