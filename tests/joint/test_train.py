import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.data.cityscapes import Streets
from graspbook.joint import train as module
from graspbook.joint.losses import Targets, centre_loss, class_weights, embedding_losses, semantic_loss
from graspbook.joint.network import Prediction, build_network
from graspbook.joint.segment import predict_grids, segment
from graspbook.joint.train import TrainingPictures, class_frequency, recoloured, total_loss, train_row
from graspbook.training.fit import Step
from tests.conftest import standard
from tests.joint.conftest import ROW
from tests.variants import variants


def run(row, streets, tmp_path, train, network, seed=1):
    return train_row(row, seed, streets, streets, train=train, network=network, compactness=10.0, scratch_dir=tmp_path)


@pytest.mark.slow
def test_a_row_is_trained_once_and_its_title_changes_nothing(streets, tmp_path, train_config, network_config):
    first = run(ROW, streets, tmp_path / "a", train_config, network_config)
    again = run(ROW, streets, tmp_path / "b", train_config, network_config)
    for one, other in zip(first.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(one, other)
    assert first.history["miou"].notna().sum() == 2
    assert np.isfinite(first.history["loss"]).all()
    renamed = dataclasses.replace(ROW, title="Other", seeds=3)
    assert run(renamed, streets, tmp_path / "a", train_config, network_config).folder == first.folder


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"centres": False}, {"focus": "printed", "gamma": 0.0}, {"k": 2}])
def test_every_kind_of_row_trains(change, streets, tmp_path, train_config, network_config):
    row = dataclasses.replace(ROW, steps=1, **change)
    history = run(row, streets, tmp_path, train_config, network_config).history
    assert len(history) == 1
    assert ("found" in history) is row.centres


def test_a_mirrored_picture_has_mirrored_labels(streets):
    pictures = TrainingPictures(streets, 4, 10.0)
    image, (classes, _) = pictures.get(0, False)
    turned, (mirrored, _) = pictures.get(0, True)
    np.testing.assert_array_equal(turned, image[:, ::-1])
    assert (mirrored == classes[:, ::-1]).mean() > 0.95
    np.testing.assert_array_equal(pictures.get(0, True)[1][0], mirrored)


def test_frequencies_are_shares_of_pixels(streets):
    frequency = class_frequency(streets)
    assert frequency.sum().item() == pytest.approx(1)
    assert frequency[3].item() == pytest.approx(4 * 2 * 16 * 20 / (5 * 32 * 64))


def test_colours_change_within_their_range_and_not_at_all_without_strength():
    images = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3), dtype=np.uint8)
    plain = recoloured(images, 0.0, 0.0, np.random.default_rng(1))
    np.testing.assert_allclose(plain, images.transpose(0, 3, 1, 2) / 255, atol=1e-6)
    changed = recoloured(images, 0.3, 0.1, np.random.default_rng(1))
    assert 0 <= changed.min() <= changed.max() <= 1
    assert not np.allclose(changed, plain)


def test_too_few_pictures_are_refused(streets, tmp_path, train_config, network_config):
    with pytest.raises(InputError, match="5 pictures, batches of 6"):
        run(ROW, streets, tmp_path, dataclasses.replace(train_config, batch_size=6), network_config)


@pytest.mark.parametrize("centres", [True, False])
def test_any_picture_is_segmented(centres, network_config, cluster_config):
    network = build_network(dataclasses.replace(ROW, centres=centres), network_config, 1).eval()
    pictures = (np.zeros((33, 50), np.uint8), np.full((33, 50, 3), 9000, np.uint16))
    for picture in pictures:  # grey, and 16-bit
        found = segment(network, picture, cluster_config, 10.0)
        assert found.classes.shape == found.instances.ids.shape == (33, 50)
        assert len(found.scores) == len(found.instances.classes)
        assert list(found.milliseconds) == ["superpixels", "network", "clustering"]


def test_a_row_has_one_name_in_the_book():
    joint = standard("joint")
    with pytest.raises(ValueError, match="another family has a row of this name"):
        dataclasses.replace(joint, trainings={"one": {"a": ROW}, "two": {"a": ROW}})
    with pytest.raises(ValueError, match="becomes a file's name"):
        dataclasses.replace(joint, trainings={"one": {"A b": ROW}})
    with pytest.raises(ValueError, match="expected some if, and only if"):
        dataclasses.replace(joint.data, folder="cityscapes")
    with pytest.raises(ValueError, match="prior is 0"):
        dataclasses.replace(joint.network, prior=0)


