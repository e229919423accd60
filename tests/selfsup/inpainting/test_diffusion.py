import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from graspbook.core.errors import InputError
from graspbook.selfsup.inpainting.diffusion import (
    FORMAT,
    InpaintModel,
    build_inpaint_model,
    denoise,
    draw_noise,
    load_inpaint_model,
    noise_schedule,
    save_inpaint_model,
)
from tests.conftest import standard

STANDARD = standard("selfsup").inpaint.model
TINY = replace(STANDARD, channels=(8, 16), block=2)


class Oracle(torch.nn.Module):
    """Knows the clean image, and keeps what it was asked."""

    def __init__(self, truth, config=TINY):
        super().__init__()
        self.truth, self.config, self.asked = truth, config, []

    def forward(self, noisy, level, image, mask):
        self.asked.append((noisy.clone(), level.clone()))
        return self.truth


def batch(count=2, height=12, width=20, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = 2 * torch.rand(count, 3, height, width, generator=generator) - 1
    masks = (torch.rand(count, 1, height, width, generator=generator) < 0.3).float()
    return images, masks, torch.randn(images.shape, generator=generator)


@pytest.mark.parametrize(("height", "width"), [(16, 24), (13, 21), (4, 4)])
def test_prediction_has_the_shape_of_the_image_even_where_the_network_pads(height, width):
    images, masks, noise = batch(2, height, width)
    assert build_inpaint_model(TINY, 0)(noise, torch.tensor([0, 999]), images, masks).shape == images.shape


def test_what_is_under_the_mask_is_not_seen():
    model = build_inpaint_model(TINY, 0).eval()
    images, masks, noise = batch()
    other = torch.where(masks > 0, torch.randn(images.shape), images)
    level = torch.tensor([10, 10])
    with torch.inference_mode():
        assert torch.equal(model(noise, level, images, masks), model(noise, level, other, masks))


def test_a_model_that_knows_the_answer_paints_it_whatever_the_number_of_steps():
    images, masks, noise = batch()
    truth = torch.rand(images.shape) * 2 - 1
    for steps in (1, 2, 4, 10):
        made = denoise(Oracle(truth), images, masks, noise, steps)
        assert torch.allclose(made, torch.where(masks > 0, truth, images), atol=1e-5)


def test_denoising_starts_from_pure_noise_and_keeps_the_known_part_at_each_steps_level():
    images, masks, noise = batch()
    oracle = Oracle(torch.zeros_like(images))
    denoise(oracle, images, masks, noise, 4)
    levels = [int(level[0]) for _, level in oracle.asked]
    assert levels == [999, 749, 499, 249]
    assert torch.allclose(oracle.asked[0][0], noise, atol=1e-6)
    kept = noise_schedule(TINY).alphas_cumprod
    for noisy, level in oracle.asked:
        a = kept[level[0]]
        known = a.sqrt() * images + (1 - a).sqrt() * noise
        outside = (masks == 0).expand_as(images)
        assert torch.allclose(noisy[outside], known[outside], atol=1e-5)


def test_denoising_follows_the_ddim_formula():
    images, _, noise = batch()
    masks = torch.ones_like(images[:, :1])
    model = build_inpaint_model(TINY, 0).eval()
    made = denoise(model, images, masks, noise, 4)
    kept = noise_schedule(TINY).alphas_cumprod.double()
    x = noise.double()
    levels = [999, 749, 499, 249]
    with torch.inference_mode():
        for level, after in zip(levels, [*levels[1:], None], strict=True):
            clean = model(x.float(), torch.tensor([level] * 2), images, masks).double()
            error = (x - kept[level].sqrt() * clean) / (1 - kept[level]).sqrt()
            clean = clean.clamp(-1, 1)
            a = kept[after] if after is not None else noise_schedule(TINY).final_alpha_cumprod.double()
            x = a.sqrt() * clean + (1 - a).sqrt() * error
    assert torch.allclose(made.double(), x.clamp(-1, 1), atol=1e-3)


def test_nothing_changes_outside_the_mask():
    images, masks, noise = batch()
    made = denoise(build_inpaint_model(TINY, 0).eval(), images, masks, noise, 2)
    outside = (masks == 0).expand_as(images)
    assert torch.equal(made[outside], images[outside])
    assert not torch.equal(made, images)
    assert made.abs().max() <= 1


def test_at_less_than_full_strength_a_trace_of_what_was_there_shows_through():
    images, _, noise = batch()
    masks = torch.ones_like(images[:, :1])
    oracle = Oracle(torch.zeros_like(images))
    denoise(oracle, images, masks, noise, 4, strength=0.5)
    assert [int(level[0]) for _, level in oracle.asked] == [499, 374, 249, 124]
    a = noise_schedule(TINY).alphas_cumprod[499]
    assert torch.allclose(oracle.asked[0][0], a.sqrt() * images + (1 - a).sqrt() * noise, atol=1e-5)


@pytest.mark.parametrize("strength", [0, -0.5, 1.5])
def test_an_impossible_strength_is_refused(strength):
    images, masks, noise = batch()
    with pytest.raises(InputError, match="strength"):
        denoise(Oracle(images), images, masks, noise, 1, strength)


@pytest.mark.parametrize("steps", [0, -1, 1001])
def test_an_impossible_number_of_steps_is_refused(steps):
    images, masks, noise = batch()
    with pytest.raises(InputError, match=f"steps: {steps}"):
        denoise(Oracle(images), images, masks, noise, steps)


def test_the_schedule_ends_in_pure_noise():
    kept = noise_schedule(TINY).alphas_cumprod
    assert kept[-1] == pytest.approx(0, abs=1e-6)
    assert (kept.diff() < 0).all()


def test_a_stored_model_is_the_same_up_to_half_precision(tmp_path):
    model = build_inpaint_model(TINY, 3)
    path = tmp_path / "deep" / "inpaint.safetensors"
    save_inpaint_model(model, path)
    loaded = load_inpaint_model(path)
    assert loaded.config == TINY and not loaded.training
    for key, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value.half().float())
    assert all(value.dtype == torch.float16 for value in load_file(path).values())
    again = tmp_path / "again.safetensors"
    save_inpaint_model(loaded, again)
    assert again.read_bytes() == path.read_bytes()
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_standard_model_is_small():
    parameters = sum(p.numel() for p in build_inpaint_model(STANDARD, 0).parameters())
    assert 2 * parameters < 4e6  # bytes of its file


