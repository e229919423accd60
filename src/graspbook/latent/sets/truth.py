"""All that the images of `objects` and `aisle` could have been labelled as, in one file."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from graspbook.core.atomic import write_bytes
from graspbook.core.errors import InputError
from graspbook.core.npz_files import read_npz
from graspbook.instances.types import Instances, labelled
from graspbook.world.labellers.answers import KINDS, Answers, Question


def pack_answers(answers: Sequence[Answers]) -> dict[str, np.ndarray]:
    """Answers of n images of one size as arrays.

    Args:
        answers: Answers of n images of one size.

    Returns:
        `units` uint16 [n, h, w]; for each unit of each image after the other `instance` and `classes` [2, u] and
        `asked` [u], `counts` [n] of them; for each question `kind` by the place in `KINDS` and `yes` [q], `questions`
        [n] of them.
    """
    questions = [question for answer in answers for question in answer.questions]
    return {
        "units": np.stack([answer.units for answer in answers]),
        "instance": np.concatenate([answer.instance for answer in answers], 1).astype(np.int32),
        "classes": np.concatenate([answer.classes for answer in answers], 1).astype(np.int32),
        "asked": np.concatenate([answer.asked for answer in answers]).astype(np.int32),
        "counts": np.array([len(answer.asked) for answer in answers], np.int32),
        "kind": np.array([KINDS.index(question.kind) for question in questions], np.int32),
        "yes": np.array([question.yes for question in questions], bool),
        "questions": np.array([len(answer.questions) for answer in answers], np.int32),
    }


def unpack_answers(arrays: Mapping[str, np.ndarray]) -> list[Answers]:
    """The inverse of `pack_answers`.

    Args:
        arrays: Arrays by name, from `pack_answers`.
    """
    ends, last = np.cumsum(arrays["counts"]), np.cumsum(arrays["questions"])
    answers = []
    for number, units in enumerate(arrays["units"]):
        own = slice(ends[number] - arrays["counts"][number], ends[number])
        asked = arrays["asked"][own].astype(np.int64)
        questions = tuple(
            Question(
                KINDS[arrays["kind"][place]],
                tuple(np.flatnonzero(asked == k).tolist()),
                bool(arrays["yes"][place]),
            )
            for k, place in enumerate(range(last[number] - arrays["questions"][number], last[number]))
        )
        columns = (arrays[name][:, own].astype(np.int64) for name in ("instance", "classes"))
        answers.append(Answers(units, *columns, asked, questions))
    return answers


def write_answers(path: Path, answers: Sequence[Answers]) -> None:
    """Write the answers of a data set's images, in their order, whole or not at all.

    Args:
        path: File to write, .npz.
        answers: Answers of each image.
    """
    file = io.BytesIO()
    np.savez_compressed(file, **pack_answers(answers))
    write_bytes(Path(path), file.getvalue())


def read_answers(path: Path) -> list[Answers]:
    """Read what `write_answers` wrote.

    Args:
        path: File that `write_answers` wrote.

    Raises:
        InputError: There is no such file, or it holds something else.
    """
    expected = "the answers of a data set `objects` or `aisle`"
    arrays = read_npz(path, expected)
    try:
        return unpack_answers(arrays)
    except (ValueError, LookupError, TypeError) as error:
        raise InputError(f"{path}: expected {expected} ({error})") from None


def instances_if(answers: Answers, least_pixels: int, yes: Sequence[bool] | None = None) -> Instances:
    """The instances of an image with given answers.

    Args:
        answers: Everything that the image could have been labelled as.
        least_pixels: Least area of an instance, pixels.
        yes: Answer to each question; None: those of the labels.
    """
    ids, classes = answers.labels(least_pixels, yes)
    return labelled(ids == np.arange(1, len(classes), dtype=np.uint16)[:, None, None], classes[1:])
