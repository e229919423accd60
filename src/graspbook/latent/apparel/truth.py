"""All that the images of `apparel` could have been labelled as, in one file: what calibration is measured against."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from graspbook.core.atomic import write_bytes
from graspbook.core.errors import InputError
from graspbook.core.npz_files import read_npz
from graspbook.instances.types import Instances, of_one_class
from graspbook.world.totes.answers import Answers, Question
from graspbook.world.totes.packs import KINDS


def pack_answers(answers: Sequence[Answers]) -> dict[str, np.ndarray]:
    """Answers of n images of one size as arrays.

    Args:
        answers: Answers of n images of one size.

    Returns:
        `top` and `below` uint8 [n, h, w] and `coin` bool [n]; and one row for each question: its image `asked_of`, its
        `item`, its `kind` by the place in `KINDS`, all int32 [q], and `two` bool [q].
    """
    rows = [(image, question) for image, answer in enumerate(answers) for question in answer.questions]
    return {
        "top": np.stack([answer.top for answer in answers]),
        "below": np.stack([answer.below for answer in answers]),
        "coin": np.array([answer.coin for answer in answers], bool),
        "asked_of": np.array([image for image, _ in rows], np.int32),
        "item": np.array([question.item for _, question in rows], np.int32),
        "kind": np.array([KINDS.index(question.kind) for _, question in rows], np.int32),
        "two": np.array([question.two for _, question in rows], bool),
    }


def unpack_answers(arrays: Mapping[str, np.ndarray]) -> list[Answers]:
    """The inverse of `pack_answers`.

    Args:
        arrays: Arrays by name, from `pack_answers`.
    """
    questions: list[list[Question]] = [[] for _ in arrays["top"]]
    for image, item, kind, two in zip(*(arrays[name] for name in ("asked_of", "item", "kind", "two")), strict=True):
        questions[image].append(Question(int(item), KINDS[kind], bool(two)))
    parts = zip(arrays["top"], arrays["below"], questions, arrays["coin"], strict=True)
    return [Answers(top, below, tuple(asked), bool(coin)) for top, below, asked, coin in parts]


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
    expected = "the answers of a data set `apparel`"
    arrays = read_npz(path, expected)
    try:
        return unpack_answers(arrays)
    except (ValueError, LookupError, TypeError) as error:
        raise InputError(f"{path}: expected {expected} ({error})") from None


def instances_of(ids: np.ndarray) -> Instances:
    """The instances of an image of one class.

    Args:
        ids: Instance at each pixel, 0 for none, uint16 [h, w].
    """
    numbers = np.unique(ids[ids > 0])
    return of_one_class(ids == numbers[:, None, None])
