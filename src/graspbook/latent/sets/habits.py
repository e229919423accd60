"""What samples say of the questions whose answers are known to be open: a class, an extent, one or several.

Each question has two answers, and each answer says which instances its units make up. A sample answers yes if it finds
those of "yes" better than those of "no". With each instance goes the best IoU that a mask of the sample's has with it,
if it is of the same class, and 0 if none is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from graspbook.instances.matching import mask_overlaps
from graspbook.instances.types import Instances, labelled
from graspbook.latent.sets.truth import instances_if
from graspbook.world.labellers.answers import KINDS, Answers, Kind

DECIDED = 0.5
"""A sample says something if the instances of one of the answers are found with a higher mean IoU than this."""

Place = tuple[int, int]
"""Number of an image, and of a question of it."""


@dataclass(frozen=True, eq=False)
class Answerable:
    """The two sets of instances that each question of an image is about.

    Attributes:
        instances: Instances of all questions and answers, one after another.
        question: Index of the question that each instance belongs to, [n].
        yes: Whether each instance belongs to the answer yes, [n].
    """

    instances: Instances
    question: Int[np.ndarray, " n"]
    yes: Bool[np.ndarray, " n"]


def answerable(answers: Answers, least_pixels: int) -> Answerable:
    """The instances of each answer to each question, the other questions answered as in the labels.

    Args:
        answers: Everything that the image could have been labelled as.
        least_pixels: Least area of an instance, pixels.
    """
    masks, classes, question, yes = [np.zeros((0, *answers.units.shape), bool)], [], [], []
    drawn = [one.yes for one in answers.questions]
    for number, one in enumerate(answers.questions):
        region = np.isin(answers.units, one.units)
        for answer in (False, True):
            found = instances_if(answers, least_pixels, [*drawn[:number], answer, *drawn[number + 1 :]])
            own = (found.masks & region).any((1, 2))
            masks.append(found.masks[own])
            classes += found.classes[own].tolist()
            question += [number] * int(own.sum())
            yes += [answer] * int(own.sum())
    instances = labelled(np.concatenate(masks), np.array(classes, np.int64))
    return Answerable(instances, np.array(question, np.int64), np.array(yes, bool))


def predict_label(candidates: Answerable, questions: int, sample: Instances) -> Int[np.ndarray, " q"]:
    """What a sample says to each question: 1 yes, 0 no, -1 neither.

    Args:
        candidates: Instances of each answer to each question.
        questions: Number q of questions.
        sample: One sampled segmentation of the image.
    """
    best = mask_overlaps(sample, candidates.instances).iou.max(0, initial=0.0)
    mean = np.zeros((2, questions))
    for side in (0, 1):
        own = candidates.yes == side
        count = np.bincount(candidates.question[own], minlength=questions)
        mean[side] = np.bincount(candidates.question[own], best[own], questions) / np.maximum(count, 1)
    return np.where((mean.max(0) > DECIDED) & (mean[0] != mean[1]), mean[1] > mean[0], -1).astype(np.int64)


def sample_votes(
    found: Sequence[Sequence[Instances]], answers: Sequence[Answers], least_pixels: int, sure: float
) -> list[Int[np.ndarray, "k q"]]:
    """What the samples of each image say to its questions: 1 yes, 0 no, -1 neither.

    Args:
        found: For each image the answer of the prior's mean, then the k samples.
        answers: Everything that each image could have been labelled as.
        least_pixels: Least area of an instance, pixels.
        sure: Least score of a detection that counts as part of a sample, 0..1.
    """
    tables = []
    for number, own in enumerate(answers):
        asked, count = answerable(own, least_pixels), len(own.questions)
        _, *samples = found[number]
        rows = [predict_label(asked, count, sample.filter_by_score(sure)) for sample in samples]
        tables.append(np.array(rows, np.int64).reshape(len(samples), count))
    return tables


def habit_counts(said_of: Sequence[np.ndarray], answers: Sequence[Answers], kind: Kind) -> dict[str, np.ndarray]:
    """Sums over the questions of a kind in each image, [N] each.

    Args:
        said_of: Votes on each image, [k, q], from `sample_votes`.
        answers: Everything that each image could have been labelled as.
        kind: Kind of question.

    Returns:
        `yes` of `decided`: answers of samples that say yes, of those that say anything; `alike` of `pairs`: pairs of
        samples that answer a question alike, of those that both answer it.
    """
    counts = np.zeros((len(answers), 4))
    for number, (table, own) in enumerate(zip(said_of, answers, strict=True)):
        columns = table[:, [question.kind == kind for question in own.questions]]
        yes, no = (columns == 1).sum(0), (columns == 0).sum(0)
        pairs = (yes + no) * (yes + no - 1) / 2
        counts[number] = yes.sum(), (yes + no).sum(), (yes * (yes - 1) + no * (no - 1)).sum() / 2, pairs.sum()
    return dict(zip(("yes", "decided", "alike", "pairs"), counts.T, strict=True))


def most_disputed(said_of: Sequence[np.ndarray], answers: Sequence[Answers], pixels: int = 1) -> dict[Kind, Place]:
    """For each kind the first question to which as many samples as possible say yes as say no, if there is one.

    Args:
        said_of: Votes on each image, [k, q], from `sample_votes`.
        answers: Everything that each image could have been labelled as.
        pixels: Least area that a question is about, pixels.
    """
    best: dict[Kind, tuple[int, Place]] = {}
    for number, (table, own) in enumerate(zip(said_of, answers, strict=True)):
        for place, question in enumerate(own.questions):
            split = int(min((table[:, place] == 1).sum(), (table[:, place] == 0).sum()))
            better = split > best.get(question.kind, (0, (0, 0)))[0]
            if better and np.isin(own.units, question.units).sum() >= pixels:
                best[question.kind] = split, (number, place)
    return {kind: best[kind][1] for kind in KINDS if kind in best}


def class_at(sample: Instances, region: Bool[np.ndarray, "h w"]) -> int | None:
    """The class of the mask with the highest IoU with a region; None where no mask meets it.

    Args:
        sample: One sampled segmentation of an image.
        region: Region of the image, bool [h, w].
    """
    shared = (sample.masks & region).sum((1, 2))
    if not shared.any():
        return None
    iou = shared / (sample.masks | region).sum((1, 2))
    return int(sample.classes[iou.argmax()])
