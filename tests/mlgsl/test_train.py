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
from tests.variants import variants


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
    monkeypatch.setattr(module, "fit", lambda model, plan, **parts: SimpleNamespace(model=model, plan=plan, **parts))

    def plan(
        seed=1, data=images, validation=images, train=train_config, network=network_config, judged=metrics, **changes
    ):
        row = dataclasses.replace(Row(title="MLGSL", loss="mlgsl", labels=2, seeds=1), **changes)
        settings = {"train": train, "network": network, "metrics": judged, "scratch_dir": tmp_path}
        return train_row(row, seed, data, validation, **settings)

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


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["fcn", "ggcnn"])
def test_a_training_is_named_by_every_setting_that_it_uses(
    architecture, planned, train_config, network_config, metrics
):
    own = {"architecture": architecture}
    name = planned(**own).name
    row = Row(title="MLGSL", loss="mlgsl", labels=2, seeds=1, images=5, **own)
    left = ("title", "seeds", *(["attention"] if architecture != "fcn" else []))  # which the others do not have
    rows = {field: getattr(other, field) for field, other in variants(row, *left)}
    changed = {f"row.{field}": planned(**(own | {field: value})).name for field, value in rows.items()}
    changed |= {f"train.{field}": planned(train=other, **own).name for field, other in variants(train_config)}
    changed |= {f"network.{f}": planned(network=other, **own).name for f, other in variants(network_config)}
    used = dict(variants(metrics, "sampled", "seed", "replicates"))
    changed |= {f"metrics.{field}": planned(judged=other, **own).name for field, other in used.items()}
    assert len(changed) > 20
    assert [field for field, other in changed.items() if other == name] == []
    assert planned(title="other", **own).name == name and planned(seeds=2, **own).name == name


def test_a_training_is_named_by_all_images_and_labels(planned, images):
    name = planned().name
    deeper = dataclasses.replace(images, depth=images.depth + 0.01)
    moved = dataclasses.replace(images, labels=tuple(rows + 1 for rows in images.labels))
    for other in (deeper, moved):
        assert planned(data=other).name != name and planned(validation=other).name != name


def test_the_first_images_are_learned_in_batches_of_their_own(planned, images, train_config):
    """Images of one depth each, so that a batch tells which ones it holds."""
    still = dataclasses.replace(train_config, rotate=0.0, zoom=0.0, mirror=False, noise=0.0)
    pixel = np.zeros_like(images.depth)
    pixel[:, 12, 12] = 0.01 * (1 + np.arange(6))
    known = dataclasses.replace(images, depth=0.6 - pixel)
    other = dataclasses.replace(images, depth=0.6 - 20 * pixel)

    def held(plan, step=STEP):
        return [round(10 * float(image.max())) for image in plan.batch(step)[0]]

    plan = planned(data=known, validation=other, train=still, images=4)
    steps = [held(plan, dataclasses.replace(STEP, number=number)) for number in range(8)]
    assert {number for step in steps for number in step} == {1, 2, 3, 4}
    orders = {tuple(held(planned(data=known, train=still, seed=seed))) for seed in range(6)}
    assert len(orders) > 2
    parts = [held(plan, dataclasses.replace(STEP, part=part, parts=3)) for part in range(3)]
    assert [part[0] for part in parts] == steps[0]


def test_each_step_process_and_seed_changes_images_in_its_own_way(planned):
    steps = [STEP, dataclasses.replace(STEP, number=2), dataclasses.replace(STEP, part=1, parts=2)]
    drawn = [planned().batch(step)[0][0].numpy().tobytes() for step in steps]
    drawn += [planned(seed=2).batch(STEP)[0][0].numpy().tobytes()]
    assert len(set(drawn)) == 4
    assert planned().batch(STEP)[0][0].numpy().tobytes() == drawn[0]


def test_images_of_a_batch_and_their_labels_are_changed_alike_and_each_in_its_own_way(images, train_config):
    still = dataclasses.replace(train_config, noise=0.0)
    one = np.stack([images.depth[0]] * 4)
    rows = np.stack([images.labels[0]] * 4)
    depth, labels = augmented(one, rows, still, np.random.default_rng(0))
    assert len({image.tobytes() for image in depth}) == 4
    for image, own in zip(depth, labels, strict=True):
        for u, v in own[~np.isnan(own[:, 0]), :2]:
            assert image[round(float(v)), round(float(u))] < 0.59, "on the bar still"


def test_mirrored_images_are_as_many_as_others(images, train_config, monkeypatch):
    given = []
    drawn = module.draw_similarity
    monkeypatch.setattr(module, "draw_similarity", lambda *parts: given.append(parts[1:]) or drawn(*parts))
    augmented(images.depth[:1], rows_of(images.labels)[:1], train_config, np.random.default_rng(0))
    assert given == [(train_config.rotate, train_config.zoom, train_config.mirror)]


@pytest.mark.parametrize("loss", ["mlgsl-log", "imgbce"])
def test_the_loss_of_the_row_is_learned_and_read(loss, planned, images, monkeypatch):
    learned, read = [], []
    monkeypatch.setattr(module, "grasp_loss", lambda name, *_: learned.append(name))
    monkeypatch.setattr(
        module,
        "evaluate_network",
        lambda model, seen, name, _: read.append(name) or {"top_1": np.ones(1), "top_5": np.ones(1)},
    )
    plan = planned(loss=loss)
    plan.loss(plan.model, plan.batch(STEP), STEP)
    plan.evaluate(plan.model)
    assert learned == read == [loss]


def test_the_best_weights_are_kept_after_the_steps_of_the_row(planned, train_config):
    plan = planned(steps=50)
    assert plan.plan.keep == "best" and plan.plan.steps == 50
    rates = [plan.rate(1.0, step) for step in range(50)]
    assert np.argmax(rates) in (4, 5) and rates[-1] < 0.01
    assert planned().plan.steps == train_config.steps


def test_each_seed_begins_with_its_own_weights_of_the_rows_network(planned):
    one, same, other = (planned(seed=seed).model.state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(value, same[key]) for key, value in one.items())
    assert not all(torch.equal(value, other[key]) for key, value in one.items())
    assert len(planned(attention="all").model.state_dict()) > len(one)
