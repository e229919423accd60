"""Whether reports contradict one another: tables, their replicates, what is printed of them, metrics, and ledgers.

The same questions are asked of the committed reports (`tests/test_reports.py`) and of a run (`graspbook verify`).
"""

import io
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as arrow

from graspbook.core.errors import InputError
from graspbook.papers import Paper, Table, load_paper, slugs
from graspbook.reporting.claims import judge_all
from graspbook.reporting.ledger_writer import claims_frame, claims_markdown
from graspbook.reporting.registered.judging import judge_registered
from graspbook.reporting.registered.ledger_frame import ledger_frame
from graspbook.reporting.tables import PROFILE_NOTES, table_markdown
from graspbook.statistics.intervals import interval

REPLICATES = ".replicates.parquet"
PRINTED = 1e-5
"""The relative rounding of numbers in CSV files, which have six digits, and a little more."""
SHIFT = 5.0
"""How many standard errors the place of a number among its replicates may differ from the committed one's. In 213
cells that changed in the history of this repository, it never differed by more than 2.2."""
_NUMBER = r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?"


class Problem(NamedTuple):
    """Something in a file of the reports that another one contradicts, or that cannot be read.

    Attributes:
        path: The path of the file, below the folder of reports.
        says: What is wrong, in words, with the cell.
    """

    path: str
    says: str


def report_problems(reports: Path) -> list[Problem]:
    """Everything that contradicts itself below a folder of reports.

    Args:
        reports: The folder of reports, which holds a folder for each paper.
    """
    found: list[Problem] = []
    for pattern, check in (
        (f"*{REPLICATES}", replicates_problems),
        ("metrics.json", metrics_problems),
        ("*.csv", lambda path: printed_problems(path, printed_table(path.relative_to(reports)))),
    ):
        for path in sorted(reports.rglob(pattern)):
            found += [Problem(path.relative_to(reports).as_posix(), says) for says in check(path)]
    return found + ledger_problems(reports)


def read_table(content: bytes, name: str) -> pd.DataFrame:
    """Read a table.

    Args:
        content: The bytes of the file.
        name: The name of the file, which tells its kind: CSV, or else Parquet.

    Raises:
        InputError: It cannot be read as a table.
    """
    try:
        frame = pd.read_csv(io.BytesIO(content)) if name.endswith(".csv") else pd.read_parquet(io.BytesIO(content))
    except (ValueError, OSError, arrow.ArrowException, RecursionError) as error:  # pandas' own errors are among them
        raise InputError(f"cannot be read as a table ({type(error).__name__})") from None
    if not len(frame.columns):
        raise InputError("cannot be read as a table (it has no column)")
    return frame


def printed_table(path: Path) -> Table | None:
    """The printed table that a stage's table stands beside; None for any other file.

    Args:
        path: The path of the table, such as `don/results/table_1.csv`, below the folder of reports.
    """
    if len(path.parts) != 3 or path.parts[0] not in slugs():
        return None
    slug, stage, name = path.parts
    paper = _paper(slug)
    table = name.removesuffix(".csv")
    return paper.tables[table] if table in paper.stages.get(stage, []) else None


def replicates_problems(path: Path) -> Iterator[str]:
    """What a table says that its replicates do not: rows, intervals, and numbers that lie outside all replicates.

    Args:
        path: The replicates, beside the table.
    """
    csv = path.with_name(path.name.removesuffix(REPLICATES) + ".csv")
    try:
        replicates, table = read_table(path.read_bytes(), path.name), read_table(csv.read_bytes(), csv.name)
    except InputError as error:
        yield str(error)
        return
    except FileNotFoundError:
        yield f"there is no {csv.name} beside it"
        return
    label = table.columns[0]
    if label not in replicates or set(replicates[label]) != set(table[label]) or table[label].duplicated().any():
        yield f"contradicts {csv.name}: other rows"
        return
    for row, drawn in replicates.groupby(label):
        cells = table[table[label] == row].iloc[0]
        for metric in (name for name in table.columns[1:] if name in replicates):
            values = drawn[metric].to_numpy(float)
            if not np.isfinite(values).any():
                continue
            value, least, most = float(cells[metric]), np.nanmin(values), np.nanmax(values)
            slack = PRINTED * max(abs(least), abs(most))
            if not least - slack <= value <= most + slack:
                yield f"contradicts {csv.name}: {row}, {metric}: {value:g} there, {least:g} to {most:g} in replicates"
            if f"{metric}_lo" in table:
                said, ends = cells[[f"{metric}_lo", f"{metric}_hi"]].to_numpy(float), np.array(interval(values))
                if not np.allclose(ends, said, rtol=PRINTED, atol=0, equal_nan=True):
                    there, here = (f"[{low:g}, {high:g}]" for low, high in (said, ends))
                    yield f"contradicts {csv.name}: {row}, {metric}: {there} there, {here} of the replicates"


