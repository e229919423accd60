import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.data.cityscapes import Streets
from graspbook.instances.model import ClassBatch
from graspbook.joint.losses import class_weights
from graspbook.joint.others import train as module
from graspbook.joint.others.build import build_other, load_other, save_other, segment_by
from graspbook.joint.others.enet import ENet
from graspbook.joint.others.semantic import NETWORKS, SemanticNetwork
from graspbook.joint.others.train import labelled_picture, things_of, train_other
from graspbook.joint.train import class_frequency
from graspbook.joint.training_config import Other
from graspbook.training.fit import Step
from tests.variants import variants


def other(name, **values):
    return Other(title=name, network=name, seeds=1, **({"width": 0.1} | values))


MASK = other("mask_rcnn", width=1.0)


@pytest.mark.parametrize("name", list(NETWORKS))
def test_each_says_a_class_of_every_pixel_of_any_picture(name):
    network = SemanticNetwork(name, 0.1).eval()
    for height, width in ((32, 64), (33, 50)):
        with torch.inference_mode():
            assert network(torch.rand(1, 3, height, width)).shape == (1, 9, height, width)


@pytest.mark.parametrize(("name", "millions"), [("segnet", 29.5), ("erfnet", 2.06), ("enet", 0.36)])
def test_the_whole_ones_are_as_large_as_their_papers_say(name, millions):
    count = sum(part.numel() for part in SemanticNetwork(name).parameters()) / 1e6
    assert count == pytest.approx(millions, rel=0.03)


def test_maxima_go_back_to_where_they_were_found():
    """Where a bright pixel moves, the change of the answer moves."""
    torch.manual_seed(0)
    network = ENet(2, 0.25).eval()
    with torch.inference_mode():
        dark = network(torch.zeros(1, 3, 64, 64))
        places = []
        for row in (20, 40):
            image = torch.zeros(1, 3, 64, 64)
            image[..., row, 30] = 5
            change = (network(image) - dark).abs().sum((0, 1))
            places.append((change.sum(1) * torch.arange(64)).sum() / change.sum())
    assert places[1] - places[0] > 10


def test_an_unknown_network_is_refused():
    with pytest.raises(InputError, match="expected one of segnet, erfnet, enet, got 'unet'"):
        SemanticNetwork("unet")
    with pytest.raises(ValueError, match="channels are those of the section mask_rcnn"):
        other("mask_rcnn", width=0.5)


@pytest.mark.slow
@pytest.mark.parametrize("row", [other("enet"), MASK], ids=lambda row: row.title)
def test_a_row_trains_and_a_file_brings_it_back(row, streets, tmp_path, train_config, network_config, mask_config):
    def run(folder):
        settings = {"train": train_config, "network": network_config, "mask_rcnn": mask_config}
        return train_other(row, 1, streets, streets, scratch_dir=tmp_path / folder, **settings)

    first = run("a")
    assert np.isfinite(first.history["loss"]).all()
    assert first.history["miou"].notna().sum() == 2
    for one, same in zip(first.model.parameters(), run("b").model.parameters(), strict=True):
        assert torch.equal(one, same)
    save_other(first.model, row, mask_config, tmp_path / "a.safetensors")
    saved = load_other(tmp_path / "a.safetensors")
    assert saved.row == row
    picture = streets[0].image
    one, same = segment_by(first.model, picture), segment_by(saved.network, picture)
    assert (one.classes == same.classes).mean() > 0.9
    assert one.classes.shape == one.instances.ids.shape == picture.shape[:2]
    assert list(one.milliseconds) == ["network"]


def test_too_few_pictures_are_refused(streets, tmp_path, train_config, network_config, mask_config):
    settings = {"train": train_config, "network": network_config, "mask_rcnn": mask_config}
    with pytest.raises(InputError, match="5 pictures, batches of 9"):
        train_other(other("enet", batch_size=9), 1, streets, streets, scratch_dir=tmp_path, **settings)


def test_mask_rcnn_learns_from_pictures_with_and_without_things(streets, mask_config, network_config):
    things = [things_of(*labelled_picture(streets, place, False)[1:]) for place in (0, 4)]
    assert [len(classes) for _, classes in things] == [2, 0]
    masks, classes = things[0]
    assert classes.tolist() == [3, 3]
    assert masks.sum((1, 2)).tolist() == [320, 320]
    network = build_other(MASK, mask_config, network_config, 1)
    batch = labelled(streets, things)
    loss = network.train().class_loss(batch, torch.Generator().manual_seed(0))
    assert torch.isfinite(loss)
    again = network.class_loss(batch, torch.Generator().manual_seed(0))
    torch.testing.assert_close(loss, again, rtol=1e-4, atol=1e-4)


def test_a_mirrored_picture_has_mirrored_things(streets):
    plain, turned = (labelled_picture(streets, 0, mirrored) for mirrored in (False, True))
    for one, other_way in zip(plain, turned, strict=True):
        np.testing.assert_array_equal(one[:, ::-1], other_way)


