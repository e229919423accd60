"""What a newcomer sees at the end of a run: the tables, the claims, and where to look."""

from pathlib import Path

from graspbook.papers.registration import load_registration
from graspbook.reporting.registered.ledger import REGISTERED, read_registered, standing


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
    claims = workspace / REGISTERED
    if claims.exists():
        lines += ["", "Claims (few rows, short trainings: the committed verdicts are in reports/scoreboard):"]
        lines += _claims(claims, paper)
    figures = sorted(p.relative_to(workspace) for p in below.rglob("*") if p.suffix in (".png", ".webp", ".gif"))
    pages = sorted(path.relative_to(workspace) for path in below.rglob("notebook.ipynb"))
    lines += ["", f"Figures ({len(figures)}):", *(f"  {shown / path}" for path in figures)]
    lines += ["", f"Pages ({len(pages)}), each a notebook with its results:", *(f"  {shown / path}" for path in pages)]
    lines += ["", f"Open them in a browser: .venv/bin/jupyter lab {shown / below.relative_to(workspace)}"]
    return "\n".join(lines)


def _claims(path: Path, paper: str | None) -> list[str]:
    """How many claims of each paper hold, and its headline."""
    ledger = read_registered(path)
    slugs = [slug for slug in dict.fromkeys(ledger["paper"]) if paper in (None, slug)]
    found = {slug: standing(ledger, slug, load_registration(slug)) for slug in slugs}
    return [f"  {slug}: {one.share}. {one.headline.replace('*', '')}".rstrip() for slug, one in found.items()]
