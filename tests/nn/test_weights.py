import pytest
import torch
from safetensors.torch import save_file
from torchvision.models.detection import maskrcnn_resnet50_fpn

from graspbook.core.errors import InputError
from graspbook.nn.registry import build_backbone
from graspbook.nn.weights import load_body, load_pretrained


def mobilenet_state():
    """As `data/weights/mobilenet_v2.safetensors`: features without a prefix, in half precision."""
    state = build_backbone("mobilenet_v2").state_dict()
    halves = {key.removeprefix("features."): value.half() for key, value in state.items() if value.is_floating_point()}
    return halves | {"18.0.weight": torch.zeros(1280, 320, 1, 1).half()}


def write(path, state):
    path.parent.mkdir(exist_ok=True)
    save_file({key: value.contiguous() for key, value in state.items()}, path)
    return path


def test_bundled_weights_are_read_from_the_data_folder(tmp_path):
    state = mobilenet_state()
    write(tmp_path / "weights" / "mobilenet_v2.safetensors", state)
    pretrained, backbone = load_pretrained("bundled", "mobilenet_v2", tmp_path), build_backbone("mobilenet_v2")
    assert pretrained.fpn is None
    load_body(backbone, pretrained.body, "the data folder")
    assert torch.equal(backbone.first_conv.weight, state["0.0.weight"].float())


def test_missing_bundled_weights_say_how_to_fetch_them(tmp_path):
    with pytest.raises(InputError, match=r"mobilenet_v2\.safetensors: missing.*dvc pull data\.dvc"):
        load_pretrained("bundled", "mobilenet_v2", tmp_path)


def test_a_backbone_that_is_not_bundled_is_refused(tmp_path):
    with pytest.raises(InputError, match="resnet50"):
        load_pretrained("bundled", "resnet50", tmp_path)


def test_random_weights_read_nothing(tmp_path):
    assert load_pretrained("random", "resnet50", tmp_path) is None


@pytest.fixture(scope="module")
def detector_state():
    detector = maskrcnn_resnet50_fpn(weights=None, weights_backbone=None)
    return {key: value for key, value in detector.state_dict().items() if key.startswith("backbone.")}


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_hub_splits_a_mask_rcnn_file_into_backbone_and_pyramid(tmp_path, suffix, detector_state):
    state = detector_state
    path = tmp_path / f"detector.{suffix}"
    if suffix == "pth":
        torch.save(state, path)
    else:
        write(path, state)
    pretrained = load_pretrained("hub", "resnet50", location=str(path))
    assert torch.equal(pretrained.body["layer4.2.conv3.weight"], state["backbone.body.layer4.2.conv3.weight"])
    assert torch.equal(pretrained.fpn["inner_blocks.3.0.weight"], state["backbone.fpn.inner_blocks.3.0.weight"])
    load_body(build_backbone("resnet50"), pretrained.body, "the file")


@pytest.mark.slow
def test_hub_reads_a_classifier_file_without_its_last_layer(tmp_path):
    state = build_backbone("resnet50").state_dict() | {"fc.weight": torch.zeros(1000, 2048)}
    pretrained = load_pretrained("hub", "resnet50", location=str(write(tmp_path / "r.safetensors", state)))
    assert "fc.weight" not in pretrained.body
    assert pretrained.fpn is None


@pytest.mark.slow
def test_hub_touches_the_network_only_for_a_hub_name(tmp_path, monkeypatch):
    asked = []

    class Weights:
        class DEFAULT:
            @staticmethod
            def get_state_dict(**options):
                asked.append(options)
                return build_backbone("resnet50").state_dict()

    monkeypatch.setattr("torchvision.models.get_model_weights", lambda name: Weights)
    load_pretrained("hub", "resnet50", location="maskrcnn_resnet50_fpn")
    assert asked == [{"check_hash": True}]
    for location in (None, "nothing-of-this-name", str(tmp_path / "absent.pth")):
        with pytest.raises(InputError):
            load_pretrained("hub", "resnet50", location=location)
    assert len(asked) == 1


def test_files_that_are_not_weights_are_named(tmp_path):
    for name, content in (("text.safetensors", b"hello"), ("text.pth", b"hello"), ("empty.pth", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=name):
            load_pretrained("hub", "resnet50", location=str(tmp_path / name))


@pytest.mark.slow
def test_weights_of_another_network_are_refused(tmp_path):
    other = write(tmp_path / "other.safetensors", {"some.weight": torch.zeros(2)})
    with pytest.raises(InputError, match="holds no weights of 'resnet50'"):
        load_pretrained("hub", "resnet50", location=str(other))
    partial = write(tmp_path / "partial.safetensors", {"conv1.weight": torch.zeros(64, 3, 7, 7)})
    body = load_pretrained("hub", "resnet50", location=str(partial)).body
    with pytest.raises(InputError, match="the file: not the weights of ResNet50"):
        load_body(build_backbone("resnet50"), body, "the file")


def test_unknown_source_is_named():
    with pytest.raises(InputError, match="'net'"):
        load_pretrained("net", "resnet50")
