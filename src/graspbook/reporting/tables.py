"""Tables and CSV files: ours beside the paper's, with intervals, and the same bytes on every run.

A table `table_N` becomes `table_N.csv` (for each metric `m` the columns `m`, `m_lo`, `m_hi`, `paper_m`),
`table_N.md` for reading, and `table_N.replicates.parquet` with the bootstrap replicates, from which the
claims take their intervals.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from graspbook.core.atomic import write_text
from graspbook.core.errors import InputError
from graspbook.papers import Table
from graspbook.reporting.sentences import markdown_rows
from graspbook.statistics.bootstrap import Estimates
from graspbook.statistics.intervals import interval

PROFILE_NOTES = {
    "quick": "**Quick profile**: everything runs, the numbers mean little.",
    "standard": "",
    "paper": "Paper profile: the paper's own settings.",
}


def write_csv(frame: pd.DataFrame, path: Path, index: bool | str = False, float_format: str | None = "%.6g") -> None:
    """Write a frame as a CSV file, whole or not at all, with the same bytes on every system.

    Args:
        frame: The frame, or a named series.
        path: The file; its folder is created.
        index: Whether the index is written, too; a text is the name of its column.
        float_format: The format of numbers with a decimal point; None writes every digit that they have.

    Raises:
        InputError: Nothing can be written there.
    """
    write_text(path, csv_text(frame, index, float_format))


def csv_text(frame: pd.DataFrame, index: bool | str = False, float_format: str | None = "%.6g") -> str:
    """What `write_csv` writes.

    Args:
        frame: The frame, or a named series.
        index: Whether the index is written, too; a text is the name of its column.
        float_format: The format of numbers with a decimal point; None writes every digit that they have.
    """
    label = index if isinstance(index, str) else None
    return frame.to_csv(index=bool(index), index_label=label, float_format=float_format, lineterminator="\n")


def merge_table(point: pd.DataFrame, replicates: pd.DataFrame, printed: Table) -> pd.DataFrame:
    """Our numbers and the paper's, row by row in the paper's order.

    Args:
        point: The point estimates, with the label column and one column per metric, rows of the paper in any order;
            rows that are not there (a profile may leave some out) get no value.
        replicates: The bootstrap replicates, with the same columns and `replicate`, one row per replicate and label.
        printed: The paper's table.

    Returns:
        The label column, then `m`, `m_lo`, `m_hi`, `paper_m` for each metric `m`, in the table's unit.

    Raises:
        InputError: A column is missing, or a row is unknown or there twice.
    """
    label, metrics = printed.label, list(printed.metrics)
    for name, frame in (("point", point), ("replicates", replicates)):
        absent = [column for column in (label, *metrics) if column not in frame.columns]
        if absent:
            raise InputError(f"{printed.section}: {name} table lacks the columns {', '.join(absent)}")
        if unknown := sorted(set(frame[label]) - set(printed.rows)):
            raise InputError(f"{printed.section}: {name} table has rows that the paper has not: {', '.join(unknown)}")
    if point[label].duplicated().any():
        raise InputError(f"{printed.section}: point table has a row twice")

    point, replicates = (_fill_rows(frame, printed.rows, label) for frame in (point, replicates))
    ours, paper = point.set_index(label), printed.frame().set_index(label)
    merged = pd.DataFrame({label: list(printed.rows)})
    for metric in metrics:
        wide = replicates.pivot(index=label, columns="replicate", values=metric).loc[list(printed.rows)]
        low, high = interval(wide.to_numpy(dtype=np.float64))
        merged[metric] = ours.loc[list(printed.rows), metric].to_numpy(dtype=np.float64)
        merged[f"{metric}_lo"], merged[f"{metric}_hi"] = low, high
        merged[f"paper_{metric}"] = paper[metric].to_numpy()
    return merged


def printed_part(estimates: Estimates, printed: Table) -> Estimates:
    """Those rows of some estimates that a printed table has, with all of its metrics.

    Args:
        estimates: The point estimates and the replicates.
        printed: The paper's table.

    Returns:
        The same, without the rows that the paper has not; NaN for metrics that were not there.
    """
    kept = []
    for frame in estimates:
        own = frame[frame[printed.label].isin(printed.rows)]
        kept.append(own.assign(**{metric: np.nan for metric in printed.metrics if metric not in own}))
    return kept[0], kept[1]


def _fill_rows(frame: pd.DataFrame, rows: Sequence[str], label: str) -> pd.DataFrame:
    """Exactly these rows, in this order (in each replicate); NaN where a row was not there."""
    if "replicate" not in frame:
        return frame.set_index(label).reindex(list(rows)).rename_axis(label).reset_index()
    every = pd.MultiIndex.from_product([frame["replicate"].unique(), list(rows)], names=["replicate", label])
    return frame.set_index(["replicate", label]).reindex(every).reset_index()


def write_table(
    point: pd.DataFrame,
    replicates: pd.DataFrame,
    printed: Table,
    folder: Path,
    name: str,
    profile: str,
    only_printed: bool = False,
) -> Styler:
    """Write `name`.csv, `name`.md and `name`.replicates.parquet into `folder`.

    Args:
        point: The point estimates; see `merge_table`.
        replicates: The bootstrap replicates; see `merge_table`.
        printed: The paper's table.
        folder: The folder of the three files, created where it does not exist.
        name: The name of the files without ending, such as `table_1`.
        profile: The name of the profile, which the rendered table states unless it is `standard`.
        only_printed: Whether rows that the paper has not are left out (else they are an error); the replicates are then
            stored replicate by replicate, each in the paper's order.

    Returns:
        The table, styled for a notebook.

    Raises:
        InputError: A column is missing, or a row is unknown or there twice.
    """
    label, metrics = printed.label, list(printed.metrics)
    if only_printed:
        point, replicates = (_fill_rows(frame, printed.rows, label) for frame in (point, replicates))
    merged = merge_table(point, replicates, printed)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if set(replicates[label]) != set(printed.rows):
        replicates = _fill_rows(replicates, printed.rows, label)
    slim = replicates[["replicate", label, *metrics]].astype(
        {"replicate": "int32", label: "str"} | dict.fromkeys(metrics, "float32")
    )
    slim.to_parquet(folder / f"{name}.replicates.parquet", index=False, compression="zstd")
    write_csv(merged, folder / f"{name}.csv")
    write_text(folder / f"{name}.md", table_markdown(merged, printed, profile))
    return style_table(merged, printed, profile)


def _cells(merged: pd.DataFrame, printed: Table) -> pd.DataFrame:
    """The table as text: for each metric, ours with its interval, and the paper's number."""
    shown = pd.DataFrame({printed.label: merged[printed.label]})
    for name, metric in printed.metrics.items():
        digits = metric.decimals

        def number(value: float, digits: int = digits) -> str:
            return "–" if np.isnan(value) else f"{value:.{digits}f}"

        columns = merged[[name, f"{name}_lo", f"{name}_hi"]].to_numpy()
        shown[metric.title] = [
            number(value) if np.isnan(value) else f"{number(value)} [{number(low)}, {number(high)}]"
            for value, low, high in columns
        ]
        shown[f"{metric.title} (paper)"] = [
            "–" if np.isnan(value) else f"{value:g}" for value in merged[f"paper_{name}"]
        ]
    return shown


