"""The filter of §III-B.1 on a bank that was cut out without it."""

import dataclasses

import numpy as np
import pyarrow as arrow
import pytest

from graspbook.core.errors import InputError
from graspbook.selfsup.grasp_segmentation import inference
from graspbook.selfsup.pasting.bank import ObjectBank
from graspbook.selfsup.pasting.bank_file import BANK_SCHEMA, bank_metadata, cut_row, read_bank, write_bank
from graspbook.selfsup.pasting.filtered_bank import filter_bank
from graspbook.selfsup.pasting.sources import SCORES, ModelSource
from tests.conftest import standard

SELFSUP = standard("selfsup")
LIMITS = dataclasses.replace(SELFSUP.evaluate.filter, t_occ=0.9, t_ent=0.2, min_contours=1, max_contours=2)


def write(path, scores, source="grasp-100"):
    rng, mask = np.random.default_rng(0), np.zeros((24, 36), bool)
    mask[4:10, 5:15] = True
    rows = [
        cut_row(
            f"g{k}",
            2 * k,
            rng.integers(0, 256, (24, 36, 3), dtype=np.uint8),
            mask,
            dict(zip(SCORES, each, strict=True)),
        )
        for k, each in enumerate(scores)
    ]
    write_bank([arrow.Table.from_pylist(rows, BANK_SCHEMA)], path, bank_metadata(source, 2 * len(rows)))
    return path


def test_what_one_filter_alone_rejects_is_left_out(tmp_path):
    scores = [(0.95, 0.1, 1), (0.9, 0.1, 1), (0.95, 0.2, 1), (0.95, 0.1, 0), (0.95, 0.1, 3), (0.91, 0.19, 2)]
    bank = write(tmp_path / "bank.parquet", scores)
    by_hand = [k for k, (o, e, c) in enumerate(scores) if o > LIMITS.t_occ and e < LIMITS.t_ent and 1 <= c <= 2]
    assert by_hand == [0, 5]
    out = filter_bank(bank, LIMITS, tmp_path / "kept/bank.parquet")
    (all_rows, _), (kept, metadata) = read_bank(bank), read_bank(out)
    assert kept.equals(all_rows.take(by_hand))
    assert metadata["source"] == "grasp-100-filter" and metadata["grasps"] == 12
    assert ObjectBank(out).table["number"].tolist() == [0, 10]


def test_it_keeps_what_the_model_with_the_filter_keeps(tmp_path, toy_grasps, monkeypatch):
    grasps = toy_grasps(12, height=64)
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.8, 1, (12, 1, 1))
    visible = np.where(grasps.visible, sure, 1 - sure).astype(np.float32)
    amodal = np.clip(visible * rng.uniform(0.9, 1.3, (12, 1, 1)), 0, 1).astype(np.float32)
    monkeypatch.setattr(inference, "predict_grasps", lambda *_: np.stack([visible, amodal], 1))
    pixels = grasps.before, grasps.after, grasps.suction
    plain, strict = (ModelSource(None, LIMITS, filtered).find(*pixels) for filtered in (False, True))
    rows = [
        cut_row(f"{k}", k, grasps.before[k], plain.masks[k], plain.scores.iloc[k].to_dict())
        for k in np.flatnonzero(plain.kept)
    ]
    write_bank([arrow.Table.from_pylist(rows, BANK_SCHEMA)], tmp_path / "bank.parquet", bank_metadata("m", 12))
    kept = ObjectBank(filter_bank(tmp_path / "bank.parquet", LIMITS, tmp_path / "kept.parquet"))
    assert kept.table["number"].tolist() == np.flatnonzero(strict.kept).tolist()
    assert 0 < len(kept) < plain.kept.sum()


def test_a_bank_without_scores_is_refused(tmp_path):
    bank = write(tmp_path / "bank.parquet", [(0.95, 0.1, 1), (np.nan, np.nan, 1)], "subtract-filter")
    with pytest.raises(InputError, match="column occlusion_ratio: expected a number for each object"):
        filter_bank(bank, LIMITS, tmp_path / "kept.parquet")
    assert not (tmp_path / "kept.parquet").exists()
