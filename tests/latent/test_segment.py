import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from graspbook.core.errors import InputError
from graspbook.data.rle import decode_mask
from graspbook.instances.types import ranked
from graspbook.latent import segment as module
from graspbook.latent.confidence import confidence_masks
from graspbook.latent.model_file import inference_of, save_network
from graspbook.latent.predict import draw_samples
from graspbook.latent.segment import as_records, picture_of, segment_instances
from graspbook.nn.model_file import Model
from graspbook.pipeline.cli import app
from tests.conftest import standard
from tests.latent.test_model import build

INFERENCE = dataclasses.replace(inference_of(standard("latent"), Path()), height=32)


@pytest.fixture(scope="module")
def model():
    return Model(build(), None, INFERENCE)


@pytest.fixture(scope="module")
def image():
    return cv2.resize(np.random.default_rng(0).integers(0, 255, (6, 9, 3)).astype(np.uint8), (48, 32))


def test_the_masks_are_those_of_the_samples(model, image):
    answer = segment_instances(model, image, 0.5, 3)
    samples = [sample.filter_by_score(0.3) for sample in draw_samples(model.network, image, 3, 1)]
    np.testing.assert_array_equal(answer.confidence.masks, confidence_masks(samples, 0.5).masks)
    assert len(answer.samples) == 3 and picture_of(image, answer).ndim == 3


def test_masks_are_as_large_as_the_image_whatever_height_the_model_sees(model, image):
    answer = segment_instances(model, image, 0.5, 2, height=64)
    assert {one.size for one in (answer.confidence, answer.union, *answer.samples)} == {(32, 48)}


def test_a_plain_model_and_what_is_out_of_range_are_refused(model, image):
    with pytest.raises(InputError, match="a plain Mask R-CNN has one answer"):
        segment_instances(Model(build(None), None, INFERENCE), image)
    with pytest.raises(InputError, match=r"model: expected a Mask R-CNN"):
        segment_instances(model.network, image)
    with pytest.raises(InputError, match="its file does not say how it is used"):
        segment_instances(Model(model.network, None), image)
    with pytest.raises(InputError, match=r"p: expected 0 to 1, got 1\.5"):
        segment_instances(model, image, 1.5)
    with pytest.raises(InputError, match="samples: expected at least 1"):
        segment_instances(model, image, samples=0)
    with pytest.raises(InputError, match="would be segmented at 24x16 pixels"):
        segment_instances(model, image, height=16)
    with pytest.raises(InputError, match=r"expected uint8 \[H, W, 3\]"):
        segment_instances(model, image.astype(float))


def run(*given):
    return CliRunner().invoke(app, ["latent", "segment", *map(str, given)])


def test_the_command_writes_masks_and_a_picture(model, image, tmp_path):
    save_network(model.network, tmp_path / "model.safetensors")
    cv2.imwrite(str(tmp_path / "tote.png"), image[..., ::-1])
    given = (tmp_path / "tote.png", "--model", tmp_path / "model.safetensors", "--samples", 2, "--height", 0)
    result = run(*given, "--p", 0.5, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "confidence masks at p = 0.5" in result.output
    records = json.loads((tmp_path / "out/masks.json").read_text())
    assert {"kind", "sample", "score", "class", "segmentation"} <= set(records[0]) if records else True
    for record in records:
        assert decode_mask(record["segmentation"]["counts"], *record["segmentation"]["size"]).any()
    assert cv2.imread(str(tmp_path / "out/picture.png")) is not None


def test_records_name_every_mask(model, image):
    answer = segment_instances(model, image, 0.5, 2)
    wanted = len(answer.confidence) + len(answer.union) + sum(map(len, answer.samples))
    assert len(as_records(answer)) == wanted


def test_a_missing_picture_is_named(tmp_path):
    result = run(tmp_path / "none.png", "--out", tmp_path)
    assert result.exit_code != 0
    assert "none.png: missing; expected a picture" in str(result.exception) + result.output


def test_seed_samples_and_p_are_those_asked_for_and_unsure_detections_do_not_count(model, image, monkeypatch):
    given, made = [], []
    masks = np.zeros((2, 32, 48), bool)
    masks[0, 2:9, 2:9], masks[1, 12:20, 12:20] = True, True
    drawn = ranked(masks, np.zeros(2, np.int64), np.array([0.9, 0.1]))
    monkeypatch.setattr(
        module, "draw_samples", lambda network, seen, count, *key: given.append((count, key)) or [drawn] * count
    )
    whole = module.confidence_masks
    monkeypatch.setattr(
        module, "confidence_masks", lambda samples, p, *rest: made.append(p) or whole(samples, p, *rest)
    )
    answer = segment_instances(model, image, 0.25, 4, seed=9)
    segment_instances(model, image)
    assert given == [(4, (9,)), (INFERENCE.predict.samples, (INFERENCE.predict.seed,))]
    assert made == [0.25, INFERENCE.predict.p] and answer.p == 0.25
    assert [len(sample) for sample in answer.samples] == [1] * 4


def test_the_users_own_picture_is_kept(image, tmp_path):
    cv2.imwrite(str(tmp_path / "picture.png"), image)
    before = (tmp_path / "picture.png").read_bytes()
    result = run(tmp_path / "picture.png", "--out", tmp_path)
    assert result.exit_code == 1 and "is read, and would be overwritten" in result.output
    assert (tmp_path / "picture.png").read_bytes() == before


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"p": "0.9"}, "p: expected a number, got '0.9'"),
        ({"p": float("nan")}, "p: expected 0 to 1, got nan"),
        ({"samples": 2.0}, r"samples: expected a whole number, got 2\.0"),
        ({"samples": 10**6}, "samples: 1000000 of 48x32 pixels would take about .* GB of memory"),
        ({"height": [64]}, r"height: expected a whole number, got \[64\]"),
        ({"seed": -1}, "seed: expected 0 to 9223372036854775807, got -1"),
        ({"seed": 2**64}, "seed: expected 0 to 9223372036854775807, got 18446744073709551616"),
        ({"seed": "1"}, "seed: expected a whole number, got '1'"),
    ],
)
def test_arguments_of_another_kind_are_refused_by_name(model, image, how, message):
    with pytest.raises(InputError, match=message):
        segment_instances(model, image, **how)


def test_weights_that_are_no_numbers_are_refused(image):
    broken = Model(build(), None, INFERENCE)
    next(broken.network.parameters()).data.fill_(np.nan)
    with pytest.raises(InputError, match=r"model: the weights '.*' are not finite numbers"):
        segment_instances(broken, image, samples=2)
