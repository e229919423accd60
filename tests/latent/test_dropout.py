import numpy as np
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.instances.model import images_to_tensor
from graspbook.latent.dropout import dropout_samples
from graspbook.latent.predict import predict
from tests.latent.test_model import build


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(0, 255, (32, 48, 3)).astype(np.uint8)


def test_without_dropout_all_answers_are_the_models_own(image):
    model = build(None)
    own = predict(model, image[None])[0]
    for sample in dropout_samples(model, image, 3, 0.0, 1):
        np.testing.assert_allclose(sample.scores, own.scores, atol=1e-4)
        assert (sample.masks != own.masks).mean() < 0.01


def test_answers_differ_and_repeat(image):
    model = build(None)
    one, again = (dropout_samples(model, image, 2, 0.5, 7) for _ in range(2))
    assert len(one) == 2
    assert len(one[0]) != len(one[1]) or not np.allclose(one[0].scores, one[1].scores)
    for a, b in zip(one, again, strict=True):
        np.testing.assert_array_equal(a.masks, b.masks)


def test_a_model_with_a_code_is_refused(image):
    with pytest.raises(InputError, match="expected a plain Mask R-CNN"):
        dropout_samples(build(), image, 2, 0.1, 1)


@torch.inference_mode()
def test_what_is_kept_is_enlarged_so_that_the_mean_stays(image, monkeypatch):
    model, given = build(None), []
    own, decode = model.encode(images_to_tensor(image[None])).features, model.decode
    monkeypatch.setattr(model, "decode", lambda encoded, codes: given.append(encoded) or decode(encoded, codes))
    dropout_samples(model, image, 2, 0.75, 1)
    for level, features in given[0].features.items():
        ratio = (features / own[level])[(own[level].abs() > 1e-6).expand_as(features)]
        assert set(ratio.round(decimals=2).tolist()) <= {0.0, 4.0}
