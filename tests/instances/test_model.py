import dataclasses

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from torch import nn

from graspbook.errors import InputError
from graspbook.instances.mask_rcnn import MaskRCNNSettings
from graspbook.instances.model import (
    Batch,
    InstanceModel,
    build_instance_model,
    load_instance_model,
    predict_instances,
    save_instance_model,
    start_from,
)
from graspbook.nn.backbone import build_backbone
from graspbook.nn.weights import Pretrained
from graspbook.selfsup.grasp_segmentation.metrics import iou
from graspbook.selfsup.instance_segmentation import mask2former
from graspbook.selfsup.instance_segmentation.mask2former import (
    Mask2FormerSettings,
    hungarian_match,
    layer_loss,
    sample,
    uncertain_points,
)

TINY = {
    "mask2former": Mask2FormerSettings(
        queries=5, hidden=32, encoder_feedforward=16, decoder_layers=2, feedforward=16, points=32
    ),
    "mask_rcnn": MaskRCNNSettings(channels=8, hidden=16, mask_layers=1, regions=4, anchors_compared=16),
}
NAMES = list(TINY)


def boxes_batch(counts, single=None, side=32, seed=0):
    """Images with bright boxes, one mask per box."""
    rng = np.random.default_rng(seed)
    images = torch.full((len(counts), 3, side, side), 0.2)
    masks = []
    for image, count in zip(images, counts, strict=True):
        found = torch.zeros(count, side, side, dtype=torch.bool)
        for mask in found:
            y, x = rng.integers(0, side - 10, 2)
            mask[y : y + 10, x : x + 10] = True
            image[:, mask] = 0.9
        masks.append(found)
    return Batch(images, masks, torch.tensor(single or [False] * len(counts)))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", NAMES)
def test_is_an_instance_model_and_its_backbone_starts_from_the_given_weights(name):
    body = build_backbone("mobilenet_v2").state_dict()
    body = {key: torch.full_like(value, 0.25) for key, value in sorted(body.items())}  # safetensors sorts too
    body["features.0.1.weight"] += 0.5
    model = build_instance_model(name, TINY[name], Pretrained(body), seed=0)
    assert isinstance(model, InstanceModel)
    first = next(module for module in model.modules() if isinstance(module, nn.BatchNorm2d))
    assert (first.weight == 0.75).all() and (first.bias == 0.25).all() and (first.running_var == 0.25).all()


@pytest.mark.parametrize("name", NAMES)
def test_weights_of_another_backbone_are_refused(name):
    body = build_backbone("resnet50").state_dict()
    with pytest.raises(InputError, match="mobilenet_v2"):
        build_instance_model(name, TINY[name], Pretrained(body), seed=0)


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides_the_initial_weights_and_nobody_elses_random_numbers(name):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first, again = (build_instance_model(name, TINY[name], None, seed=1) for _ in range(2))
    assert torch.equal(torch.rand(2), expected)
    for one, other in zip(first.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_is_finite_and_decided_by_its_generator_also_without_objects(name):
    model = build_instance_model(name, TINY[name], None, seed=0)
    for counts in ([2, 0, 1], [0, 0]):
        batch = boxes_batch(counts)
        torch.manual_seed(1)
        one = model.loss(batch, generator(7))
        torch.manual_seed(2)
        assert torch.equal(one, model.loss(batch, generator(7)))
        assert torch.isfinite(one)
        one.backward()


@pytest.mark.parametrize("name", NAMES)
def test_learns_to_fit_one_image(name):
    model = build_instance_model(name, TINY[name], None, seed=0)
    batch = boxes_batch([1, 2])
    optimiser = torch.optim.Adam(model.parameters(), 2e-3)
    losses = []
    for step in range(30):
        optimiser.zero_grad()
        loss = model.loss(batch, generator(step))
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:3])


@pytest.mark.parametrize("name", NAMES)
def test_batch_normalisation_stays_frozen(name):
    model = build_instance_model(name, TINY[name], None, seed=0).train()
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    assert norms and not any(norm.training or norm.weight.requires_grad for norm in norms)
    assert all(parameter.requires_grad for parameter in model.backbone_parameters())


