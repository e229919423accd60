"""`reports/timings.csv`: how long each notebook took when it last ran, which no stage depends on."""

import csv
import fcntl
import io
from pathlib import Path

from graspbook.core.atomic import write_text

TIMINGS = Path("reports/timings.csv")
_COLUMNS = ["stage", "profile", "seconds"]


def record_timing(path: Path, stage: str, profile: str, seconds: float) -> None:
    """Put one line into the table in place of an older one; stages that run side by side do not lose each other's.

    Args:
        path: The CSV file of the table.
        stage: The stage's folder of reports.
        profile: The name of the profile at which it ran.
        seconds: The time that it took, in seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.parents[1] / "scratch" / "timings.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with open(lock, "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        rows = _read(path)
        rows[profile, stage] = f"{seconds:.1f}"
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows([stage, profile, rows[profile, stage]] for profile, stage in sorted(rows))
        write_text(path, text.getvalue())


def _read(path: Path) -> dict[tuple[str, str], str]:
    """The lines of the table; none where there is no table or it is another's: a run must not fail for this."""
    if not path.exists():
        return {}
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != _COLUMNS:
            return {}
        return {(row["profile"], row["stage"]): row["seconds"] for row in reader}
