import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.mlgsl import train as module
from graspbook.mlgsl.config import Row
from graspbook.mlgsl.targets import padded_targets
from graspbook.mlgsl.train import augmented, rows_of, train_row
from graspbook.training.fit import Step


def run(data, tmp_path, train, network, metrics, seed=1, **changes):
    row = Row(title="MLGSL", loss="mlgsl", labels=2, seeds=1)
    row = dataclasses.replace(row, **changes)
    return train_row(row, seed, data, data, train=train, network=network, metrics=metrics, scratch_dir=tmp_path)


@pytest.mark.slow
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


@pytest.fixture
def planned(images, tmp_path, train_config, network_config, metrics, monkeypatch):
    """Makes what a training consists of, without training: the arguments that `fit` is given."""
    monkeypatch.setattr(module, "fit", lambda model, plan, **parts: SimpleNamespace(model=model, **parts))

    def plan(seed=1, validation=images, train=train_config, judged=metrics, **changes):
        row = dataclasses.replace(Row(title="MLGSL", loss="mlgsl", labels=2, seeds=1), **changes)
        settings = {"train": train, "network": network_config, "metrics": judged, "scratch_dir": tmp_path}
        return train_row(row, seed, images, validation, **settings)

    return plan


STEP = Step(0, 0, 1, torch.device("cpu"))


def test_weights_are_chosen_by_top_1_on_the_validation_images(planned, images, metrics):
    validation = images.subset([4])
    plan = planned(validation=validation)
    with torch.no_grad():
        for parameter in plan.model.parameters():
            parameter.zero_()  # the same grasp in every image: angle 0 in a corner
    off = dataclasses.replace(validation, labels=(np.array([[0, 0, 0, 1]], np.float32),))
    scores = planned(validation=off).evaluate(plan.model)
    assert list(scores) == ["top_1", "top_5"], "the first one decides"
    assert scores["top_1"] == 100
    assert plan.evaluate(plan.model)["top_1"] == 0


def test_a_training_is_named_by_its_row_and_by_how_grasps_are_judged(planned, metrics):
    names = [
        planned().name,
        planned(loss="imgmse").name,
        planned(padding=2.0).name,
        planned(judged=dataclasses.replace(metrics, iou=0.3)).name,
        planned(seed=2).name,
    ]
    assert len(set(names)) == len(names)
    assert planned(judged=dataclasses.replace(metrics, replicates=7)).name == names[0]


@pytest.mark.parametrize(("loss", "outside"), [("imgmse", 1.0), ("imgmse-zero", 0.0)])
@pytest.mark.parametrize("padding", [1.0, 3.0])
def test_label_images_are_drawn_from_the_changed_labels_as_the_row_says(loss, outside, padding, planned, images):
    _, labels, targets = planned(loss=loss, padding=padding).batch(STEP)
    expected = padded_targets(labels.numpy(), images.size, 0.5, outside, padding)
    np.testing.assert_array_equal(targets.numpy(), expected)


def test_which_labels_are_kept_does_not_depend_on_the_seed_of_the_training(planned, images, train_config):
    still = dataclasses.replace(train_config, rotate=0.0, zoom=0.0, mirror=False)
    known = np.concatenate(images.with_labels(2, still.label_seed).labels)[:, :2]
    for seed in (1, 2, 3):
        _, labels, _ = planned(seed=seed, train=still).batch(STEP)
        for centre in labels.reshape(-1, 4)[:, :2].numpy():
            assert np.abs(known - centre).max(1).min() < 1e-3


def test_depth_gets_noise_of_the_strength_given(images, train_config):
    still = dataclasses.replace(train_config, rotate=0.0, zoom=0.0, mirror=False)
    plain, noisy = (
        augmented(images.depth, rows_of(images.labels), config, np.random.default_rng(1))[0]
        for config in (dataclasses.replace(still, noise=0.0), dataclasses.replace(still, noise=0.02))
    )
    assert np.std(noisy - plain) == pytest.approx(0.02, rel=0.05)
