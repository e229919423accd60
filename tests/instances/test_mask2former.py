import pytest
import torch
from torch import nn

from graspbook.instances.mask2former import Mask2Former, waves


def test_position_features_tell_any_two_pixels_apart():
    places = waves(12, 18)[0].flatten(1).T
    distance = torch.cdist(places, places) + torch.eye(len(places))
    assert distance.min() > 0.05 and places.abs().max() <= 1


class Told(Mask2Former):
    """Says what it is told, without a network."""

    def __init__(self, classes, masks):
        nn.Module.__init__(self)
        self._said = classes, masks

    def forward(self, images):
        return [self._said]


def test_a_score_is_the_chance_of_an_object_times_the_mean_chance_inside_its_mask():
    classes = torch.tensor([[[2.0, 1.0], [0.0, 3.0]]])
    masks = torch.tensor([[[[4.0, -1.0], [0.5, -0.1]], [[-1.0, -2.0], [-3.0, -4.0]]]])
    ((scores, found),) = Told(classes, masks).detect(torch.zeros(1, 3, 2, 2))
    assert found.tolist() == [[[True, False], [True, False]], [[False] * 2] * 2]
    chance = classes.softmax(-1)[0, 0, 0]
    assert scores[0] == pytest.approx(float(chance * torch.tensor([4.0, 0.5]).sigmoid().mean()), rel=1e-6)
    assert scores[1] == 0