@pytest.mark.parametrize("name", NAMES)
def test_predictions_are_sorted_and_never_empty_and_do_not_depend_on_the_batch(name):
    model = build_instance_model(name, TINY[name], None, seed=0).train()
    images = np.random.default_rng(0).integers(0, 256, (2, 40, 48, 3)).astype(np.uint8)
    together = predict_instances(model, images, max_per_image=4, batch_size=2)
    assert model.training
    assert len(together) == 2
    for found, image in zip(together, images, strict=True):
        assert found.masks.shape == (len(found.scores), 40, 48) and found.masks.dtype == bool
        assert len(found.scores) <= 4
        assert (np.diff(found.scores) <= 0).all() and ((found.scores >= 0) & (found.scores <= 1)).all()
        assert found.masks.any((1, 2)).all()
        alone = predict_instances(model, image[None], max_per_image=4)[0]
        np.testing.assert_allclose(alone.scores, found.scores, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_model_predicts_as_before_up_to_half_precision(name, tmp_path):
    model = build_instance_model(name, TINY[name], None, seed=0)
    save_instance_model(model, name, tmp_path / "m.safetensors")
    loaded = load_instance_model(tmp_path / "m.safetensors")
    assert type(loaded) is type(model) and not loaded.training
    assert dataclasses.asdict(loaded.config) == dataclasses.asdict(model.config) or name == "mask_rcnn"
    for one, other in zip(model.state_dict().values(), loaded.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-6)
    assert [path.name for path in tmp_path.iterdir()] == ["m.safetensors"]


def test_a_model_can_start_from_the_file_of_another_of_its_size(tmp_path):
    model = build_instance_model("mask2former", TINY["mask2former"], None, seed=0)
    save_instance_model(model, "mask2former", tmp_path / "m.safetensors")
    robust = dataclasses.replace(TINY["mask2former"], robust_margin=0.7)
    other = build_instance_model("mask2former", robust, None, seed=1)
    start_from(other, tmp_path / "m.safetensors")
    assert other.config == robust
    for one, two in zip(model.state_dict().values(), other.state_dict().values(), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-6)
    larger = build_instance_model("mask2former", dataclasses.replace(robust, queries=6), None, seed=1)
    with pytest.raises(InputError, match="not the weights"):
        start_from(larger, tmp_path / "m.safetensors")


def test_position_features_tell_any_two_pixels_apart():
    places = mask2former.waves(12, 18)[0].flatten(1).T
    distance = torch.cdist(places, places) + torch.eye(len(places))
    assert distance.min() > 0.05 and places.abs().max() <= 1


def test_files_that_are_no_model_are_named(tmp_path):
    with pytest.raises(InputError, match="missing"):
        load_instance_model(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("no weights")
    with pytest.raises(InputError, match="not a safetensors file"):
        load_instance_model(tmp_path / "text.safetensors")
    with pytest.raises(InputError, match="mask2former"):
        build_instance_model("yolo", None, None, 0)


def test_mask_rcnn_finds_at_evaluation_what_it_has_learned():
    """torchvision resizes images when it evaluates, so that a model that has learned them finds nothing."""
    settings = MaskRCNNSettings(
        channels=16, hidden=32, mask_layers=1, regions=16, anchors_compared=32, anchors=((8, 12),) * 4
    )
    model, batch = build_instance_model("mask_rcnn", settings, None, seed=0), boxes_batch([1, 2])
    optimizer, draws = torch.optim.AdamW(model.parameters(), 2e-3), generator()
    for _ in range(100):
        optimizer.zero_grad()
        model.loss(batch, draws).backward()
        optimizer.step()
    images = np.rint(255 * batch.images.permute(0, 2, 3, 1).numpy()).astype(np.uint8)
    for found, (mask, *_) in zip(predict_instances(model, images), batch.masks, strict=True):
        assert iou(found.masks, np.repeat(mask[None].numpy(), len(found.masks), 0)).max() > 0.6


def test_mask_rcnn_refuses_images_with_unlabelled_objects():
    model = build_instance_model("mask_rcnn", TINY["mask_rcnn"], None, seed=0)
    with pytest.raises(InputError, match="single"):
        model.loss(boxes_batch([1], [True]), generator())


def random_layer(counts, queries=6, seed=0, single=None):
    rng = torch.Generator().manual_seed(seed)
    classes = torch.randn(len(counts), queries, 2, generator=rng, requires_grad=True)
    masks = torch.randn(len(counts), queries, 8, 8, generator=rng, requires_grad=True)
    return classes, masks, mask2former._Labels(boxes_batch(counts, single, seed=seed))


def test_matching_is_the_cheapest_by_a_loop_over_pairs():
    classes, masks, labels = random_layer([3, 0, 2])
    image, query, label = hungarian_match(classes, masks, labels, 40, generator(5))
    points = torch.rand(1, 40, 2, generator=generator(5))
    start, expected = 0, []
    for i, count in enumerate(labels.counts):
        cost = np.zeros((6, count))
        for q in range(6):
            x = sample(masks[i, q][None, None], points)[0].detach()
            for k in range(count):
                y = sample(labels.masks[start + k][None], points)[0]
                p = x.sigmoid()
                entropy = torch.nn.functional.binary_cross_entropy_with_logits(x, y)
                dice = 1 - (2 * (p * y).sum() + 1) / (p.sum() + y.sum() + 1)
                cost[q, k] = 5 * entropy + 5 * dice - 2 * classes[i, q].detach().softmax(0)[0]
        expected += [(i, q, start + k) for q, k in zip(*linear_sum_assignment(cost), strict=True)]
        start += count
    assert list(zip(image.tolist(), query.tolist(), label.tolist(), strict=True)) == expected


def test_more_objects_than_queries_are_matched_as_far_as_queries_go():
    classes, masks, labels = random_layer([9])
    image, query, label = hungarian_match(classes, masks, labels, 20, generator())
    assert len(image) == 6 and len(set(query.tolist())) == 6 and len(set(label.tolist())) == 6


def test_points_are_mostly_where_the_mask_is_least_sure():
    logits = torch.linspace(-9, 9, 32).expand(1, 1, 32, 32)  # a mask whose outline is in the middle
    points = uncertain_points(logits, 200, generator())
    near = ((points[0, :, 0] - 0.5).abs() < 0.15).float().mean()
    assert points.shape == (1, 200, 2) and near > 0.7


def test_only_the_matched_query_of_a_single_image_learns_its_class():
    classes, masks, labels = random_layer([1, 2], single=[True, False])
    image, query, _ = hungarian_match(classes, masks, labels, TINY["mask2former"].points, generator(1))
    layer_loss(classes, masks, labels, TINY["mask2former"], generator(1)).backward()
    learns = classes.grad.abs().sum(-1) > 0
    assert learns[0].nonzero().flatten().tolist() == query[image == 0].tolist()
    assert learns[1].all()


def test_single_images_without_a_mask_teach_nothing():
    classes, masks, labels = random_layer([0], single=[True])
    loss = layer_loss(classes, masks, labels, TINY["mask2former"], generator())
    loss.backward()
    assert loss == 0 and (classes.grad == 0).all() and (masks.grad == 0).all()


def test_the_robust_margin_only_lowers_the_loss_and_a_margin_of_one_leaves_it():
    classes, masks, labels = random_layer([2, 1], seed=3)
    losses = [
        layer_loss(classes, masks, labels, dataclasses.replace(TINY["mask2former"], robust_margin=margin), generator(2))
        for margin in (None, 1.0, 0.7, 0.3)
    ]
    assert losses[0] == losses[1] and losses[1] > losses[2] > losses[3]


def test_the_class_loss_without_single_images_is_the_weighted_mean_of_pytorch():
    classes, masks, labels = random_layer([0, 0])
    target = torch.ones(2, 6, dtype=torch.long)
    expected = 2 * torch.nn.functional.cross_entropy(
        classes.transpose(1, 2), target, torch.tensor([1.0, mask2former.NOTHING_WEIGHT])
    )
    torch.testing.assert_close(layer_loss(classes, masks, labels, TINY["mask2former"], generator()), expected)
