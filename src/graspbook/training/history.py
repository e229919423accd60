"""The history of a training as a file that readers, tables and `dvc plots` take."""

from pathlib import Path

import pandas as pd

from graspbook.reporting.tables import write_csv

EVERY = 10
"""Steps between the lines of the file."""


def write_history(history: pd.DataFrame, path: Path) -> None:
    """Write every tenth step of a history, and each that ended in an evaluation, as CSV.

    Args:
        history: The history, one row per step: `step` (from 1), `loss`, `lr`, and what was evaluated there, else NaN.
        path: The CSV file, written whole or not at all.
    """
    evaluated = history.drop(columns=["step", "loss", "lr"]).notna().any(axis=1)
    kept = history[(history["step"] % EVERY == 0) | evaluated]
    write_csv(kept, path)