def test_the_surest_detection_has_the_pixel(mask_config, network_config, monkeypatch):
    network = build_other(MASK, mask_config, network_config, 1).eval()
    masks = torch.zeros(2, 1, 8, 8)
    masks[0, :, :4], masks[1, :, 2:] = 0.8, 0.9
    found = {"masks": masks, "scores": torch.tensor([0.5, 0.9]), "labels": torch.tensor([1, 3])}
    monkeypatch.setattr(network.net, "forward", lambda images: [found])
    said = segment_by(network, np.zeros((8, 8, 3), np.uint8))
    assert said.scores == pytest.approx([0.81, 0.4])
    assert said.instances.classes.tolist() == [3, 1]
    assert said.instances.ids[:, 0].tolist() == [2, 2, 1, 1, 1, 1, 1, 1]
    assert said.classes[:, 0].tolist() == [0, 0, 3, 3, 3, 3, 3, 3]  # the second is too unsure to colour pixels


def labelled(streets, things):
    images = torch.from_numpy(np.stack([streets[place].image for place in (0, 4)])).permute(0, 3, 1, 2).float() / 255
    return ClassBatch(images, [masks for masks, _ in things], [classes for _, classes in things])


STEP = Step(0, 0, 1, torch.device("cpu"))


@pytest.fixture
def parts(streets):
    """Pictures to learn from, and those of another drive."""
    return Streets(streets.folder, "train", without=["d2"]), Streets(streets.folder, "train", only=["d2"])


@pytest.fixture
def planned(parts, tmp_path, train_config, network_config, mask_config, monkeypatch):
    """Makes what a training consists of, without training: the arguments that `fit` is given."""
    monkeypatch.setattr(module, "fit", lambda model, plan, **given: SimpleNamespace(model=model, plan=plan, **given))

    def plan(row, streets=parts[0], validation=parts[1], seed=1, **settings):
        given = {"train": train_config, "network": network_config, "mask_rcnn": mask_config, "scratch_dir": tmp_path}
        return train_other(row, seed, streets, validation, **(given | settings))

    return plan


@pytest.mark.slow
@pytest.mark.parametrize("row", [other("enet"), MASK], ids=lambda row: row.title)
def test_a_training_is_named_by_all_that_it_uses(row, planned, parts, train_config, mask_config):
    name = planned(row).name
    changed = {f"row.{field}": planned(one).name for field, one in variants(row, "title", "seeds", "network")}
    changed |= {f"train.{field}": planned(row, train=one).name for field, one in variants(train_config)}
    changed |= {"seed": planned(row, seed=2).name}
    fewer = Streets(parts[0].folder, "train", only=["d0"])
    changed |= {"pictures": planned(row, fewer).name, "validation": planned(row, validation=fewer).name}
    used = variants(mask_config, "backbone") if row is MASK else ()
    changed |= {f"mask_rcnn.{field}": planned(row, mask_rcnn=one).name for field, one in used}
    assert [field for field, one in changed.items() if one == name] == []
    assert planned(dataclasses.replace(row, title="other", seeds=2)).name == name


def test_pictures_to_learn_from_are_seen_and_no_others(planned, parts, train_config):
    still = dataclasses.replace(train_config, contrast=0.0, brightness=0.0)
    images = [street.image for street in parts[0]]
    expected = {image.tobytes() for image in images} | {image[:, ::-1].tobytes() for image in images}
    seen = {
        np.rint(255 * image.permute(1, 2, 0).numpy()).astype(np.uint8).tobytes()
        for number in range(24)
        for image in planned(other("enet"), train=still).batch(dataclasses.replace(STEP, number=number))[0]
    }
    assert seen == expected


def test_the_pixels_of_validation_are_watched(planned, parts, monkeypatch):
    given = []
    monkeypatch.setattr(module, "pixel_iou", lambda model, *others: given.append(others) or 1.0)
    plan = planned(other("enet"))
    assert plan.evaluate(plan.model) == {"miou": 1.0}
    assert given == [(parts[1], 2)]


def test_a_row_learns_at_a_rate_of_its_own_and_a_pretrained_backbone_slower(planned):
    [group] = planned(other("enet", learning_rate=0.5)).optimiser(planned(other("enet")).model).param_groups
    assert group["lr"] == 0.5
    plan = planned(MASK)
    heads, backbone = plan.optimiser(plan.model).param_groups
    assert (heads["lr"], backbone["lr"]) == pytest.approx((0.001, 0.0002))
    assert {id(one) for one in backbone["params"]} == {id(one) for one in plan.model.backbone_parameters()}
    assert planned(other("enet", batch_size=3)).plan.batch_size == 3


def test_rare_classes_weigh_more_and_dropout_is_drawn_from_the_seed(planned, parts, monkeypatch):
    given = []
    monkeypatch.setattr(module, "semantic_loss", lambda said, true, weights: given.append(weights) or said.sum())
    plan = planned(other("enet", width=0.25))
    plan.model.train()
    batch = plan.batch(STEP)
    torch.manual_seed(5)
    once = plan.loss(plan.model, batch, STEP)
    torch.manual_seed(6)
    again, later = (plan.loss(plan.model, batch, dataclasses.replace(STEP, number=number)) for number in (0, 1))
    assert torch.equal(given[0], class_weights(class_frequency(parts[0])))
    assert torch.isclose(once, again) and not torch.isclose(once, later)
