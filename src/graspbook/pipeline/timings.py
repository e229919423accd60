"""Tables beside the reports with one line per stage and profile, of its last run, on which no stage depends.

`reports/timings.csv` says how long each notebook took; `graspbook.pipeline.machines` says on what it ran.
"""

import csv
import fcntl
import io
from collections.abc import Sequence
from pathlib import Path

from graspbook.core.atomic import write_text

TIMINGS = Path("reports/timings.csv")
_KEYS = ["stage", "profile"]


def record_timing(path: Path, stage: str, profile: str, seconds: float) -> None:
    """Say how long a stage took; see `put_line`.

    Args:
        path: The CSV file of the table.
        stage: The stage's folder of reports.
        profile: The name of the profile at which it ran.
        seconds: The time that it took, in seconds.
    """
    put_line(path, stage, profile, {"seconds": f"{seconds:.1f}"})


def put_line(path: Path, stage: str, profile: str, values: dict[str, str]) -> None:
    """Put one line into a table in place of an older one; stages that run side by side do not lose each other's.

    Args:
        path: The CSV file of the table.
        stage: The stage's folder of reports.
        profile: The name of the profile at which it ran.
        values: What is said of the run, by the names of the columns after `stage` and `profile`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.parents[1] / "scratch" / f"{path.stem}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with open(lock, "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        lines = read_lines(text, list(values)) | {(profile, stage): values}
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow([*_KEYS, *values])
        writer.writerows([stage, profile, *lines[profile, stage].values()] for profile, stage in sorted(lines))
        write_text(path, table.getvalue())


def read_lines(text: str, columns: Sequence[str]) -> dict[tuple[str, str], dict[str, str]]:
    """The lines of a table by profile and stage; none where it has other columns: a run must not fail for this.

    Args:
        text: The CSV text of the table.
        columns: The names of the columns after `stage` and `profile`.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if reader.fieldnames != [*_KEYS, *columns]:
        return {}
    return {(row["profile"], row["stage"]): {name: row[name] for name in columns} for row in reader}