def table_markdown(merged: pd.DataFrame, printed: Table, profile: str) -> str:
    """The merged table in Markdown, with its caption and the mark of its profile.

    Args:
        merged: The table that `merge_table` makes.
        printed: The paper's table.
        profile: The name of the profile.
    """
    lines = [f"{printed.caption} ({printed.section}); {printed.unit}, ours with 95 % interval, beside the paper's."]
    lines += [line for note in _notes(merged, printed, profile) for line in ("", note)]
    return "\n".join([*lines, "", markdown_rows(_cells(merged, printed)), ""])


def _notes(merged: pd.DataFrame, printed: Table, profile: str) -> list[str]:
    """What a reader has to know: which profile this is, and which rows it leaves out."""
    notes = [PROFILE_NOTES[profile]] if PROFILE_NOTES[profile] else []
    absent = merged.loc[merged[list(printed.metrics)].isna().all(axis=1), printed.label]
    return [*notes, f"Not at this profile: {', '.join(absent)}."] if len(absent) else notes


def style_table(merged: pd.DataFrame, printed: Table, profile: str) -> Styler:
    """The merged table as a notebook shows it: best of ours in bold, the paper's numbers in grey.

    Args:
        merged: The table that `merge_table` makes.
        printed: The paper's table.
        profile: The name of the profile.
    """
    caption = f"{printed.caption} ({printed.section}), {printed.unit}"
    if notes := _notes(merged, printed, profile):
        caption += ". " + " ".join(notes).replace("*", "")
    shown = _cells(merged, printed)
    weight = pd.DataFrame("", index=shown.index, columns=shown.columns)
    for name, metric in printed.metrics.items():
        weight[f"{metric.title} (paper)"] = "color: #777"
        values = merged[name] if metric.better == "higher" else -merged[name]
        weight.loc[values == values.max(), metric.title] = "font-weight: bold"
    styler = shown.style.set_uuid(printed.label).hide(axis="index").set_caption(caption)
    return styler.apply(lambda _: weight, axis=None)
