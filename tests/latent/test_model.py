import dataclasses

import numpy as np
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.instances.config import MaskRCNNSettings
from graspbook.instances.mask_rcnn import MaskRCNN, torchvision_targets
from graspbook.instances.model import ClassBatch
from graspbook.latent.config import LatentSettings
from graspbook.latent.gaussian import Gaussian, active_dimensions, beta_at, kl_divergence
from graspbook.latent.model import LatentMaskRCNN
from graspbook.latent.predict import draw_samples, predict
from graspbook.training.seeds import generator

TINY = MaskRCNNSettings(
    backbone="mobilenet_v2",
    channels=8,
    hidden=16,
    mask_layers=1,
    anchors=((8.0,), (16.0,), (32.0,), (64.0,)),
    regions=8,
    mask_side=8,
    anchors_compared=16,
)
CODE = LatentSettings(dimensions=3, hidden=12, rounds=2, side=8, sizes=True, residual=True, coordinates=False)


def build(latent=CODE, classes=1, seed=0):
    torch.manual_seed(seed)
    model = LatentMaskRCNN(TINY, latent, classes)
    for parameter in model.parameters():  # so that codes make a difference that can be seen
        if parameter.ndim > 1:
            parameter.data *= 1.5
    return model.eval()


def make_batch(counts=(2, 1), side=32, classes=1, seed=0):
    rng = np.random.default_rng(seed)
    images = torch.full((len(counts), 3, side, side), 0.2)
    masks = []
    for image, count in zip(images, counts, strict=True):
        found = torch.zeros(count, side, side, dtype=torch.bool)
        for mask in found:
            y, x = rng.integers(0, side - 12, 2)
            mask[y : y + 12, x : x + 12] = True
            image[:, mask] = 0.9
        masks.append(found)
    return ClassBatch(images, masks, [torch.from_numpy(rng.integers(0, classes, n)) for n in counts])


def assert_same(one, other):
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a.float(), b.float(), atol=2e-4, rtol=1e-3)


@torch.no_grad()
def test_with_a_zero_injection_it_is_the_plain_mask_rcnn():
    latent = build()
    torch.nn.init.zeros_(latent.injection.out.weight)
    torch.nn.init.zeros_(latent.injection.out.bias)
    plain, original = LatentMaskRCNN(TINY, None).eval(), MaskRCNN(TINY).eval()
    own = {key: value for key, value in latent.state_dict().items() if key.startswith("net.")}
    plain.load_state_dict(own)
    original.load_state_dict(own)
    images = make_batch().images
    for a, b, c in zip(latent.detect(images), plain.detect(images), original.detect(images), strict=True):
        assert len(a[0]) > 0
        assert_same(a, b)
        assert_same(b, c)
    some = make_batch()
    losses = [model.train().losses(some, generator(1))[0] for model in (latent, plain)]
    assert losses[0].keys() == losses[1].keys()
    for name, value in losses[1].items():
        torch.testing.assert_close(losses[0][name], value)


@torch.no_grad()
@pytest.mark.parametrize("latent", [CODE, dataclasses.replace(CODE, residual=False, coordinates=True)])
def test_codes_in_one_batch_answer_as_one_at_a_time(latent):
    model = build(latent)
    encoded = model.encode(make_batch().images)
    codes = 3 * torch.randn(2, 4, 3, generator=generator(2))
    together = model.decode(encoded, codes)
    for image in range(2):
        own = model.encode(make_batch().images[image : image + 1])
        for k in range(4):
            assert_same(together[image][k], model.decode(own, codes[image : image + 1, k : k + 1])[0][0])
    scores = [answer[0][:1] for answer in together[0]]
    assert any(not torch.allclose(scores[0], other) for other in scores[1:]), "the code changes nothing"


def test_the_kl_is_the_integral_of_its_definition():
    q = Gaussian(torch.tensor([[0.3, -1.0]]), torch.tensor([[-0.5, 0.4]]))
    p = Gaussian(torch.tensor([[0.0, 0.5]]), torch.tensor([[0.2, -0.3]]))
    z = torch.linspace(-12, 12, 48001, dtype=torch.float64)
    for d in range(2):
        normal = [
            torch.distributions.Normal(g.mean[0, d].double(), (g.log_variance[0, d].double() / 2).exp()) for g in (q, p)
        ]
        log_q, log_p = (n.log_prob(z) for n in normal)
        integral = torch.trapezoid(log_q.exp() * (log_q - log_p), z)
        assert kl_divergence(q, p)[0, d].item() == pytest.approx(integral.item(), abs=1e-5)
    assert kl_divergence(q, q).abs().max() < 1e-6
    assert active_dimensions(torch.tensor([[0.0, 0.5], [0.001, 0.1]])) == 1


def test_gradients_reach_encoder_and_prior():
    model, some = build().train(), make_batch()
    model.loss(some, generator(0), beta=0.1).backward()
    for name in ("encoder", "prior", "injection"):
        gradients = [p.grad for p in getattr(model, name).parameters() if p.requires_grad]
        assert all(g is not None and g.isfinite().all() for g in gradients), name
        assert any(g.abs().sum() > 0 for g in gradients), name
    model.zero_grad()
    model.loss(some, generator(0), beta=0.0).backward()
    assert model.encoder.out.weight.grad.abs().sum() > 0
    assert all(p.grad is None or not p.grad.any() for p in model.prior.parameters()), "without beta, no prior learns"


