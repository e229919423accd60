import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment

from graspbook.instances.mask2former_loss import (
    NOTHING_WEIGHT,
    Labels,
    hungarian_match,
    layer_loss,
    sample,
    uncertain_points,
)

POINTS = 32


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def random_layer(boxes_batch):
    """Makes random predictions of one layer, and labels: the number of objects of each image."""

    def make(counts, queries=6, seed=0, single=None):
        rng = torch.Generator().manual_seed(seed)
        classes = torch.randn(len(counts), queries, 2, generator=rng, requires_grad=True)
        masks = torch.randn(len(counts), queries, 8, 8, generator=rng, requires_grad=True)
        return classes, masks, Labels(boxes_batch(counts, single, seed=seed))

    return make


def test_matching_is_the_cheapest_by_a_loop_over_pairs(random_layer):
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


def test_more_objects_than_queries_are_matched_as_far_as_queries_go(random_layer):
    classes, masks, labels = random_layer([9])
    image, query, label = hungarian_match(classes, masks, labels, 20, generator())
    assert len(image) == 6 and len(set(query.tolist())) == 6 and len(set(label.tolist())) == 6


def test_points_are_mostly_where_the_mask_is_least_sure():
    logits = torch.linspace(-9, 9, 32).expand(1, 1, 32, 32)  # a mask whose outline is in the middle
    points = uncertain_points(logits, 200, generator())
    near = ((points[0, :, 0] - 0.5).abs() < 0.15).float().mean()
    assert points.shape == (1, 200, 2) and near > 0.7


def test_only_the_matched_query_of_a_single_image_learns_its_class(random_layer):
    classes, masks, labels = random_layer([1, 2], single=[True, False])
    image, query, _ = hungarian_match(classes, masks, labels, POINTS, generator(1))
    layer_loss(classes, masks, labels, POINTS, None, generator(1)).backward()
    learns = classes.grad.abs().sum(-1) > 0
    assert learns[0].nonzero().flatten().tolist() == query[image == 0].tolist()
    assert learns[1].all()


def test_single_images_without_a_mask_teach_nothing(random_layer):
    classes, masks, labels = random_layer([0], single=[True])
    loss = layer_loss(classes, masks, labels, POINTS, None, generator())
    loss.backward()
    assert loss == 0 and (classes.grad == 0).all() and (masks.grad == 0).all()


def test_the_robust_margin_only_lowers_the_loss_and_a_margin_of_one_leaves_it(random_layer):
    classes, masks, labels = random_layer([2, 1], seed=3)
    losses = [layer_loss(classes, masks, labels, POINTS, margin, generator(2)) for margin in (None, 1.0, 0.7, 0.3)]
    assert losses[0] == losses[1] and losses[1] > losses[2] > losses[3]


def test_the_class_loss_without_single_images_is_the_weighted_mean_of_pytorch(random_layer):
    classes, masks, labels = random_layer([0, 0])
    target = torch.ones(2, 6, dtype=torch.long)
    expected = 2 * torch.nn.functional.cross_entropy(
        classes.transpose(1, 2), target, torch.tensor([1.0, NOTHING_WEIGHT])
    )
    torch.testing.assert_close(layer_loss(classes, masks, labels, POINTS, None, generator()), expected)


def test_a_query_without_an_object_weighs_a_tenth(boxes_batch):
    """The masks decide which query is matched, so that the class loss is known but for the masks' part."""
    labels = Labels(boxes_batch([1]))
    inside = labels.masks[None, 0] * 18 - 9
    masks = torch.cat([inside, -inside], 1)

    def loss(classes):
        return layer_loss(torch.tensor([classes]), masks, labels, POINTS, None, generator())

    def expected(classes):
        wanted, other = -torch.tensor(classes).log_softmax(-1).diagonal()
        return 2 * (wanted + 0.1 * other) / 1.1

    one, two = [[0.5, -0.2], [0.3, 0.9]], [[-1.0, 1.0], [2.0, -0.5]]
    torch.testing.assert_close(loss(one) - loss(two), expected(one) - expected(two), atol=1e-5, rtol=1e-5)
