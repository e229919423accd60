"""One headline row of each paper trained anew, and held against the committed interval: `graspbook verify --deep`.

A table that was copied is bit-equal. This is what shows that it can be made: data set, trainings and evaluation of one
row, from nothing, with the settings of the committed results, in the workspace `runs/deep` (`profiles/deep.yaml`).
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from graspbook.core.errors import InputError
from graspbook.papers import load_paper
from graspbook.pipeline.bands import Agreement, compare_table
from graspbook.pipeline.consistency import REPLICATES, read_table
from graspbook.pipeline.revision import Revision
from graspbook.pipeline.workspace import run_profile

PROFILE = "deep"


@dataclass(frozen=True)
class Headline:
    """The cheapest row that shows what a paper is known for.

    Attributes:
        slug: The short name of the paper.
        stage: The stage that writes its table.
        table: The name of the table.
        row: The name of the row.
        minutes: About how long data set, trainings and evaluation take on two cores, in minutes.
    """

    slug: str
    stage: str
    table: str
    row: str
    minutes: float


HEADLINES = (
    Headline("selfsup", "evaluate", "table_1", "Grasp-100", 14),
    Headline("don", "results", "table_1", "NT-Xent + Multi-Object + Augmentations", 14),
    Headline("mlgsl", "results", "table_1", "MLGSL (2 labels)", 40),
    Headline("joint", "results", "table_1", "MobileNetV2, stride 4", 45),
    Headline("latent", "results", "table_1", "MaskRCNN", 120),
)


def retrain(root: Path, revision: str, minutes: float, say: Callable[[str], None]) -> bool:
    """Train the headline rows anew that do not take too long, and compare them with the committed ones.

    Args:
        root: The repository.
        revision: The git revision to compare with.
        minutes: The time that a row may take, in minutes; what takes longer is left out, and said so.
        say: What takes each line of the report.

    Returns:
        Whether every row that was trained is in band.

    Raises:
        InputError: The committed table cannot be read.
        PipelineError: A stage failed.
    """
    known, well = Revision(root, revision), True
    for one in HEADLINES:
        name = f"{one.slug}: {one.row} ({one.table})"
        if one.minutes > minutes:
            say(f"{name}: left out, it takes about {one.minutes:g} minutes; run it by `--minutes {one.minutes:g}`")
            continue
        shutil.rmtree(root / "runs" / PROFILE, ignore_errors=True)  # a finished training would only be read
        begun = time.monotonic()
        workspace, _ = run_profile(root, PROFILE, [f"notebooks/{one.slug}/dvc.yaml:{one.stage}"])
        agreement, detail = compare_row(known, workspace, one)
        well = well and agreement in (Agreement.EQUAL, Agreement.IN_BAND)
        say(f"{name}: trained anew in {(time.monotonic() - begun) / 60:.0f} minutes, {agreement}{detail}")
    return well


def compare_row(known: Revision, workspace: Path, headline: Headline) -> tuple[Agreement, str]:
    """Compare one row of a table with the committed one.

    Args:
        known: The revision that holds the committed table.
        workspace: The folder of the run.
        headline: The row.

    Returns:
        The agreement, and in words the largest difference.

    Raises:
        InputError: One of the tables is missing, cannot be read, or has no such row.
    """
    path = f"reports/{headline.slug}/{headline.stage}/{headline.table}.csv"
    drawn = f"{path.removesuffix('.csv')}{REPLICATES}"
    tables = [_row((workspace / path).read_bytes(), headline.row, str(workspace / path))]
    tables += [_row(known.read(path) or b"", headline.row, f"{path} at {known.name}")]
    replicates = (workspace / drawn).read_bytes(), known.read(drawn) or b""
    printed = load_paper(headline.slug).tables[headline.table]
    if tables[0] == tables[1]:
        return Agreement.EQUAL, ""
    found = compare_table(path, tables[0], tables[1], replicates, printed)
    largest = max(found.cells, key=lambda cell: cell.by, default=None)
    return found.agreement, f"; {largest.by:.2f} half-widths at {largest}" if largest else found.detail


def _row(content: bytes, row: str, name: str) -> bytes:
    """The table with this row alone."""
    try:
        frame = read_table(content, ".csv")
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    own = frame[frame.iloc[:, 0] == row]
    if own.empty:
        raise InputError(f"{name}: no row '{row}'")
    return own.to_csv(index=False).encode()
