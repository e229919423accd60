import numpy as np
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.instances.config import MaskRCNNSettings
from graspbook.instances.model import predict_instances
from graspbook.instances.registry import build_instance_model


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def iou(one, other):
    return (one & other).sum((1, 2)) / (one | other).sum((1, 2))


@pytest.mark.slow
def test_mask_rcnn_finds_at_evaluation_what_it_has_learned(boxes_batch):
    """torchvision resizes images when it evaluates, so that a model that has learned them finds nothing."""
    settings = MaskRCNNSettings(
        backbone="mobilenet_v2",
        channels=16,
        hidden=32,
        mask_layers=1,
        anchors=((8.0, 12.0),) * 4,
        regions=16,
        mask_side=10,
        anchors_compared=32,
    )
    model, batch = build_instance_model("mask_rcnn", settings, None, seed=0), boxes_batch([1, 2])
    optimizer, draws = torch.optim.AdamW(model.parameters(), 2e-3), generator()
    for _ in range(100):
        optimizer.zero_grad()
        model.loss(batch, draws).backward()
        optimizer.step()
    images = np.rint(255 * batch.images.permute(0, 2, 3, 1).numpy()).astype(np.uint8)
    for found, (mask, *_) in zip(predict_instances(model, images), batch.masks, strict=True):
        assert iou(found.masks, mask[None].numpy()).max() > 0.6


def test_mask_rcnn_refuses_images_with_unlabelled_objects(tiny, boxes_batch):
    model = build_instance_model("mask_rcnn", tiny["mask_rcnn"], None, seed=0)
    with pytest.raises(InputError, match="single"):
        model.loss(boxes_batch([1], [True]), generator())
