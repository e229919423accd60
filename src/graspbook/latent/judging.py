"""One pass over the test images for each training: everything that the tables count, image by image.

Masks of all samples of all images would fill the memory, so an image is unpacked, judged and forgotten.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graspbook.instances.types import Instances
from graspbook.latent.apparel.coins import coin_counts, parts_of, probability_inside
from graspbook.latent.confidence import confidence_masks
from graspbook.latent.config import MetricsConfig, PredictConfig
from graspbook.latent.picking_area import PickCounts, count_picks, shrunk
from graspbook.latent.scores import within
from graspbook.latent.union_nms import union_nms
from graspbook.statistics.bootstrap import Statistic
from graspbook.statistics.ratios import ratios
from graspbook.world.totes.answers import Answers


@dataclass(frozen=True, eq=False)
class EvaluationContext:
    """Truth and settings that models are judged by.

    Attributes:
        truth: Labelled instances of each image.
        answers: Everything that each image could have been labelled as.
        agreement: Probability that an answer follows its tote's coin, 0..1.
        least_pixels: Least area of a labelled instance, pixels.
        predict: How predictions are made from samples.
        metrics: How predictions are judged.
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

    def picks(self, found: Instances, number: int) -> PickCounts:
        """Drops circles on an image, at the same places whatever is found.

        Args:
            found: Predictions of the image.
            number: Index of the image.
        """
        rng = np.random.default_rng([self.metrics.seed, number])
        return count_picks([found], [self.truth[number]], self.radius, self.metrics.circles, rng)


@dataclass(frozen=True, eq=False)
class JudgedPlain:
    """Results of a plain Mask R-CNN.

    Attributes:
        found: Detections in each image.
        picks: Picks from the detections that are believed.
        cuts: Picks from believed detections by mask threshold, 0..1; 0.5 is the usual one.
        erosions: Picks from believed detections by erosion radius, a share of the image's height; 0 changes nothing.
        within: Share of the believed detections that lie within an object, percent.
    """

    found: list[Instances]
    picks: PickCounts
    cuts: dict[float, PickCounts]
    erosions: dict[float, PickCounts]
    within: Statistic


@dataclass(frozen=True, eq=False)
class JudgedLatent:
    """Results of a model with a latent code.

    Attributes:
        mean: Detections with the prior's mean in each image (§IV-D).
        union: Union-NMS of the samples of each image (§IV-C).
        confident: Confidence masks of each image at the p of Table I.
        picks: Picks from confidence masks, by p.
        masks: Number of confidence masks in each image, [N], by p.
        within: Share of the confidence masks that lie within an object, percent, by p.
        inside: The same share over all answers that the coins could have drawn, 0..1, by p.
        coins: Counts from `coin_counts` for each image, [N] each.
    """

    mean: list[Instances]
    union: list[Instances]
    confident: list[Instances]
    picks: dict[float, PickCounts]
    masks: dict[float, np.ndarray]
    within: dict[float, Statistic]
    inside: dict[float, Statistic]
    coins: dict[str, np.ndarray]


def joined(counts: Sequence[PickCounts]) -> PickCounts:
    """The picks of several images, one after another.

    Args:
        counts: Picks of the images.
    """
    fields = (field.name for field in dataclasses.fields(PickCounts))
    return PickCounts(*(np.concatenate([getattr(one, name) for one in counts]) for name in fields))


def judge_plain(found: Sequence[Sequence[Instances]], cuts: Sequence[float], test: EvaluationContext) -> JudgedPlain:
    """Judges a plain Mask R-CNN.

    Args:
        found: Masks of each image at the usual cut, then at each of the others.
        cuts: The other cuts, probabilities in 0..1.
        test: Truth and settings to judge by.
    """
    usual, accepted = [], []
    by_cut: dict[float, list] = {cut: [] for cut in cuts}
    by_radius: dict[float, list] = {radius: [] for radius in test.metrics.erosions}
    for number, (own, *others) in enumerate(found):
        usual.append(own)
        accepted.append(own.filter_by_score(test.metrics.believed))
        for cut, other in zip(cuts, others, strict=True):
            by_cut[cut].append(test.picks(other.filter_by_score(test.metrics.believed), number))
        for radius, rows in by_radius.items():
            rows.append(test.picks(shrunk(accepted[-1], radius * test.truth[number].size[0]), number))
    picks = joined([test.picks(own, number) for number, own in enumerate(accepted)])
    curves = ({key: joined(rows) for key, rows in by.items()} for by in (by_cut, by_radius))
    return JudgedPlain(usual, picks, *curves, within(accepted, test.truth))


def confident_masks(samples: Sequence[Instances], p: float, predict: PredictConfig) -> Instances:
    """Confidence masks with the thresholds of the configuration.

    Args:
        samples: K segmentations of one image.
        p: Share of the samples in which a mask lies within one mask, 0..1.
        predict: Thresholds of the scores.
    """
    return confidence_masks(samples, p, predict.hypothesis, predict.stop)


def coins_of(found: Sequence[Sequence[Instances]], test: EvaluationContext) -> dict[str, np.ndarray]:
    """What a model's samples say of the packs that may be one or two: `coin_counts` of each image, [N] each.

    Args:
        found: For each image the answer of the prior's mean, then the samples.
        test: Truth and settings to judge by.
    """
    counts = []
    for number, (_, *samples) in enumerate(found):
        hypotheses = [sample.filter_by_score(test.predict.hypothesis) for sample in samples]
        counts.append(coin_counts(parts_of(test.answers[number], test.least_pixels), hypotheses))
    return {name: np.array([one[name] for one in counts]) for name in counts[0]}


def judge_latent(found: Sequence[Sequence[Instances]], test: EvaluationContext) -> JudgedLatent:
    """Judges a model with a latent code.

    Args:
        found: For each image the answer of the prior's mean, then the samples.
        test: Truth and settings to judge by.
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
        {p: ratios({"within": (100 * np.array(parts[2]), number_of[p])}) for p, parts in every.items()},
        {p: ratios({"inside": (np.array(parts[3]), number_of[p])}) for p, parts in every.items()},
        coins_of(found, test),
    )


def _within(masks: Instances, truth: Instances) -> float:
    """How many of the masks of an image lie within an object."""
    return float(within([masks], [truth])(np.ones((1, 1)))["within"][0] / 100 * len(masks)) if len(masks) else 0.0
