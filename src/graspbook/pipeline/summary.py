"""What a newcomer sees at the end of a run: the tables, the claims, and where to look."""

from pathlib import Path

from graspbook.papers import FIRST_FORM
from graspbook.reporting.ledger import Entry, read_ledger


def summary(workspace: Path, shown: Path, paper: str | None = None) -> str:
    """What a run has produced: its tables, the verdict on each claim, its figures and pages.

    Args:
        workspace: The folder that holds `reports/`.
        shown: The path of the workspace as it is printed.
        paper: The short name of the paper, if only that was run; else None.
    """
    reports = workspace / "reports"
    below = reports / paper if paper else reports
    lines: list[str] = []
    for table in sorted(below.rglob("table_*.md")):
        lines += ["", table.read_text(encoding="utf-8").rstrip()]
    claims = reports / "claims" / "claims.csv"
    if claims.exists():
        lines += ["", "Claims:", *_claims(claims, paper)]
    figures = sorted(p.relative_to(workspace) for p in below.rglob("*") if p.suffix in (".png", ".webp", ".gif"))
    pages = sorted(path.relative_to(workspace) for path in below.rglob("notebook.ipynb"))
    lines += ["", f"Figures ({len(figures)}):", *(f"  {shown / path}" for path in figures)]
    lines += ["", f"Pages ({len(pages)}), each a notebook with its results:", *(f"  {shown / path}" for path in pages)]
    lines += ["", f"Open them in a browser: .venv/bin/jupyter lab {shown / below.relative_to(workspace)}"]
    return "\n".join(lines)


def _claims(path: Path, paper: str | None) -> list[str]:
    """One line per claim, and what to think of the quick profile's."""
    ledger = read_ledger(path)
    entries = [entry for slug, of_paper in ledger.items() if paper in (None, slug) for entry in of_paper.values()]
    lines = [f"  {entry.claim:<12} {entry.verdict:<27} {_statement(entry)}" for entry in entries]
    if any(entry.profile == "quick" for entry in entries):
        lines.append("  (quick profile: few rows, short trainings; the committed verdicts are in reports/claims)")
    return lines


def _statement(entry: Entry) -> str:
    return entry.statement if entry.form == FIRST_FORM else f"({entry.form}) {entry.statement}"
