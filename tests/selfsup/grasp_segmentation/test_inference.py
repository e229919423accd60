from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest

from graspbook.core.errors import InputError
from graspbook.data.folder import open_grasps
from graspbook.data.images import read_grey, read_mask, write_png
from graspbook.selfsup.grasp_segmentation.filter import binary_entropy, keep, score_masks
from graspbook.selfsup.grasp_segmentation.inference import segment_arrays, segment_grasps
from graspbook.selfsup.grasp_segmentation.model import build_grasp_segmenter, predict_grasps
from tests.conftest import standard

PAPER = standard("selfsup").evaluate.filter


@pytest.fixture(scope="module")
def model():
    config = replace(standard("selfsup").train.network, fpn_channels=8, first_layer="random")
    return build_grasp_segmenter(config, pretrained=None, seed=0).eval()


@pytest.fixture
def grasps(tmp_path, toy_grasps):
    """A folder of five grasps, the last of another size, and their arrays."""
    arrays = [*((toy_grasps(4, 64), number) for number in range(4)), (toy_grasps(1, 32), 0)]
    folder = tmp_path / "grasps"
    folder.mkdir()
    for name, (batch, number) in enumerate(arrays):
        for field in ("before", "after", "suction"):
            file = folder / f"g{name}_{'cups' if field == 'suction' else field}.png"
            write_png(file, getattr(batch, field)[number])
    return folder, arrays


def test_each_grasp_gets_its_masks_and_a_row_of_scores(tmp_path, model, grasps):
    folder, arrays = grasps
    thresholds = replace(PAPER, t_occ=0.5, t_ent=10, contour_area=100, max_contours=99)
    returned = segment_grasps(model, open_grasps(folder), tmp_path / "out", thresholds, batch_size=3)
    table = pd.read_csv(tmp_path / "out/scores.csv")
    columns = ["grasp", "occlusion_ratio", "relative_entropy", "n_contours", "kept", "pixels"]
    assert list(table.columns) == list(returned.columns) == columns
    assert table["grasp"].tolist() == ["g0", "g1", "g2", "g3", "g4"]
    assert len(list((tmp_path / "out").iterdir())) == 5 * 3 + 1
    for name, (batch, number) in enumerate(arrays):
        one = slice(number, number + 1)
        visible, amodal = predict_grasps(model, batch.before[one], batch.after[one], batch.suction[one])[0]
        scores = score_masks(visible[None], amodal[None], thresholds)
        row = table.iloc[name]
        assert row["occlusion_ratio"] == pytest.approx(scores.occlusion_ratio[0], rel=1e-4)
        assert row["relative_entropy"] == pytest.approx(scores.relative_entropy[0], rel=1e-4)
        assert row["kept"] == keep(scores, thresholds)[0]
        written = read_mask(tmp_path / f"out/g{name}_visible.png", "visible")
        assert row["pixels"] == written.sum()
        # A batch of another size may change the last bits.
        assert (written != (visible > 0.5)).mean() < 0.001
        assert (read_mask(tmp_path / f"out/g{name}_amodal.png", "amodal") != (amodal > 0.5)).mean() < 0.001
        entropy = read_grey(tmp_path / f"out/g{name}_entropy.png", "entropy") * (np.log(2) / 255)
        assert np.abs(entropy - binary_entropy(visible)).max() < 0.003


def test_arrays_give_what_a_folder_gives(tmp_path, model, grasps):
    folder, arrays = grasps
    table = segment_grasps(model, open_grasps(folder), tmp_path / "out", PAPER, batch_size=4)
    batch = arrays[0][0]
    result = segment_arrays(model, batch.before, batch.after, batch.suction, PAPER)
    assert np.allclose(table["occlusion_ratio"][:4], result.scores.occlusion_ratio)
    assert table["kept"][:4].tolist() == result.kept.tolist()
    for number in range(4):
        written = read_mask(tmp_path / f"out/g{number}_visible.png", "visible")
        assert np.array_equal(written, result.visible[number])


def test_an_empty_prediction_is_written_as_zeros_and_not_kept(tmp_path, model, grasps):
    folder, _ = grasps
    silent = build_grasp_segmenter(model.config, pretrained=None, seed=0).eval()
    silent.head[-1].bias.data.fill_(-1e4)
    thresholds = replace(PAPER, t_occ=0, t_ent=np.inf, min_contours=0)
    table = segment_grasps(silent, open_grasps(folder), tmp_path / "out", thresholds)
    assert not table["kept"].any() and (table["pixels"] == 0).all() and (table["n_contours"] == 0).all()
    assert not read_mask(tmp_path / "out/g0_visible.png", "visible").any()
    assert (pd.read_csv(tmp_path / "out/scores.csv")["relative_entropy"] == np.inf).all()


def test_an_earlier_result_is_replaced_and_anything_else_is_not(tmp_path, model, grasps):
    folder, _ = grasps
    segment_grasps(model, open_grasps(folder), tmp_path / "out", PAPER)
    first = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    segment_grasps(model, open_grasps(folder), tmp_path / "out", PAPER)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == first
    with pytest.raises(InputError, match=r"holds g0_after\.png, which was not made here"):
        segment_grasps(model, open_grasps(folder), folder, PAPER)
    assert len(open_grasps(folder)) == 5


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-30]), r"g3_cups\.png: field cups: truncated PNG"),
        (lambda path: write_png(path, np.zeros((64, 96), bool)), r"g3_cups\.png: field cups: .*all zero"),
        (lambda path: cv2.imwrite(str(path), np.ones((64, 96), np.uint16)), "found 16-bit grey"),
    ],
)
def test_a_faulty_grasp_is_found_before_the_first_is_segmented(tmp_path, grasps, spoil, message):
    folder, _ = grasps
    spoil(folder / "g3_cups.png")
    with pytest.raises(InputError, match=message):
        segment_grasps(None, open_grasps(folder), tmp_path / "out", PAPER)  # without a model: it is not reached
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".*"))


def test_a_batch_needs_a_grasp(tmp_path, model, grasps):
    with pytest.raises(InputError, match="batch_size: expected at least 1, got 0"):
        segment_grasps(model, open_grasps(grasps[0]), tmp_path / "out", PAPER, batch_size=0)
