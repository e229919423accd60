import numpy as np
import pytest
import torch
from torch import nn

from graspbook.instances.model import InstanceModel, predict_instances
from graspbook.instances.registry import build_instance_model
from graspbook.nn.registry import build_backbone
from graspbook.nn.weights import Pretrained

NAMES = ("mask2former", "mask_rcnn")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_is_an_instance_model_and_its_backbone_starts_from_the_given_weights(name, tiny):
    body = build_backbone("mobilenet_v2").state_dict()
    body = {key: torch.full_like(value, 0.25) for key, value in sorted(body.items())}  # safetensors sorts too
    body["features.0.1.weight"] += 0.5
    model = build_instance_model(name, tiny[name], Pretrained(body), seed=0)
    assert isinstance(model, InstanceModel)
    first = next(module for module in model.modules() if isinstance(module, nn.BatchNorm2d))
    assert (first.weight == 0.75).all() and (first.bias == 0.25).all() and (first.running_var == 0.25).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_loss_is_finite_and_decided_by_its_generator_also_without_objects(name, tiny, boxes_batch):
    model = build_instance_model(name, tiny[name], None, seed=0)
    for counts in ([2, 0, 1], [0, 0]):
        batch = boxes_batch(counts)
        torch.manual_seed(1)
        one = model.loss(batch, generator(7))
        torch.manual_seed(2)
        assert torch.equal(one, model.loss(batch, generator(7)))
        assert torch.isfinite(one)
        one.backward()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_learns_to_fit_one_image(name, tiny, boxes_batch):
    model = build_instance_model(name, tiny[name], None, seed=0)
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
def test_batch_normalisation_stays_frozen(name, tiny):
    model = build_instance_model(name, tiny[name], None, seed=0).train()
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    assert norms and not any(norm.training or norm.weight.requires_grad for norm in norms)
    assert all(parameter.requires_grad for parameter in model.backbone_parameters())


@pytest.mark.parametrize("name", NAMES)
def test_predictions_are_sorted_and_never_empty_and_do_not_depend_on_the_batch(name, tiny):
    model = build_instance_model(name, tiny[name], None, seed=0).train()
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