def shift_problem(value: float, drawn: np.ndarray, known: float, known_drawn: np.ndarray) -> bool:
    """Whether a number lies at another place among its replicates than the committed one among its own.

    Where a number is the mean over units, the mean over its replicates is equal but for the replicates' own error.
    Where it is not, both are off by about the same part of their spread: the statistic is the same, the units are
    drawn by the same seed. A number that was changed afterwards is off by more.

    Args:
        value: The number.
        drawn: Its replicates, float [R].
        known: The committed number.
        known_drawn: The committed replicates, float [R].
    """
    if not np.isfinite([*drawn, *known_drawn, value, known]).all() or not drawn.std() or not known_drawn.std():
        return False
    place = (value - drawn.mean()) / drawn.std()
    known_place = (known - known_drawn.mean()) / known_drawn.std()
    return bool(abs(place - known_place) > SHIFT * np.sqrt(1 / len(drawn) + 1 / len(known_drawn)))


def printed_problems(path: Path, printed: Table | None) -> Iterator[str]:
    """What the Markdown beside a table says that the table does not; a table that cannot be read.

    Args:
        path: The table, a CSV file.
        printed: The paper's table; None where there is none, and nothing to compare.
    """
    try:
        table = read_table(path.read_bytes(), path.name)
    except InputError as error:
        yield str(error)
        return
    markdown = path.with_suffix(".md")
    if printed is None or not markdown.is_file():
        return
    said = markdown.read_text(encoding="utf-8", errors="replace")
    profile = next((name for name, note in PROFILE_NOTES.items() if note and note in said), "standard")
    try:
        difference = _first_difference(said, table_markdown(table, printed, profile))
        if difference:
            # the Markdown was made from all digits: a number of the table may round otherwise by a hair
            numbers = table.select_dtypes("float").columns
            hairs = (table.assign(**{name: table[name] * hair for name in numbers}) for hair in (1, 1.00001, 0.99999))
            difference = _first_difference(said, *(table_markdown(one, printed, profile) for one in hairs))
    except (KeyError, ValueError, TypeError):
        difference = "other columns than the printed table has"
    if difference:
        yield f"contradicts {markdown.name}: {difference}"


def metrics_problems(path: Path) -> Iterator[str]:
    """The metrics that stand, but for rounding, in their row of no table beside them.

    Args:
        path: The file `metrics.json`.
    """
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
        cells = [(row, name, value) for row, own in metrics.items() for name, value in own.items() if value is not None]
        cells = [(row, name, float(value)) for row, name, value in cells]
    except (ValueError, AttributeError, TypeError, RecursionError):
        yield "cannot be read as metrics: expected rows, each with numbers"
        return
    rows: dict[str, list[dict[str, float]]] = {}
    for table in sorted(path.parent.glob("*.csv")):
        try:
            frame = read_table(table.read_bytes(), table.name)
        except InputError:
            continue  # told where the table is checked
        own = [
            name for name in frame.columns[1:] if not name.startswith("paper_") and not name.endswith(("_lo", "_hi"))
        ]
        own = [name for name in own if pd.api.types.is_numeric_dtype(frame[name])]
        for label, values in zip(frame.iloc[:, 0], frame[own].to_dict("records"), strict=True):
            rows.setdefault(str(label), []).append(values)
    for row, name, value in cells:
        beside = rows.get(row, [])
        # under its own name if a table has it; else under any
        found = [one[name] for one in beside if name in one] or [number for one in beside for number in one.values()]
        if not np.isclose(found, value, rtol=PRINTED, atol=5.1e-4).any():
            yield f"contradicts the tables beside it: {row}, {name}: {value:g} here"


