import torch

from graspbook.instances.mask2former import waves


def test_position_features_tell_any_two_pixels_apart():
    places = waves(12, 18)[0].flatten(1).T
    distance = torch.cdist(places, places) + torch.eye(len(places))
    assert distance.min() > 0.05 and places.abs().max() <= 1
