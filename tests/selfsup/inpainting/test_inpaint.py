import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionInpaintPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from graspbook.core.errors import InputError
from graspbook.selfsup.inpainting.diffusion import build_inpaint_model, save_inpaint_model
from graspbook.selfsup.inpainting.inpaint import BundledInpainter, StableDiffusionInpainter, open_inpainter
from tests.conftest import standard

SELFSUP = standard("selfsup")
TINY = replace(SELFSUP.inpaint.model, channels=(8, 16), block=2)


def tiny_pipeline(folder):
    """A random pipeline of Stable Diffusion's own classes, saved to `folder`."""
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=8, in_channels=9, out_channels=4, layers_per_block=1, block_out_channels=(8, 16),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=16, attention_head_dim=2, norm_num_groups=4,
    )  # fmt: skip
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(4, 8, 8, 8), norm_num_groups=4, latent_channels=4, sample_size=64,
    )  # fmt: skip
    tokens = ["<|startoftext|>", "<|endoftext|>", "a", "a</w>"]
    source = folder.with_name("tokenizer-source")
    source.mkdir()
    (source / "vocab.json").write_text(json.dumps({token: place for place, token in enumerate(tokens)}))
    (source / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer.from_pretrained(source, model_max_length=8)
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokens), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
            max_position_embeddings=8, bos_token_id=0, eos_token_id=1, pad_token_id=1,
        )
    )  # fmt: skip
    StableDiffusionInpaintPipeline(
        vae=vae, text_encoder=text, tokenizer=tokenizer, unet=unet, safety_checker=None,
        scheduler=DDIMScheduler(steps_offset=1), feature_extractor=None, requires_safety_checker=False,
    ).save_pretrained(folder)  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def pipeline_folder(tmp_path_factory):
    return tiny_pipeline(tmp_path_factory.mktemp("pipeline") / "stable-diffusion")


@pytest.fixture(scope="module", params=["bundled", "stable-diffusion"])
def inpainter(request, pipeline_folder):
    if request.param == "stable-diffusion":
        return StableDiffusionInpainter(pipeline_folder, steps=2, strength=1.0)
    return BundledInpainter(build_inpaint_model(TINY, 0), steps=2, strength=1.0)


def batch(seed=0, shape=(3, 20, 28)):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (*shape, 3), dtype=np.uint8), rng.random(shape) < 0.3


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_pixels_outside_the_masks_are_bit_identical_and_inside_something_is_made_up(inpainter):
    images, masks = batch()
    kept = images.copy()
    made = inpainter(images, masks, generator())
    assert made.dtype == np.uint8 and made.shape == images.shape
    np.testing.assert_array_equal(made[~masks], images[~masks])
    assert all((made[i][masks[i]] != images[i][masks[i]]).any() for i in range(len(images)))
    np.testing.assert_array_equal(images, kept)


def test_without_a_mask_nothing_changes(inpainter):
    images, masks = batch()
    made = inpainter(images, np.zeros_like(masks), generator())
    np.testing.assert_array_equal(made, images)
    assert made is not images and not np.shares_memory(made, images)


def test_a_whole_image_can_be_made_up_and_does_not_depend_on_what_it_was(inpainter):
    images, masks = batch(shape=(1, 16, 24))
    everywhere = np.ones_like(masks)
    made = inpainter(images, everywhere, generator())
    np.testing.assert_array_equal(made, inpainter(255 - images, everywhere, generator()))


def test_an_image_without_a_mask_among_others_is_copied_and_leaves_the_others_noise_alone(inpainter):
    images, masks = batch()
    all_made = inpainter(images, masks, generator())
    some = masks.copy()
    some[1] = False
    made = inpainter(images, some, generator())
    np.testing.assert_array_equal(made[1], images[1])
    # the same up to what another batch size does to the last bits
    assert np.abs(made[[0, 2]].astype(int) - all_made[[0, 2]]).max() <= 1


def test_the_generator_is_the_only_randomness(inpainter):
    images, masks = batch()
    torch.manual_seed(0)
    one = inpainter(images, masks, generator(1))
    torch.manual_seed(1)
    np.testing.assert_array_equal(one, inpainter(images, masks, generator(1)))
    assert (one != inpainter(images, masks, generator(2))).any()


def test_the_generator_moves_on_by_as_much_for_any_masks(inpainter):
    images, masks = batch()
    states = []
    for mask in (masks, np.zeros_like(masks), np.ones_like(masks)):
        source = generator(4)
        inpainter(images, mask, source)
        states.append(source.get_state())
    assert all(torch.equal(states[0], state) for state in states)


def test_an_empty_batch_is_an_empty_batch(inpainter):
    images, masks = np.zeros((0, 16, 24, 3), np.uint8), np.zeros((0, 16, 24), bool)
    assert inpainter(images, masks, generator()).shape == images.shape


@pytest.mark.parametrize(
    ("images", "masks", "message"),
    [
        (np.zeros((1, 8, 8, 3), np.float32), np.zeros((1, 8, 8), bool), "images"),
        (np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), bool), "images"),
        (np.zeros((1, 8, 8, 3), np.uint8), np.zeros((1, 8, 9), bool), "masks"),
        (np.zeros((1, 8, 8, 3), np.uint8), np.zeros((1, 8, 8), np.uint8), "masks"),
    ],
)
def test_arrays_that_do_not_fit_are_named(inpainter, images, masks, message):
    with pytest.raises(InputError, match=message):
        inpainter(images, masks, generator())


def test_locations_without_a_pipeline_are_named(tmp_path):
    for location in (tmp_path, str(tmp_path / "absent"), "./absent"):
        with pytest.raises(InputError, match=r"model_index\.json"):
            StableDiffusionInpainter(location, 4, 1.0)
    (tmp_path / "model_index.json").write_text("{}")
    with pytest.raises(InputError, match="not a Stable Diffusion inpainting pipeline"):
        StableDiffusionInpainter(tmp_path, 4, 1.0)


def test_engines_open_by_name(tmp_path, pipeline_folder):
    path = tmp_path / "model.safetensors"
    save_inpaint_model(build_inpaint_model(TINY, 0), path)
    bundled = replace(SELFSUP.inpainter, denoising_steps=3, strength=0.5)
    diffusion = replace(bundled, engine="stable-diffusion", location=str(pipeline_folder))
    for config, kind in ((bundled, BundledInpainter), (diffusion, StableDiffusionInpainter)):
        opened = open_inpainter(config, path)
        assert isinstance(opened, kind) and (opened.steps, opened.strength) == (3, 0.5)


@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_stable_diffusion_takes_as_many_steps_as_asked(pipeline_folder, monkeypatch, strength):
    inpainter = StableDiffusionInpainter(pipeline_folder, steps=4, strength=strength)
    calls = []
    forward = inpainter.pipeline.unet.forward
    monkeypatch.setattr(inpainter.pipeline.unet, "forward", lambda *a, **k: (calls.append(1), forward(*a, **k))[1])
    inpainter(*batch(shape=(2, 16, 16)), generator())
    assert len(calls) == 4
