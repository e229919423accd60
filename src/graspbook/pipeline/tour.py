"""The tour: one finding of each paper, from simulation to a figure, and what a newcomer sees at its end."""

import html
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graspbook.core.atomic import write_text
from graspbook.papers import Paper, load_paper, slugs
from graspbook.papers.about import Tour, load_about
from graspbook.papers.order import in_reading_order
from graspbook.reporting.cells import Cells, read_cells
from graspbook.reporting.sentences import interval_text, number_text
from graspbook.statistics.intervals import interval

PAGE = Path("reports/tour.html")
"""The page of the tour, below the workspace."""


@dataclass(frozen=True)
class Finding:
    """What the tour found of one paper.

    Attributes:
        paper: The paper.
        tour: What is shown of it.
        here: The number of this run with its 95 % interval, as text.
        committed: That of the committed results.
        printed: The paper's number; "" where it prints none.
    """

    paper: Paper
    tour: Tour
    here: str
    committed: str
    printed: str

    @property
    def folder(self) -> Path:
        """The folder of reports that shows it, below the workspace."""
        return Path("reports") / self.paper.slug / self.tour.stage


def stages() -> list[str]:
    """The stages that the tour ends with, one of each paper, by their addresses."""
    return [f"notebooks/{slug}/dvc.yaml:{load_about(slug).tour.stage}" for slug in in_reading_order(slugs())]


def find_all(workspace: Path, root: Path) -> list[Finding]:
    """What a run of the tour found.

    Args:
        workspace: The folder that holds the run's `reports/`.
        root: The repository, with the committed reports.
    """
    found = []
    for slug in in_reading_order(slugs()):
        paper, tour = load_paper(slug), load_about(slug).tour
        printed = paper.tables[tour.table]
        papers = float(Cells(printed.frame().assign(replicate=0), printed).evaluate(tour.value)[0])
        here, committed = (_measured(paper, tour, folder / "reports") for folder in (workspace, root))
        found.append(Finding(paper, tour, here, committed, "" if np.isnan(papers) else number_text(papers)))
    return found


def _measured(paper: Paper, tour: Tour, reports: Path) -> str:
    table, printed = paper.table_file(reports, tour.table), paper.tables[tour.table]
    estimate = float(read_cells(table, printed).evaluate(tour.value)[0])
    low, high = interval(read_cells(table.with_suffix(".replicates.parquet"), printed).evaluate(tour.value))
    return interval_text(estimate, float(low), float(high))


def screen(findings: list[Finding], shown: Path) -> str:
    """The screen at the end: each finding in a few lines, the page with the pictures, how to go on.

    Args:
        findings: The findings.
        shown: The path of the workspace as it is printed.
    """
    lines = ["", "What the tour found (the committed results, and the paper, in parentheses):", ""]
    for one in findings:
        printed = f"; the paper {one.printed}" if one.printed else ""
        lines += [f"  {one.paper.question}", f"    {one.here} {one.tour.words}"]
        lines += [f"    ({one.committed} committed{printed})", ""]
    lines += [f"As pictures: {shown / PAGE}"]
    lines += ["Go on: make book (read everything), make reproduce PAPER=don (one paper), ALL=1 (every page)."]
    return "\n".join(lines)


def write_page(workspace: Path, findings: list[Finding]) -> Path:
    """Write the page of the tour: a static file that needs nothing but the pictures beside it; returns its path.

    Args:
        workspace: The folder that holds the run's `reports/`.
        findings: The findings.
    """
    page = workspace / PAGE
    write_text(
        page, _PAGE.format(findings="\n".join(_section(one, page.relative_to(workspace).parent) for one in findings))
    )
    return page


def _section(one: Finding, start: Path) -> str:
    folder = Path(os.path.relpath(one.folder, start)).as_posix()
    title, question, words = (html.escape(text) for text in (one.paper.title, one.paper.question, one.tour.words))
    printed = f"; the paper: {one.printed}" if one.printed else ""
    return (
        f"<section><h2>{question}</h2><p class='paper'>{title}</p>"
        f"<p><strong>{one.here}</strong> {words} <span>(committed: {one.committed}{printed})</span></p>"
        f"<a href='{folder}/notebook.ipynb'><img src='{folder}/{one.tour.picture}' alt='{words}'></a></section>"
    )


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>graspbook: the tour</title>
<style>
body {{ font: 17px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
img {{ max-width: 100%; max-height: 36rem; background: #fff; }}
h2 {{ margin: 2.5rem 0 0; font-size: 1.3rem; }}
.paper, span {{ color: #595959; }}
.paper {{ margin-top: 0; font-style: italic; }}
</style>
</head>
<body>
<h1>How does a robot learn to see what it grasps?</h1>
<p>Five papers answer. This run simulated, trained and measured one comparison of each, with few pictures and short
trainings: an interval in square brackets covers 95 % of what another test set of this size would give. Each picture
leads to the executed notebook that made it.</p>
{findings}
</body>
</html>
"""