def test_without_superpixels_every_element_has_its_square(network_config, cluster_config):
    network = build_network(ROW, network_config, 1).eval()
    picture = np.random.default_rng(0).integers(0, 256, (33, 50, 3), dtype=np.uint8)
    found = segment(network, picture, cluster_config, 10.0, square=True)
    classes = predict_grids(network, picture).classes
    np.testing.assert_array_equal(found.classes, classes.repeat(4, 0).repeat(4, 1)[:33, :50])


STEP = Step(0, 0, 1, torch.device("cpu"))


@pytest.fixture
def parts(streets):
    """Pictures to learn from, and those of another drive."""
    folder = streets.folder
    return Streets(folder, "train", without=["d2"]), Streets(folder, "train", only=["d2"])


@pytest.fixture
def planned(parts, tmp_path, train_config, network_config, monkeypatch):
    """Makes what a training consists of, without training: the arguments that `fit` is given."""
    monkeypatch.setattr(module, "fit", lambda model, plan, **given: SimpleNamespace(model=model, plan=plan, **given))

    def plan(row=ROW, streets=parts[0], validation=parts[1], seed=1, compactness=10.0, **settings):
        given = {"train": train_config, "network": network_config, "scratch_dir": tmp_path}
        return train_row(row, seed, streets, validation, compactness=compactness, **(given | settings))

    return plan


@pytest.mark.slow
def test_a_training_is_named_by_every_setting_that_it_uses(planned, train_config, network_config):
    name = planned().name
    changed = {f"row.{field}": planned(other).name for field, other in variants(ROW, "title", "seeds")}
    changed |= {f"train.{field}": planned(train=other).name for field, other in variants(train_config)}
    used = dict(
        variants(network_config, "darknet_width", "mobilenet_weights", "mobilenet_location", "darknet_location")
    )
    used["widths"] = dataclasses.replace(network_config, widths=(9, 9, 9, 9))
    changed |= {f"network.{field}": planned(network=other).name for field, other in used.items()}
    changed |= {"compactness": planned(compactness=20.0).name, "seed": planned(seed=2).name}
    assert len(changed) > 25
    assert [field for field, other in changed.items() if other == name] == []
    assert planned(dataclasses.replace(ROW, title="other", seeds=2)).name == name


def test_a_training_is_named_by_its_pictures_and_those_of_validation(planned, parts):
    fewer = Streets(parts[0].folder, "train", only=["d0"])
    assert len({planned().name, planned(streets=fewer).name, planned(validation=fewer).name}) == 3


def seen(plan, steps=range(24)):
    """The pictures of the first steps, uint8 [h, w, 3] each, as bytes."""
    batches = [plan.batch(dataclasses.replace(STEP, number=step))[0] for step in steps]
    return [np.rint(255 * image.permute(1, 2, 0).numpy()).astype(np.uint8).tobytes() for b in batches for image in b]


def test_the_pictures_to_learn_from_are_seen_and_their_mirror_images_and_no_others(planned, parts, train_config):
    still = dataclasses.replace(train_config, contrast=0.0, brightness=0.0)
    images = [street.image for street in parts[0]]
    expected = {image.tobytes() for image in images} | {image[:, ::-1].tobytes() for image in images}
    assert set(seen(planned(train=still))) == expected


def test_labels_are_those_of_the_picture_mirrored_or_not(planned, parts, train_config):
    still = dataclasses.replace(train_config, contrast=0.0, brightness=0.0)
    plan = planned(train=still)
    for step in range(4):
        images, targets = plan.batch(dataclasses.replace(STEP, number=step))
        bright = images[:, 0, ::4, ::4] > 0.6  # cars
        assert ((targets.classes > 0) == bright).float().mean() > 0.9


def test_each_step_process_and_seed_has_pictures_of_its_own(planned):
    once, again = (seen(planned(), range(4)) for _ in range(2))
    assert once == again and len(set(once)) == len(once)
    assert not set(once) & set(seen(planned(seed=2), range(4)))
    part = planned().batch(Step(0, 1, 2, torch.device("cpu")))[0]
    assert len(part) == 1 and not torch.equal(part[0], planned().batch(STEP)[0][1])


def test_each_seed_has_an_order_of_its_own(planned, parts, train_config):
    still = dataclasses.replace(train_config, contrast=0.0, brightness=0.0, batch_size=1)
    images = {
        image.tobytes(): k for k, street in enumerate(parts[0]) for image in (street.image, street.image[:, ::-1])
    }
    orders = {tuple(images[one] for one in seen(planned(train=still, seed=seed), range(8))) for seed in range(6)}
    assert len(orders) > 2


