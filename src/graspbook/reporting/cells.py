"""Arithmetic over the cells of a table: what a claim measures, on the table itself and on its replicates."""

import ast
import operator
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as arrow

from graspbook.core.errors import InputError
from graspbook.papers import Table
from graspbook.papers.registration import PrintedTable

_OPERATORS: dict[type, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_REDUCTIONS: dict[str, Callable[..., np.ndarray]] = {"min": np.min, "max": np.max}


class Cells:
    """The values of one table: each cell holds any number of versions (the table itself, its replicates)."""

    def __init__(self, frame: pd.DataFrame, printed: Table | PrintedTable) -> None:
        """Sort the cells.

        Args:
            frame: The table in V versions, with the label column, the metrics, and `replicate` (the version, 0 to V -
                1).
            printed: The paper's table, which names the label column, the metrics and the groups.
        """
        self.groups = printed.groups
        self.values = {
            metric: {
                row: versions[metric].to_numpy(dtype=np.float64)
                for row, versions in frame.sort_values("replicate").groupby(printed.label, sort=False)
            }
            for metric in printed.metrics
        }

    def evaluate(self, expression: str) -> np.ndarray:
        """The value of `expression` in each version, [V].

        Allowed: numbers, + - * /, parentheses, `metric["Row"]`, `metric[group]` and `min(...)`, `max(...)`
        over the rows of a group.

        Args:
            expression: The expression, such as `iou["Ours"] - max(iou[baselines])`.

        Returns:
            The value in each of the V versions, float64 [V]; NaN where it is not finite.

        Raises:
            InputError: The expression holds anything else, or an unknown metric, row or group.
        """
        try:
            tree = ast.parse(expression, mode="eval")
        except SyntaxError:
            raise InputError(f"claim expression `{expression}`: not an expression") from None
        with np.errstate(divide="ignore", invalid="ignore"):
            value = self._value(tree.body, expression)
            # 0 / 0 and x / 0 have no value; they must not pass as "infinitely better".
            value = np.where(np.isfinite(value), value, np.nan)
        if value.ndim != 1:
            raise InputError(f"claim expression `{expression}`: a group is left over; use min() or max()")
        return value

    def _value(self, node: ast.expr, expression: str) -> np.ndarray:
        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=int() | float() as number):
                return np.array([float(number)])
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self._value(operand, expression)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](self._value(left, expression), self._value(right, expression))
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _REDUCTIONS:
                rows = self._value(argument, expression)
                if rows.ndim != 2:
                    raise InputError(f"claim expression `{expression}`: {name}() needs a group")
                return _REDUCTIONS[name](rows, axis=0)
            case ast.Subscript(value=ast.Name(id=metric), slice=ast.Constant(value=str() as row)):
                return self._cell(metric, row, expression)
            case ast.Subscript(value=ast.Name(id=metric), slice=ast.Name(id=group)):
                if group not in self.groups:
                    raise InputError(f"claim expression `{expression}`: unknown group '{group}'")
                return np.stack([self._cell(metric, row, expression) for row in self.groups[group]])
        raise InputError(f"claim expression `{expression}`: `{ast.unparse(node)}` is not allowed")

    def _cell(self, metric: str, row: str, expression: str) -> np.ndarray:
        if metric not in self.values:
            raise InputError(f"claim expression `{expression}`: unknown metric '{metric}'")
        if row not in self.values[metric]:
            raise InputError(f"claim expression `{expression}`: unknown row '{row}'")
        return self.values[metric][row]


def read_cells(path: Path, printed: Table) -> Cells:
    """The cells of a table (CSV), or of its replicates (Parquet), which `tables.write_table` wrote.

    Args:
        path: The CSV or Parquet file.
        printed: The paper's table, which names the label column, the metrics and the rows.

    Raises:
        InputError: The file cannot be read, lacks a column, has a metric that is no number, or does not have each row
            once (in each replicate).
    """
    frame = read_versions(path)
    columns = (printed.label, "replicate", *printed.metrics)
    if absent := [column for column in columns if column not in frame]:
        raise InputError(f"{path}: column {absent[0]} is missing; expected {', '.join(columns)}")
    for metric in printed.metrics:
        if not pd.api.types.is_numeric_dtype(frame[metric]):
            raise InputError(f"{path}: column {metric}: expected numbers")
    labels, versions = frame[printed.label], frame["replicate"].nunique()
    twice = frame.duplicated(["replicate", printed.label]).any()
    if twice or set(labels) != set(printed.rows) or len(frame) != versions * len(printed.rows):
        raise InputError(f"{path}: expected each of these rows once: {', '.join(printed.rows)}")
    return Cells(frame, printed)


def read_versions(path: Path) -> pd.DataFrame:
    """A table (CSV, one version of it, 0), or its replicates (Parquet), as `tables.write_table` wrote them.

    Args:
        path: The CSV or Parquet file.

    Raises:
        InputError: The file cannot be read.
    """
    try:
        return pd.read_csv(path).assign(replicate=0) if path.suffix == ".csv" else pd.read_parquet(path)
    except (ValueError, OSError, arrow.ArrowException, RecursionError) as error:
        raise InputError(f"{path}: cannot be read as a table ({type(error).__name__})") from None