def test_files_that_are_no_inpainting_model_are_named(tmp_path):
    with pytest.raises(InputError, match="missing"):
        load_inpaint_model(tmp_path / "none.safetensors")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no")
    with pytest.raises(InputError, match=r"broken\.safetensors: not a safetensors file"):
        load_inpaint_model(broken)
    other = tmp_path / "other.safetensors"
    save_file({"x": torch.zeros(1)}, other)
    with pytest.raises(InputError, match="no field"):
        load_inpaint_model(other)
    save_file({"x": torch.zeros(1)}, other, {FORMAT: json.dumps({"channels": [8], "layers": 1})})
    with pytest.raises(InputError, match="do not make a model"):
        load_inpaint_model(other)


@pytest.mark.parametrize("channels", [(), (12,), (0,), (8, 9)])
def test_numbers_of_channels_that_normalisation_cannot_group_are_refused(channels):
    with pytest.raises(InputError, match="channels"):
        InpaintModel(replace(STANDARD, channels=channels))


def test_building_and_noise_leave_the_global_generator_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    one, two = build_inpaint_model(TINY, 5), build_inpaint_model(TINY, 5)
    noise = draw_noise((2, 3), torch.Generator().manual_seed(1), torch.device("cpu"))
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    np.testing.assert_array_equal(noise, torch.randn((2, 3), generator=torch.Generator().manual_seed(1)))