def test_what_is_watched_is_the_pictures_of_validation_and_the_last_weights_are_kept(planned, parts, monkeypatch):
    given = []
    monkeypatch.setattr(module, "grid_scores", lambda model, *others: given.append(others))
    plan = planned()
    plan.evaluate(plan.model)
    assert given == [(parts[1], 2, 10.0)]
    assert plan.plan.keep == "last" and plan.plan.clip == 5.0


def test_classes_weigh_as_frequent_as_they_are_in_the_pictures_to_learn_from(planned, parts, monkeypatch):
    given = []
    monkeypatch.setattr(module, "total_loss", lambda outputs, targets, weights, *_: given.append(weights) or (0, 0))
    plan = planned()
    plan.loss(plan.model, plan.batch(STEP), STEP)
    assert torch.equal(given[0], class_weights(class_frequency(parts[0])))
    assert not torch.equal(given[0], class_weights(class_frequency(parts[1])))


@pytest.mark.parametrize(("factor", "expected"), [(None, 0.2), (0.5, 0.5)])
def test_the_encoder_learns_at_a_rate_of_its_own(factor, expected, planned, train_config):
    plan = planned(
        dataclasses.replace(ROW, encoder_factor=factor), train=dataclasses.replace(train_config, weight_decay=0.25)
    )
    inner, outer = plan.optimiser(plan.model).param_groups
    assert {id(one) for one in inner["params"]} == {id(one) for one in plan.model.encoder.parameters()}
    assert (inner["lr"], outer["lr"]) == pytest.approx((0.001 * expected, 0.001))
    assert inner["weight_decay"] == outer["weight_decay"] == 0.25
    assert planned(dataclasses.replace(ROW, steps=7)).plan.steps == 7


@pytest.mark.parametrize("options", [{}, {"focus": "printed", "gamma": 0.5}])
def test_the_loss_is_the_weighted_sum_of_its_terms(options, train_config):
    rng, row = torch.Generator().manual_seed(0), dataclasses.replace(ROW, **options)
    config = dataclasses.replace(train_config, weights=(2.0, 3.0, 5.0), regularise=0.7, alpha=0.1, gamma=1.5)
    instances = torch.zeros(2, 6, 8, dtype=torch.int64)
    instances[:, :3, :3], instances[:, 3:, 4:] = 1, 2
    centres = torch.zeros(2, 6, 8, dtype=torch.bool)
    centres[:, 1, 1], centres[:, 4, 6] = True, True
    targets = Targets((instances > 0).long(), instances, centres)
    classes, embeddings, said = (torch.randn(2, *shape, 6, 8, generator=rng) for shape in ((9,), (4,), ()))
    weights = torch.linspace(1, 2, 9)
    total, terms = total_loss(Prediction(classes, embeddings, said), targets, weights, config, row)
    attract, repel, norm = embedding_losses(embeddings, targets, config.attract, config.repel)
    semantic = semantic_loss(classes, targets.classes, weights)
    of_centres = centre_loss(said, centres, 0.1, row.gamma or 1.5, row.focus)
    assert torch.isclose(total, 2 * semantic + 3 * (attract + repel + 0.7 * norm) + 5 * of_centres)
    expected = {
        "semantic": semantic, "attract": attract, "repel": repel, "regularise": norm, "centres": of_centres
    }  # fmt: skip
    assert all(torch.isclose(terms[name], value) for name, value in expected.items()) and len(terms) == 5


def test_each_channel_of_each_picture_changes_on_its_own():
    images = np.full((2, 4, 5, 3), 100, np.uint8)
    factors = recoloured(images, 0.1, 0.0, np.random.default_rng(0)).mean((2, 3))
    assert len(np.unique(factors.round(5))) == 6


def test_an_instance_of_three_elements_is_not_counted_as_visible(streets, network_config, monkeypatch):
    """A decoder that is sure everywhere finds all that are counted; one that is sure nowhere, none."""
    network = build_network(ROW, network_config, 1).eval()
    instances = np.zeros((8, 16), np.int64)
    instances[2:4, 2:4], instances[6, 3:6] = 1, 2
    grid = (instances > 0).astype(np.int64), instances
    monkeypatch.setattr(module, "grid_labels", lambda *_: grid)
    forward = network.forward

    def sure_of_the_first(image):
        outputs = forward(image)
        centres = torch.full_like(outputs.centres, -9.0)
        centres[0, 2, 2] = 9.0
        return dataclasses.replace(outputs, centres=centres)

    monkeypatch.setattr(network, "forward", sure_of_the_first)
    assert module.grid_scores(network, streets, 1, 10.0)["found"] == 100
