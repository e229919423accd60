import math

import numpy as np
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.mlgsl import losses
from graspbook.mlgsl.targets import padded_targets

KINDS = ("mlgsl", "mlgsl-log", "pixmse")


def naive(kind, maps, labels):
    """The losses as loops over images, labels and pixels, in double precision."""
    size, per_image = maps.shape[-1], []
    for q, sin, cos, w, rows in zip(*maps.double().unbind(1), labels.double(), strict=True):
        total, count = 0.0, 0
        normaliser = math.log(sum(math.exp(value) for line in q.tolist() for value in line))
        for u, v, phi, width in rows.tolist():
            if math.isnan(u):
                continue
            i, j = round(v), round(u)
            angle = ((sin[i, j] - math.sin(2 * phi)) ** 2 + (cos[i, j] - math.cos(2 * phi)) ** 2) / 2
            wide = (w[i, j] - width / (size / 2)) ** 2
            if kind == "mlgsl":
                total += normaliser - q[i, j] + angle + wide
            elif kind == "mlgsl-log":
                total += normaliser - q[i, j] + math.log(angle + 1e-4) + math.log(wide + 1e-4)
            else:
                total += (q[i, j] - 1) ** 2 + angle + wide
            count += 1
        per_image.append(total / count)
    return float(sum(per_image) / len(per_image))


@pytest.mark.parametrize("kind", KINDS)
def test_a_loss_is_what_a_naive_loop_finds(kind, batch):
    maps, labels = batch
    assert losses.grasp_loss(kind, maps, labels, None).item() == pytest.approx(naive(kind, maps, labels), rel=1e-4)


@pytest.mark.parametrize("masked", [False, True])
def test_imgmse_is_what_a_naive_loop_finds(masked, batch):
    maps, labels = batch
    targets = padded_targets(labels.numpy(), maps.shape[-1], 0.5, 1.0)
    n, _, height, width = maps.shape
    sums, inside = [0.0] * 4, 0
    for image in range(n):
        for i in range(height):
            for j in range(width):
                good = targets[image, 0, i, j]
                inside += good
                for channel in range(4):
                    if channel == 0 or not masked or good:
                        sums[channel] += float((maps[image, channel, i, j] - targets[image, channel, i, j]) ** 2)
    pixels = n * height * width
    expected = sums[0] / pixels + sum(sums[1:]) / (3 * inside) if masked else sum(sums) / pixels
    found = losses.imgmse(maps, torch.from_numpy(targets), masked=masked).item()
    assert found == pytest.approx(expected, rel=1e-4)


def test_a_width_inside_labels_only_keeps_its_weight(batch):
    maps, labels = batch
    targets = padded_targets(labels.numpy(), maps.shape[-1], 0.5, 0.0)
    expected = 0.0
    for image, i, j in np.ndindex(len(maps), *maps.shape[2:]):
        off = (maps[image, :, i, j].numpy() - targets[image, :, i, j]) ** 2
        expected += float(off[:3].sum() + (off[3] if targets[image, 0, i, j] == 1 else 0))
    found = losses.grasp_loss("imgmse-narrow", maps, labels, torch.from_numpy(targets)).item()
    assert found == pytest.approx(expected / (len(maps) * 24 * 24), rel=1e-4)


def test_the_control_is_a_cross_entropy_at_every_pixel_with_angle_and_width_inside(batch):
    maps, labels = batch
    targets = padded_targets(labels.numpy(), maps.shape[-1], 0.5, 0.0)
    entropy, errors, inside = 0.0, 0.0, 0
    for y, t in zip(maps.double().numpy(), targets, strict=True):
        for i, j in np.ndindex(y.shape[1:]):
            p = 1 / (1 + math.exp(-y[0, i, j]))
            entropy -= math.log(p if t[0, i, j] else 1 - p)
            if t[0, i, j]:
                inside += 1
                errors += float(((y[1:, i, j] - t[1:, i, j]) ** 2).sum())
    expected = entropy / (2 * 24 * 24) + errors / (3 * inside)
    found = losses.grasp_loss("imgbce", maps, labels, torch.from_numpy(targets)).item()
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("kind", [*KINDS, "imgmse", "imgmse-zero", "imgmse-narrow", "imgmse-masked", "imgbce"])
def test_a_grasp_and_its_half_turn_cost_the_same(kind, batch):
    maps, labels = batch
    for turns in (-1, 1, 2):
        turned = labels + torch.tensor([0.0, 0.0, turns * math.pi, 0.0])
        costs = []
        for rows in (labels, turned):
            targets = torch.from_numpy(padded_targets(rows.numpy(), maps.shape[-1], 0.5, 1.0))
            costs.append(losses.grasp_loss(kind, maps, rows, targets).item())
        assert costs[0] == pytest.approx(costs[1], rel=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_missing_labels_have_no_part_in_value_or_gradient(kind, batch):
    maps, labels = batch
    fewer = labels[1:, :3]
    values, gradients = [], []
    for rows in (labels[1:], fewer):
        leaf = maps[1:].clone().requires_grad_()
        value = losses.grasp_loss(kind, leaf, rows, None)
        value.backward()
        values.append(value.item())
        gradients.append(leaf.grad)
    assert values[0] == pytest.approx(values[1])
    torch.testing.assert_close(*gradients)
    assert torch.isfinite(gradients[0]).all()


def test_only_the_likelihood_says_something_about_pixels_without_labels(batch):
    maps, labels = batch
    for kind, everywhere in (("mlgsl", True), ("pixmse", False)):
        leaf = maps.clone().requires_grad_()
        losses.grasp_loss(kind, leaf, labels, None).backward()
        assert (leaf.grad[:, 0] != 0).all().item() is everywhere
        assert (leaf.grad[:, 1:] != 0).float().mean() < 0.02


def test_the_likelihood_is_a_distribution_over_pixels(batch):
    maps, _ = batch
    every = np.stack(np.meshgrid(np.arange(24), np.arange(24)), -1).reshape(1, -1, 2)
    rows = torch.from_numpy(np.concatenate([every, np.zeros_like(every) + 1], -1).astype(np.float32)).expand(2, -1, -1)
    torch.testing.assert_close(torch.exp(-losses.selection(maps, rows)).sum(1), torch.ones(2))


def test_an_unknown_loss_and_missing_label_images_are_refused(batch):
    maps, labels = batch
    with pytest.raises(InputError, match="no 'mse'"):
        losses.grasp_loss("mse", maps, labels, None)
    with pytest.raises(InputError, match="needs label images"):
        losses.grasp_loss("imgmse", maps, labels, None)
