import dataclasses

import numpy as np
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.mlgsl.config import Row
from graspbook.mlgsl.train import augmented, rows_of, train_row


def run(data, tmp_path, train, network, metrics, seed=1, **changes):
    row = Row(title="MLGSL", loss="mlgsl", labels=2, seeds=1)
    row = dataclasses.replace(row, **changes)
    return train_row(row, seed, data, data, train=train, network=network, metrics=metrics, scratch_dir=tmp_path)


@pytest.mark.parametrize(
    "loss", ["mlgsl", "mlgsl-log", "pixmse", "imgmse", "imgmse-zero", "imgmse-narrow", "imgmse-masked", "imgbce"]
)
def test_every_loss_trains(loss, images, tmp_path, train_config, network_config, metrics):
    trained = run(images, tmp_path, train_config, network_config, metrics, loss=loss)
    assert len(trained.history) == 4
    assert trained.history["top_1"].notna().sum() == 2
    assert np.isfinite(trained.history["loss"]).all()


def test_mlgsl_learns_to_overfit(images, tmp_path, train_config, network_config, metrics):
    longer = dataclasses.replace(train_config, steps=60, learning_rate=0.01, evaluate_every=60, rotate=0.0, zoom=0.0)
    history = run(images, tmp_path, longer, network_config, metrics).history
    assert history["loss"].iloc[-5:].mean() < history["loss"].iloc[:5].mean() - 1


def test_the_same_seed_ends_in_the_same_weights_and_is_not_trained_twice(
    images, tmp_path, train_config, network_config, metrics
):
    first = run(images, tmp_path / "a", train_config, network_config, metrics)
    again = run(images, tmp_path / "b", train_config, network_config, metrics)
    for one, other in zip(first.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(one, other)
    other = run(images, tmp_path / "a", train_config, network_config, metrics, seed=2)
    assert other.folder != first.folder
    renamed = run(images, tmp_path / "a", train_config, network_config, metrics, title="Another title")
    assert renamed.folder == first.folder


def test_fewer_labels_are_a_part_of_more_and_stay_the_same(images):
    few, many = (images.with_labels(count, 3) for count in (2, 3))
    for small, large in zip(few.labels, many.labels, strict=True):
        np.testing.assert_array_equal(small, large[:2])
    np.testing.assert_array_equal(few.labels[0], images.with_labels(2, 3).labels[0])


def test_labels_that_leave_the_image_are_dropped(images, train_config):
    rows = rows_of(images.labels)
    rows[:, 0, 0] = 23.0  # in a corner: a turn takes it out
    rows[:, 0, 1] = 0.0
    strong = dataclasses.replace(train_config, zoom=1.0)
    seen = [augmented(images.depth, rows, strong, np.random.default_rng(k))[1] for k in range(20)]
    centres = np.stack(seen)[..., :2]
    assert np.isnan(centres).any()
    known = centres[~np.isnan(centres)]
    assert 0 <= known.min() <= known.max() <= 23


def test_more_images_than_there_are_cannot_be_wanted(images, tmp_path, train_config, network_config, metrics):
    with pytest.raises(InputError, match="7 images wanted, 6 there"):
        run(images, tmp_path, train_config, network_config, metrics, images=7)