def ledger_problems(reports: Path) -> list[Problem]:
    """What the ledgers say that judging the tables does not give.

    Args:
        reports: The folder of reports.
    """
    found: list[Problem] = []
    claims, scoreboard = reports / "claims/claims.csv", reports / "scoreboard/claims.csv"
    try:
        if claims.is_file():
            judged = judge_all(reports)
            profile = _text(claims)["profile"].iat[0] if "profile" in _text(claims) and len(_text(claims)) else ""
            found += _ledger_problems(claims, claims_frame(judged, profile), ("paper", "claim", "measure"), reports)
            markdown = claims.with_suffix(".md")
            difference = _first_difference(markdown.read_text(encoding="utf-8"), claims_markdown(judged, profile))
            if difference:
                found.append(Problem("claims/claims.md", f"contradicts the tables: {difference}"))
        if scoreboard.is_file():
            board = ledger_frame(judge_registered(reports))
            found += _ledger_problems(scoreboard, board, ("paper", "claim", "condition"), reports)
    except InputError as error:
        found.append(Problem("claims/claims.csv", f"cannot be judged again: {error}"))
    except OSError as error:
        found.append(Problem("claims/claims.md", f"cannot be read: {error.strerror}"))
    return found


def _ledger_problems(path: Path, judged: pd.DataFrame, names: tuple[str, ...], reports: Path) -> list[Problem]:
    place = path.relative_to(reports).as_posix()
    fresh = _text(judged.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
    said = _text(path)
    if list(said.columns) != list(fresh.columns) or len(said) != len(fresh):
        return [Problem(place, "contradicts the tables: other lines or columns than judging them gives")]
    found = []
    for column in fresh:
        for line in np.flatnonzero((said[column] != fresh[column]).to_numpy()):
            here, there = said[column].iat[line], fresh[column].iat[line]
            if not _nearly(here, there):
                row = ", ".join(fresh[name].iat[line] for name in names)
                found.append(
                    Problem(place, f"contradicts the tables: {row}, {column}: {here} here, {there} of the tables")
                )
    return found


def _text(source: Path | str) -> pd.DataFrame:
    """A CSV file, or its text, with every cell as it stands."""
    try:
        return pd.read_csv(io.StringIO(source) if isinstance(source, str) else source, dtype=str, keep_default_na=False)
    except ValueError as error:
        raise InputError(f"{source}: cannot be read as a table ({type(error).__name__})") from None


def _nearly(one: str, other: str) -> bool:
    try:
        return bool(np.isclose(float(one), float(other), rtol=PRINTED, atol=0, equal_nan=True))
    except ValueError:
        return False


def _first_difference(said: str, *renderings: str) -> str:
    """The first number or line of a text that stands in none of its renderings at this place; "" if there is none."""
    lines, expected = said.splitlines(), [text.splitlines() for text in renderings]
    if any(len(text) != len(lines) for text in expected):
        return f"{len(lines)} lines there, {len(expected[0])} expected"
    for line, *versions in zip(lines, *expected, strict=True):
        if line in versions:
            continue
        row = line.strip("| ").split(" | ")[0]
        if any(re.sub(_NUMBER, "", line) != re.sub(_NUMBER, "", version) for version in versions[:1]):
            return f"'{row}': other words or empty cells"
        numbers = [re.findall(_NUMBER, version) for version in versions]
        for number, *found in zip(re.findall(_NUMBER, line), *numbers, strict=False):
            if number not in found:
                return f"{row}: {number} there, {found[0]} expected"
    return ""


@cache
def _paper(slug: str) -> Paper:
    return load_paper(slug)
