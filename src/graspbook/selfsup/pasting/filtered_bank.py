"""The filter of §III-B.1 on an object bank that was cut out without it (`selfsup` paper; Paste-Grasp-Filter, §V).

A bank of a grasp segmentation model keeps what the filter looks at, so that nothing needs to be cut out twice.
"""

from pathlib import Path

import numpy as np

from graspbook.core.errors import InputError
from graspbook.selfsup.grasp_segmentation.config import FilterThresholds
from graspbook.selfsup.grasp_segmentation.filter import MaskScores, keep
from graspbook.selfsup.pasting.bank_file import bank_metadata, read_bank, write_bank
from graspbook.selfsup.pasting.sources import SCORES


def filter_bank(bank: Path | str, thresholds: FilterThresholds, out: Path | str) -> Path:
    """Keep the objects of a bank whose masks the filter trusts.

    Scores are in a bank to four decimals: a mask closer to a threshold than that may be judged otherwise than by
    `ModelSource` with `filtered`.

    Args:
        bank: the Parquet file of a bank that a grasp segmentation model has cut out.
        thresholds: of the filter.
        out: the Parquet file to write, whole or not at all.

    Returns:
        `out`; its source is that of `bank`, "-filter" added, and the grasps that it looked at are the same.

    Raises:
        InputError: there is no such bank, or its source predicts no probabilities.
    """
    table, metadata = read_bank(Path(bank))
    occlusion, entropy, contours, pixels = (
        table[name].to_numpy(zero_copy_only=False).astype(float) for name in (*SCORES, "area")
    )
    for name, scores in zip(SCORES, (occlusion, entropy, contours), strict=True):
        if np.isnan(scores).any():
            raise InputError(f"{bank}: column {name}: expected a number for each object, some have none")
    kept = keep(MaskScores(occlusion, entropy, contours, pixels), thresholds)
    write_bank([table.filter(kept)], Path(out), bank_metadata(f"{metadata['source']}-filter", metadata["grasps"]))
    return Path(out)
