"""The columns of a grasp data set's `grasps.parquet`: one row per grasp.

A column is either required or optional; an optional one may be absent, or null in single rows, because
one's own grasps have no simulated truth.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow
import pyarrow.parquet as parquet

from graspbook.core.errors import InputError

TABLE = "grasps.parquet"
"""The table's name in the data set's folder."""

REQUIRED = {
    "grasp_id": arrow.string(),  # unique, "e00012g03"
    "before": arrow.string(),  # paths of PNG files, relative to the Parquet file
    "after": arrow.string(),
    "height": arrow.int32(),  # pixels
    "width": arrow.int32(),
    "suction_rle": arrow.string(),  # the grasp mask g: the active cups' footprints in `before`, COCO RLE
}
OPTIONAL = {
    "episode": arrow.int32(),  # one bin, from full to empty
    "index": arrow.int32(),  # of the grasp in its episode
    "split": arrow.string(),
    "depth_before": arrow.string(),
    "depth_after": arrow.string(),
    "ids_before": arrow.string(),
    "ids_after": arrow.string(),
    "visible_rle": arrow.string(),  # of the grasped object in `before`
    "amodal_rle": arrow.string(),
    "cup_sealed": arrow.list_(arrow.bool_()),
    "cup_gauge": arrow.list_(arrow.float32()),  # kPa
    "cup_u": arrow.list_(arrow.float32()),  # pixels
    "cup_v": arrow.list_(arrow.float32()),
    "outcome": arrow.string(),
    "grasped_id": arrow.int32(),  # 0 = none
    "moved_ids": arrow.list_(arrow.int32()),  # every other object ...
    "moved_m": arrow.list_(arrow.float32()),  # ... and how far the grasp moved it, metres
    "n_objects": arrow.int32(),  # in the bin, before
    "lost_while_filling": arrow.int32(),  # that missed the bin before the episode's first picture
    "visible_area": arrow.int32(),  # pixels
    "amodal_area": arrow.int32(),
    "fx": arrow.float64(),  # pixels
    "fy": arrow.float64(),
    "cx": arrow.float64(),
    "cy": arrow.float64(),
    "world_from_camera": arrow.list_(arrow.float64()),  # 4x4, row by row
}
OUTCOMES = ("success", "nothing_held", "dropped", "multiple", "lost")
"""How a grasp can end; it succeeded exactly when one object, and no other, left the bin."""

ARROW_SCHEMA = arrow.schema(list((REQUIRED | OPTIONAL).items()))
IMAGE_COLUMNS = ("before", "after", "depth_before", "depth_after", "ids_before", "ids_after")


_IN_FOLDER = pa.Check(
    # A path that leaves the data set would let a Parquet file from elsewhere name any file of this machine.
    lambda paths: ~paths.str.contains(r"^/|^\.\.(?:/|$)|/\.\.(?:/|$)|\\|^[A-Za-z]:"),
    error="a relative path inside the data set's folder",
)
_CHECKS = {
    # Names of files are made of it.
    "grasp_id": [pa.Check.str_matches(r"^\w[\w.-]*$", error="letters, digits, '_', '-' and '.' only")],
    **{name: [_IN_FOLDER] for name in IMAGE_COLUMNS},
    "height": [pa.Check.ge(1, error="at least 1 pixel")],
    "width": [pa.Check.ge(1, error="at least 1 pixel")],
    "outcome": [pa.Check.isin(OUTCOMES, error=f"one of {', '.join(OUTCOMES)}")],
}


def read_table(path: Path) -> pd.DataFrame:
    """Read and check the table of a grasp data set.

    Args:
        path: The `grasps.parquet` file.

    Returns:
        One row per grasp, with the columns of `ARROW_SCHEMA` that the file has, in the file's order.

    Raises:
        InputError: There is no such file, it is no Parquet file or has no rows, a column is unknown or missing, or a
            value has the wrong type or is out of range; the message names the file, the column and, for a value, the
            first faulty row.
    """
    if not path.is_file():
        raise InputError(f"{path}: expected the table of a grasp data set, there is no such file")
    try:
        table = parquet.read_table(path)
    except (arrow.ArrowInvalid, OSError) as error:
        raise InputError(f"{path}: expected a Parquet file ({error})") from error
    unknown = [name for name in table.column_names if name not in REQUIRED | OPTIONAL]
    if unknown:
        raise InputError(f"{path}: unknown column {unknown[0]}; known are {', '.join(ARROW_SCHEMA.names)}")
    missing = [name for name in REQUIRED if name not in table.column_names]
    if missing:
        raise InputError(f"{path}: column {missing[0]} is missing; required are {', '.join(REQUIRED)}")
    if table.num_rows == 0:
        raise InputError(f"{path}: expected at least one grasp, the table has no rows")
    for position, name in enumerate(table.column_names):
        kind = ARROW_SCHEMA.field(name).type
        try:
            column = table.column(name).cast(kind)
        except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError) as error:
            raise InputError(f"{path}: column {name}: expected {kind} ({error})") from error
        table = table.set_column(position, arrow.field(name, kind), column)
    return _check_values(table.to_pandas(), path)


def write_table(path: Path, rows: list[dict]) -> None:
    """Write rows (dictionaries of `ARROW_SCHEMA` columns) as Parquet; the same rows give the same bytes.

    Args:
        path: The Parquet file to write.
        rows: One dictionary per grasp, whose keys are columns of `ARROW_SCHEMA`; an absent key is null.
    """
    # From arrow directly: going through pandas would add its metadata, versions included, to the file.
    table = arrow.Table.from_pylist(rows, schema=ARROW_SCHEMA)
    parquet.write_table(table, path, compression="zstd", compression_level=3)


def plain_row(row: pd.Series) -> dict:
    """A row of `read_table`'s result as plain Python values for `write_table`; None for null.

    Args:
        row: One row of the table that `read_table` returns.

    Returns:
        The values by column, as lists, numbers and strings.
    """
    plain = {}
    for name, value in row.items():
        if isinstance(value, np.ndarray):
            plain[name] = value.tolist()
        elif pd.isna(value):
            plain[name] = None
        else:  # a column of integers with a null in it has turned into floats
            plain[name] = int(value) if arrow.types.is_integer(ARROW_SCHEMA.field(name).type) else value
    return plain


def _check_values(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    columns = {
        name: pa.Column(checks=_CHECKS.get(name), nullable=name in OPTIONAL, unique=name == "grasp_id")
        for name in table.columns
    }
    try:
        return pa.DataFrameSchema(columns, strict=True).validate(table)
    except pa.errors.SchemaError as error:
        cases = error.failure_cases
        row, value = (cases["index"].iloc[0], cases["failure_case"].iloc[0]) if len(cases) else ("?", "?")
        raise InputError(
            f"{path}: column {error.schema.name}: row {row}: {value!r}: expected {_expected(error)}"
        ) from None


def _expected(error: pa.errors.SchemaError) -> str:
    reasons = {"not_nullable": "a value, not null", "field_uniqueness": "values that are not repeated"}
    return reasons.get(str(error.check), None) or getattr(error.check, "error", None) or str(error.check)
