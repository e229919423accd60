import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from graspbook.core.errors import InputError
from graspbook.data.rle import decode_mask
from graspbook.latent.confidence import confidence_masks
from graspbook.latent.model_file import save_model
from graspbook.latent.predict import draw_samples
from graspbook.latent.segment import as_records, picture_of, segment
from graspbook.pipeline.cli import app
from tests.latent.test_model import build


@pytest.fixture(scope="module")
def model():
    return build()


@pytest.fixture(scope="module")
def image():
    return cv2.resize(np.random.default_rng(0).integers(0, 255, (6, 9, 3)).astype(np.uint8), (48, 32))


def test_the_masks_are_those_of_the_samples(model, image):
    answer = segment(model, image, 0.5, 3)
    samples = [sample.filter_by_score(0.3) for sample in draw_samples(model, image, 3, 1)]
    np.testing.assert_array_equal(answer.confident.masks, confidence_masks(samples, 0.5).masks)
    assert len(answer.samples) == 3 and picture_of(image, answer).ndim == 3


def test_masks_are_as_large_as_the_image_whatever_height_the_model_sees(model, image):
    answer = segment(model, image, 0.5, 2, height=64)
    assert {one.size for one in (answer.confident, answer.union, *answer.samples)} == {(32, 48)}


def test_a_plain_model_and_what_is_out_of_range_are_refused(model, image):
    with pytest.raises(InputError, match="a plain Mask R-CNN has one answer"):
        segment(build(None), image)
    with pytest.raises(InputError, match=r"p: expected 0 to 1, got 1\.5"):
        segment(model, image, 1.5)
    with pytest.raises(InputError, match="samples: expected at least 1"):
        segment(model, image, samples=0)
    with pytest.raises(InputError, match="would be segmented at 24x16 pixels"):
        segment(model, image, height=16)
    with pytest.raises(InputError, match=r"expected uint8 \[H, W, 3\]"):
        segment(model, image.astype(float))


def run(*given):
    return CliRunner().invoke(app, ["latent", "segment", *map(str, given)])


def test_the_command_writes_masks_and_a_picture(model, image, tmp_path):
    save_model(model, tmp_path / "model.safetensors")
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
    answer = segment(model, image, 0.5, 2)
    wanted = len(answer.confident) + len(answer.union) + sum(map(len, answer.samples))
    assert len(as_records(answer)) == wanted


def test_a_missing_picture_is_named(tmp_path):
    result = run(tmp_path / "none.png", "--out", tmp_path)
    assert result.exit_code != 0
    assert "none.png: missing; expected a picture" in str(result.exception) + result.output
