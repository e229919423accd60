import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torchvision.ops import FeaturePyramidNetwork

from graspbook.core.errors import InputError
from graspbook.nn.backbone import normalise_rgb
from graspbook.nn.registry import build_backbone
from graspbook.nn.weights import Pretrained
from graspbook.selfsup.grasp_segmentation.model import (
    FORMAT,
    build_grasp_segmenter,
    images_to_tensors,
    load_grasp_segmenter,
    predict_grasps,
    save_grasp_segmenter,
)
from tests.conftest import standard

NETWORK = standard("selfsup").train.network
SMALL = replace(NETWORK, fpn_channels=8, first_layer="random", freeze_norm=False)


@pytest.fixture(scope="module")
def pretrained():
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return Pretrained(build_backbone("mobilenet_v2").state_dict())


@pytest.fixture(scope="module")
def model():
    return build_grasp_segmenter(SMALL, None, seed=0).eval()


def images(count, height, width, seed=0):
    rng = np.random.default_rng(seed)
    before, after = rng.integers(0, 256, (2, count, height, width, 3), dtype=np.uint8)
    return before, after, rng.random((count, height, width)) < 0.1


@pytest.mark.parametrize("size", [(64, 96), (32, 32), (50, 70), (1, 1), (33, 31)])
def test_predicts_two_probabilities_per_pixel_at_any_size(model, size):
    probabilities = predict_grasps(model, *images(3, *size), batch_size=2)
    assert probabilities.shape == (3, 2, *size)
    assert probabilities.dtype == np.float32
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_no_grasp_gives_no_prediction(model):
    assert predict_grasps(model, *images(0, 32, 48)).shape == (0, 2, 32, 48)


def test_batch_size_does_not_change_predictions(model):
    grasps = images(5, 32, 48)
    assert np.allclose(
        predict_grasps(model, *grasps, batch_size=5), predict_grasps(model, *grasps, batch_size=2), atol=1e-5
    )


def test_prediction_leaves_the_mode_as_it_was(model):
    model.train()
    predict_grasps(model, *images(1, 32, 32))
    assert model.training
    model.eval()


@pytest.mark.parametrize("changed", [0, 1, 2])
def test_every_input_matters(model, changed):
    grasps = list(images(1, 64, 64))
    first = predict_grasps(model, *grasps)
    grasps[changed] = np.zeros_like(grasps[changed])
    assert not np.allclose(first, predict_grasps(model, *grasps), atol=1e-6)


def test_shapes_that_do_not_agree_are_refused(model):
    before, after, suction = images(2, 32, 48)
    for wrong in ((before[:1], after, suction), (before, after, suction[:, :-1]), (before[..., :1], after, suction)):
        with pytest.raises(InputError, match="expected"):
            predict_grasps(model, *wrong)


