import math

import pytest
import torch

from graspbook.joint import losses
from graspbook.joint.losses import Targets
from graspbook.joint.targets import find_centres


def targets(instances):
    centres = torch.stack([torch.from_numpy(find_centres(part.numpy())) for part in instances])
    return Targets((instances > 0).long(), instances, centres)


@pytest.fixture
def scene():
    """Three images on a 6 x 7 grid: four instances, one, none; and embeddings of them in 5 dimensions."""
    torch.manual_seed(0)
    instances = torch.zeros(3, 6, 7, dtype=torch.long)
    instances[0, :2, :3], instances[0, 3:, :2], instances[0, 2:5, 4:], instances[0, 5, 6] = 4, 1, 9, 2
    instances[1, 1:4, 2:5] = 3
    return (0.6 * torch.randn(3, 5, 6, 7)).requires_grad_(), targets(instances)


def naive(embeddings, wanted, attract, repel):
    """Equations (3), (4) and the regularisation as loops, in double precision."""
    totals = [0.0, 0.0, 0.0]
    for vectors, instances, centres in zip(embeddings.double(), wanted.instances, wanted.centres, strict=True):
        middle = {int(instances[y, x]): vectors[:, y, x].tolist() for y, x in centres.nonzero().tolist()}
        if not middle:
            continue
        pull = 0.0
        for number, centre in middle.items():
            inside = (instances == number).nonzero().tolist()
            pull += sum(max(0.0, math.dist(centre, vectors[:, y, x].tolist()) - attract) for y, x in inside) / len(
                inside
            )
        totals[0] += pull / len(middle)
        pairs = [(a, b) for a in middle for b in middle if a != b]
        if pairs:
            totals[1] += sum(max(0.0, repel - math.dist(middle[a], middle[b])) for a, b in pairs) / len(pairs)
        totals[2] += sum(math.hypot(*centre) for centre in middle.values()) / len(middle)
    return [total / len(embeddings) for total in totals]


def test_embedding_losses_are_what_naive_loops_find(scene):
    embeddings, wanted = scene
    found = losses.embedding_losses(embeddings, wanted, 0.1, 1.0)
    assert [value.item() for value in found] == pytest.approx(naive(embeddings.detach(), wanted, 0.1, 1.0), rel=1e-4)


def test_a_picture_without_instances_costs_nothing_and_one_instance_is_not_repelled(scene):
    embeddings, wanted = scene
    for image, free in ((2, (0, 1, 2)), (1, (1,))):
        part = Targets(*(value[image : image + 1] for value in (wanted.classes, wanted.instances, wanted.centres)))
        found = losses.embedding_losses(embeddings[image : image + 1], part, 0.1, 1.0)
        for term in free:
            assert found[term].item() == 0
        sum(found).backward()
        assert torch.isfinite(embeddings.grad).all()


def test_equal_embeddings_have_a_finite_gradient_and_are_repelled_in_full(scene):
    _, wanted = scene
    embeddings = torch.ones(3, 5, 6, 7, requires_grad=True)
    pull, push, _ = losses.embedding_losses(embeddings, wanted, 0.1, 1.0)
    assert pull.item() == 0
    assert push.item() == pytest.approx(1 / 3)  # of three images one has pairs
    (pull + push).backward()
    assert torch.isfinite(embeddings.grad).all()


@pytest.mark.parametrize("focus", ["printed", "background"])
@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_the_centre_loss_is_what_a_naive_loop_finds(scene, focus, gamma):
    _, wanted = scene
    torch.manual_seed(1)
    logits = 3 * torch.randn(3, 6, 7)
    total = 0.0
    for x, y in zip(logits.double().flatten().tolist(), wanted.centres.flatten().tolist(), strict=True):
        p, alpha = 1 / (1 + math.exp(-x)), 0.01 if focus == "printed" else 0.99
        total -= alpha * (1 - p) ** gamma * math.log(p) if y else (1 - alpha) * p**gamma * math.log(1 - p)
    found = losses.centre_loss(logits, wanted.centres, 0.01, gamma, focus).item()
    assert found == pytest.approx(total / 5, rel=1e-4)


def test_the_centre_loss_is_finite_for_the_surest_and_without_a_centre():
    logits = torch.tensor([[[-200.0, 200.0]]], requires_grad=True)
    loss = losses.centre_loss(logits, torch.tensor([[[True, False]]]))
    loss.backward()
    assert loss.item() == pytest.approx(0.99 * 200 + 0.01 * 200)
    assert torch.isfinite(logits.grad).all()
    assert losses.centre_loss(torch.full((1, 2, 2), -50.0), torch.zeros(1, 2, 2, dtype=bool)).item() == 0


def test_printed_alpha_and_the_background_one_differ_by_what_they_weigh():
    """A network that says the prior everywhere: as printed, the push on a centre is ten thousand times weaker."""
    pushes = {}
    for focus in ("printed", "background"):
        logits = torch.full((1, 10, 10), -math.log(9.0), requires_grad=True)
        centres = torch.zeros(1, 10, 10, dtype=torch.bool)
        centres[0, 4, 4] = True
        losses.centre_loss(logits, centres, focus=focus).backward()
        pushes[focus] = (-logits.grad[0, 4, 4] / logits.grad[0, 0, 0]).item()
    assert pushes["background"] / pushes["printed"] == pytest.approx(99**2, rel=1e-3)


def test_class_weights_fall_with_frequency_and_an_absent_class_has_a_finite_one():
    weights = losses.class_weights(torch.tensor([1.0, 0.1, 0.0]))
    expected = [1 / math.log(2.02), 1 / math.log(1.12), 1 / math.log(1.02)]
    assert weights.tolist() == pytest.approx(expected, rel=1e-4)


def test_the_semantic_loss_is_a_weighted_mean_and_takes_a_batch_that_lacks_a_class():
    torch.manual_seed(2)
    logits, classes, weights = torch.randn(2, 3, 4, 5), torch.randint(0, 2, (2, 4, 5)), torch.tensor([1.0, 4.0, 50.0])
    total = norm = 0.0
    for image, row, column in [(b, i, j) for b in range(2) for i in range(4) for j in range(5)]:
        y = int(classes[image, row, column])
        chance = logits[image, :, row, column].double().softmax(0)[y].item()
        total -= float(weights[y]) * math.log(chance)
        norm += float(weights[y])
    assert losses.semantic_loss(logits, classes, weights).item() == pytest.approx(total / norm, rel=1e-4)
