import dataclasses

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.latent.dataset import LabelledImages
from graspbook.latent.train import look, train_row
from tests.latent.test_model import CODE, TINY
from tests.latent.worlds import STANDARD

PLAIN, LATENT = (STANDARD.trainings["apparel"][name] for name in ("mask-rcnn", "latent"))
TRAIN = dataclasses.replace(
    STANDARD.train,
    start_steps=2,
    steps=3,
    batch_size=2,
    learning_rate=0.001,
    calibrate=4,
    evaluate_every=2,
    weights="random",
)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    ids = np.zeros((6, 32, 32), np.uint16)
    for k, image in enumerate(ids):
        image[4:14, 4:20] = 1
        if k % 2:
            image[16:28, 8 + k : 20 + k] = 2
    pixels = (rng.integers(0, 40, (6, 32, 32, 3)) + 150 * (ids > 0)[..., None]).astype(np.uint8)
    return LabelledImages(pixels, ids, tuple(np.zeros(3, np.int64) for _ in ids), np.arange(6))


def train(row, images, scratch, seed=1, checkpoint_seconds=60.0, **changes):
    return train_row(
        row,
        seed,
        images,
        images.subset(range(min(3, len(images)))),
        train=dataclasses.replace(TRAIN, **changes),
        mask_rcnn=TINY,
        latent=CODE,
        pretrained=None,
        scratch_dir=scratch,
        checkpoint_seconds=checkpoint_seconds,
    )


@pytest.mark.slow
def test_rows_share_their_start_and_are_not_trained_twice(images, tmp_path):
    latent = train(LATENT, images, tmp_path)
    assert {"used", "kl", "own", "active", "score"} <= set(latent.history.columns)
    assert len(latent.history) == 3 and latent.history["used"].notna().tolist() == [False, True, True]
    train(PLAIN, images, tmp_path)
    assert len(list((tmp_path / "trainings").iterdir())) == 3, "the start, and two rows"
    again = train(dataclasses.replace(LATENT, title="another name"), images, tmp_path)
    assert len(list((tmp_path / "trainings").iterdir())) == 3
    for key, value in again.model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), latent.model.state_dict()[key].numpy())
    train(PLAIN, images, tmp_path, beta=0.5, encoder_rate=0.3)
    assert len(list((tmp_path / "trainings").iterdir())) == 3, "a plain model does not read what is the code's"
    train(PLAIN, images, tmp_path, steps=2)
    assert len(list((tmp_path / "trainings").iterdir())) == 4


@pytest.mark.slow
def test_looking_changes_nothing_and_is_repeatable(images, tmp_path):
    model = train(LATENT, images, tmp_path, start_steps=0, steps=1).model
    one, other = (look(model, images, 2, 1) for _ in range(2))
    assert one == other and not model.training
    assert one["kl"] > 0 and 0 <= one["active"] <= CODE.dimensions


def test_too_few_images_are_refused(images, tmp_path):
    with pytest.raises(InputError, match="1 images"):
        train(PLAIN, images.subset([0]), tmp_path)


@pytest.mark.slow
def test_a_training_that_was_killed_goes_on_to_the_same_weights(images, tmp_path, monkeypatch):
    whole = train(LATENT, images, tmp_path / "whole", steps=4)
    looked = []

    def killed(*given):
        looked.append(given)
        if len(looked) == 2:  # after the first look at the start, in the middle of the row's own steps
            raise KeyboardInterrupt
        return look(*given)

    monkeypatch.setattr("graspbook.latent.train.look", killed)
    with pytest.raises(KeyboardInterrupt):
        train(LATENT, images, tmp_path / "cut", checkpoint_seconds=0, steps=4)
    monkeypatch.undo()
    again = train(LATENT, images, tmp_path / "cut", steps=4)
    assert len(again.history) == 4
    for key, value in again.model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), whole.model.state_dict()[key].numpy(), err_msg=key)