def test_same_seed_same_start_and_the_global_generator_is_left_alone(pretrained):
    state = torch.get_rng_state()
    first, again, other = (build_grasp_segmenter(SMALL, pretrained, seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(first[key], again[key]) for key in first)
    key = "features.backbone.features.0.0.weight"
    assert not torch.equal(first[key], other[key])


def test_random_first_layer_keeps_all_other_pretrained_layers(pretrained):
    state = build_grasp_segmenter(SMALL, pretrained, 0).features.backbone.state_dict()
    assert state["features.0.0.weight"].shape == (32, 10, 3, 3)
    for key, value in pretrained.body.items():
        assert key == "features.0.0.weight" or torch.equal(state[key], value)


def test_inflated_first_layer_starts_as_features_of_the_before_image(pretrained):
    config = replace(NETWORK, fpn_channels=8, first_layer="inflated")
    model = build_grasp_segmenter(config, pretrained, 0).eval()
    rgb = build_backbone("mobilenet_v2").eval()
    rgb.load_state_dict(pretrained.body)
    before, _, _ = images(1, 32, 48)
    b, a, g = images_to_tensors(before, before, np.zeros((1, 32, 48), bool), torch.device("cpu"))
    seen = []
    model.features.backbone.first_conv.register_forward_hook(lambda _, inputs, output: seen.extend([*inputs, output]))
    model(b, a, g)  # nothing changed and no cup: only i_b is left
    assert torch.allclose(seen[1], rgb.first_conv(seen[0][:, :3]), atol=1e-5)


def test_inflating_random_weights_is_refused():
    with pytest.raises(InputError, match="first_layer"):
        build_grasp_segmenter(replace(NETWORK, first_layer="inflated"), None, 0)


def test_pretrained_pyramid_is_used_and_must_fit(pretrained):
    pyramid = FeaturePyramidNetwork([24, 32, 96, 320], 8).state_dict()
    model = build_grasp_segmenter(SMALL, Pretrained(pretrained.body, pyramid), 0)
    assert torch.equal(model.features.fpn.state_dict()["layer_blocks.0.0.weight"], pyramid["layer_blocks.0.0.weight"])
    with pytest.raises(InputError, match="fpn_channels: 16"):
        build_grasp_segmenter(
            replace(NETWORK, fpn_channels=16, first_layer="random"), Pretrained(pretrained.body, pyramid), 0
        )


def test_frozen_normalisation_never_moves():
    config = replace(NETWORK, fpn_channels=8, first_layer="random", freeze_norm=True)
    model = build_grasp_segmenter(config, None, 0).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model(*images_to_tensors(*images(2, 32, 32), torch.device("cpu"))).sum().backward()
    norm = model.features.backbone.features[0][1]
    assert norm.weight.grad is None
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert model.features.backbone.first_conv.weight.grad is not None


def test_saved_model_comes_back_with_its_configuration(model, tmp_path):
    path = tmp_path / "folder" / "model.safetensors"
    save_grasp_segmenter(model, path)
    loaded = load_grasp_segmenter(path)
    assert loaded.config == model.config
    assert not loaded.training
    grasps = images(2, 32, 48)
    assert np.allclose(predict_grasps(loaded, *grasps), predict_grasps(model, *grasps), atol=2e-3)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_saved_matrices_are_in_half_precision_and_vectors_in_full(model, tmp_path):
    save_grasp_segmenter(model, tmp_path / "m.safetensors")
    with safe_open(tmp_path / "m.safetensors", "pt") as file:
        assert file.get_tensor("head.2.weight").dtype == torch.float16
        assert file.get_tensor("head.2.bias").dtype == torch.float32


def test_saving_again_gives_the_same_bytes(model, tmp_path):
    for name in ("a", "b"):
        save_grasp_segmenter(model, tmp_path / name)
    save_grasp_segmenter(load_grasp_segmenter(tmp_path / "a"), tmp_path / "c")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == (tmp_path / "c").read_bytes()


def test_files_that_are_no_models_are_named(model, tmp_path):
    with pytest.raises(InputError, match=r"absent\.safetensors: missing"):
        load_grasp_segmenter(tmp_path / "absent.safetensors")
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(InputError, match=r"text\.safetensors: not a safetensors file"):
        load_grasp_segmenter(tmp_path / "text.safetensors")
    save_grasp_segmenter(model, tmp_path / "cut.safetensors")
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / "cut.safetensors").read_bytes()[:-100])
    with pytest.raises(InputError, match=r"cut\.safetensors"):
        load_grasp_segmenter(tmp_path / "cut.safetensors")
    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match=r"other\.safetensors: its metadata have no field"):
        load_grasp_segmenter(tmp_path / "other.safetensors")
    for config in ({"backbone": "mobilenet_v2", "colour": 1}, {"backbone": "vgg"}, {"fpn_channels": 16}):
        save_file({"x": torch.zeros(1)}, tmp_path / "wrong.safetensors", {FORMAT: json.dumps(config)})
        with pytest.raises(InputError, match=r"wrong\.safetensors: configuration and weights"):
            load_grasp_segmenter(tmp_path / "wrong.safetensors")


def first_layer_of(model, before, after):
    seen = []
    hook = model.features.backbone.first_conv.register_forward_hook(lambda _, inputs, output: seen.append(inputs[0]))
    predict_grasps(model, before, after, np.zeros(before.shape[:3], bool))
    hook.remove()
    return seen[0]


def test_the_first_layer_sees_before_after_and_before_minus_after(model):
    before, after, _ = images(1, 32, 32)
    x = first_layer_of(model, before, after)
    b, a = (normalise_rgb(torch.from_numpy(y).permute(0, 3, 1, 2).float() / 255) for y in (before, after))
    for channels, expected in ((slice(0, 3), b), (slice(3, 6), a), (slice(6, 9), b - a)):
        torch.testing.assert_close(x[:, channels], expected)


def test_inflated_filters_read_the_before_image_and_the_change_and_not_the_after_image(pretrained):
    config = replace(NETWORK, fpn_channels=8, first_layer="inflated")
    weight = build_grasp_segmenter(config, pretrained, 0).features.backbone.first_conv.weight
    filters = pretrained.body["features.0.0.weight"]
    assert torch.equal(weight[:, 0:3], filters) and torch.equal(weight[:, 6:9], filters)
    assert not weight[:, 3:6].any()
    assert torch.equal(weight[:, 9], filters.mean(1))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("before", lambda x: x / 255),
        ("after", lambda x: x.astype(np.float32)),
        ("after", lambda x: x.tolist()),
        ("suction", lambda x: x.astype(np.uint8) * 255),
        ("suction", lambda x: x.astype(float)),
    ],
)
def test_images_in_0_to_1_and_masks_in_0_to_255_are_refused(model, name, change):
    grasps = dict(zip(("before", "after", "suction"), images(1, 32, 32), strict=True))
    with pytest.raises(InputError, match=f"{name}: expected an array of"):
        predict_grasps(model, **grasps | {name: change(grasps[name])})


def test_mirrored_views_are_read_like_their_copies(model):
    before, after, suction = (x[:, ::-1, ::-1] for x in images(2, 32, 48))
    copies = (np.ascontiguousarray(x) for x in (before, after, suction))
    np.testing.assert_array_equal(predict_grasps(model, before, after, suction), predict_grasps(model, *copies))