def test_beta_adds_the_kl_and_draws_depend_on_the_generator_alone():
    model, some = build().train(), make_batch()
    with torch.no_grad():
        losses, kl = model.losses(some, generator(3))
        total = model.loss(some, generator(3), beta=0.5)
        torch.testing.assert_close(total, sum(losses.values()) + 0.5 * kl.sum(1).mean())
        state = torch.get_rng_state()
        model.loss(some, generator(3))
        torch.testing.assert_close(torch.get_rng_state(), state)


@torch.no_grad()
def test_images_without_instances_and_several_classes():
    model, some = build(classes=3), make_batch((0, 2), classes=3)
    losses, kl = model.train().losses(some, generator(0))
    assert all(value.isfinite() for value in losses.values()) and kl.isfinite().all()
    model.calibrate([some, make_batch((3, 1), classes=3, seed=1)])
    for _, _, classes in model.eval().detect_classes(some.images):
        assert classes.numel() == 0 or (0 <= classes.min() and classes.max() < 3)


@torch.no_grad()
def test_a_calibrated_encoder_tells_images_apart():
    model = build().train()
    batches = [make_batch((k % 3 + 1, (k + 1) % 4 + 1), seed=k) for k in range(6)]
    model.calibrate(batches)
    means = []
    for some in batches:
        targets = torchvision_targets(some.masks, [classes + 1 for classes in some.classes])
        images, targets = model.net.transform(list(some.images), targets)
        q = model.encoder(model.net.backbone(images.tensors), targets, images.image_sizes)
        means.append(q.mean)
    means = torch.cat(means)
    assert 0.5 < means.std(0)[0] < 2.5 and means.mean(0).abs().max() < 1e-3
    assert (q.log_variance == -6).all()


def test_beta_rises_between_two_points():
    values = [beta_at(step, 100, 0.03, (0.35, 0.7)) for step in (0, 35, 52, 70, 99)]
    np.testing.assert_allclose(values, [0, 0, 0.03 * 17 / 35, 0.03, 0.03])


def test_samples_are_the_same_for_the_same_key_and_a_plain_model_has_one_answer():
    image = np.uint8(make_batch().images[0].permute(1, 2, 0).numpy() * 255)
    model = build()
    one, again = (draw_samples(model, image, 3, 5, 0, least=0.1) for _ in range(2))
    assert len(one) == 3 and all(sample.scores.min(initial=1) >= 0.1 for sample in one)
    for a, b in zip(one, again, strict=True):
        np.testing.assert_array_equal(a.masks, b.masks)
    plain = build(None)
    same = draw_samples(plain, image, 2, 5)
    np.testing.assert_array_equal(same[0].masks, predict(plain, image[None])[0].masks)
    with torch.no_grad(), pytest.raises(InputError, match="codes"):
        plain.decode(plain.encode(make_batch().images), torch.zeros(2, 1, 3))


@torch.no_grad()
def test_a_decoder_learns_with_the_code_that_is_asked_for(monkeypatch):
    model, some, seen = build().train(), make_batch(), {}
    model.encoder.register_forward_hook(lambda part, given, found: seen.update(q=found))
    model.prior.register_forward_hook(lambda part, given, found: seen.update(p=found))
    model.injection.register_forward_pre_hook(lambda part, given: seen.update(z=given[1][:, 0]))
    for code in ("own", "prior", "other", "sample"):
        _, kl = model.losses(some, generator(3), code)
        q, p = seen["q"], seen["p"]
        expected = {"own": q.mean, "prior": p.mean, "other": q.mean[[1, 0]]}
        if code == "sample":
            assert not any(torch.equal(seen["z"], other) for other in expected.values())
        else:
            torch.testing.assert_close(seen["z"], expected[code])
            assert not torch.equal(seen["z"], expected["own" if code != "own" else "prior"])
        torch.testing.assert_close(kl, kl_divergence(q, p))
        assert not torch.allclose(kl, kl_divergence(p, q))


@torch.no_grad()
def test_a_threshold_holds_for_one_decoding():
    model = build()
    usual = model.net.roi_heads.score_thresh
    encoded = model.encode(make_batch().images)
    assert model.decode(encoded, torch.zeros(2, 1, 3), 0.9999) is not None
    assert model.net.roi_heads.score_thresh == usual


def test_each_key_and_each_sample_has_a_code_of_its_own(monkeypatch):
    image, model, given = np.zeros((32, 32, 3), np.uint8), build(), []
    nothing = torch.tensor([0.2, 0.6]), torch.ones(2, 32, 32, dtype=torch.bool), torch.zeros(2, dtype=torch.int64)
    monkeypatch.setattr(
        model,
        "decode",
        lambda encoded, codes, least=0.0: given.append((codes[0], least)) or [[nothing] * codes.shape[1]],
    )
    found = [draw_samples(model, image, 3, key, least=0.5) for key in (5, 6)]
    assert [[len(sample) for sample in own] for own in found] == [[1, 1, 1]] * 2, "sure enough"
    assert len({row.numpy().tobytes() for codes, _ in given for row in codes}) == 6
    assert [least for _, least in given] == [0.5, 0.5]


def test_images_in_several_batches_have_answers_of_their_own():
    images = np.random.default_rng(0).integers(0, 255, (3, 32, 32, 3)).astype(np.uint8)
    model = build(None)
    together = predict(model, images, batch_size=2)
    assert len(together) == 3
    for own, image in zip(together, images, strict=True):
        np.testing.assert_allclose(own.scores, predict(model, image[None])[0].scores, atol=1e-4)
    assert any(len(own) != len(together[0]) or not np.allclose(own.scores, together[0].scores) for own in together[1:])
