"""Claims judged: each one evaluated on our tables, with an interval and a verdict.

A claim is arithmetic over table cells (`papers/<slug>.yaml`). It is evaluated on the table itself and on
every bootstrap replicate of it, which gives an estimate and a 95 % interval; evaluated on the paper's
printed table, it gives the paper's number.
"""

from pathlib import Path

import numpy as np

from graspbook.papers import Claim, Paper, Table, load_paper, slugs
from graspbook.papers.order import in_reading_order
from graspbook.reporting.cells import Cells, read_cells
from graspbook.reporting.verdicts import Judgement, Result, judge_measure
from graspbook.statistics.intervals import interval


def judge_all(reports: Path) -> dict[str, list[Judgement]]:
    """The judgements of each paper by its short name, in reading order; see `judge_claims`.

    Args:
        reports: The folder of reports, which holds a folder for each paper.
    """
    return {slug: judge_claims(load_paper(slug), reports) for slug in in_reading_order(slugs())}


def judge_claims(paper: Paper, reports: Path, stage: str | None = None) -> list[Judgement]:
    """Evaluate the claims of a paper; none is left out.

    Args:
        paper: The paper with its tables and claims.
        reports: The folder that holds `<slug>/<stage>/<table>.csv` and, beside it, `<table>.replicates.parquet`. A
            claim whose table is not there is `not tested at this profile`.
        stage: The stage whose tables are judged; None takes all of them.

    Returns:
        The judgement of each claim about these tables, in the order of the paper's file.

    Raises:
        InputError: A table is faulty; the message names the file.
    """
    names = list(paper.tables) if stage is None else paper.stages[stage]
    tables = {name: _read_cells(paper.table_file(reports, name), paper.tables[name]) for name in names}
    return [
        _judge_claim(claim, paper.tables[claim.table], tables[claim.table])
        for claim in paper.claims
        if claim.table in tables
    ]


def _judge_claim(claim: Claim, printed: Table, cells: tuple[Cells, Cells] | None) -> Judgement:
    papers_cells = Cells(printed.frame().assign(replicate=0), printed)
    results = []
    for measure in claim.measures:
        paper, ours = float(papers_cells.evaluate(measure.value)[0]), _evaluate(measure.value, cells)
        results.append(Result(measure, paper, *ours, judge_measure(measure, paper, *ours)))
    asides = tuple((aside, *_evaluate(aside.value, cells)) for aside in claim.asides)
    return Judgement(claim, tuple(results), asides)


def _evaluate(expression: str, cells: tuple[Cells, Cells] | None) -> tuple[float, float, float]:
    """Our number and its 95 % interval; NaN without a table."""
    if cells is None:
        return np.nan, np.nan, np.nan
    point, replicates = cells
    low, high = interval(replicates.evaluate(expression))
    return float(point.evaluate(expression)[0]), float(low), float(high)


def _read_cells(table: Path, printed: Table) -> tuple[Cells, Cells] | None:
    """The cells of a table and of its replicates; None where either is not there."""
    replicates = table.with_suffix(".replicates.parquet")
    if not (table.exists() and replicates.exists()):
        return None
    return read_cells(table, printed), read_cells(replicates, printed)
