"""What a robot that keeps learning carries from round to round (`selfsup` paper, §VI; the loop itself is ours).

In each round the robot picks with its current model, and its successful grasps become objects to paste. The bank
grows: what was collected once stays useful, and a model that is trained on the newest objects alone would forget.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as arrow

from graspbook.errors import InputError
from graspbook.selfsup.pasting.bank_file import bank_metadata, read_bank, write_bank


def join_banks(parts: Sequence[Path], out: Path, name: str) -> Path:
    """One bank of several, in their order; grasps are counted on from one to the next.

    Args:
        parts: at least one object bank.
        out: the Parquet file to write, whole or not at all; may be one of `parts`.
        name: of the new bank's source.

    Raises:
        InputError: there is no part, or one of them is no bank.
    """
    if not parts:
        raise InputError(f"{out}: expected at least one object bank to join")
    tables, grasps = [], 0
    for path in parts:
        table, metadata = read_bank(Path(path))
        place = table.schema.get_field_index("number")
        shifted = [number + grasps for number in table["number"].to_pylist()]
        tables.append(table.set_column(place, table.schema.field(place), arrow.array(shifted, arrow.int32())))
        grasps += metadata["grasps"]
    write_bank(tables, Path(out), bank_metadata(name, grasps))
    return Path(out)
