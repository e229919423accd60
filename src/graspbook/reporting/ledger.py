"""The ledger of all papers: every claim of each, judged on one folder of reports."""

from pathlib import Path

from graspbook.papers import load_paper, slugs
from graspbook.papers.order import in_reading_order
from graspbook.reporting.claims import Judgement, judge


def judge_all(reports: Path) -> dict[str, list[Judgement]]:
    """The judgements of each paper by its short name, in reading order; see `judge`.

    Args:
        reports: The folder of reports, which holds a folder for each paper.
    """
    return {slug: judge(load_paper(slug), reports) for slug in in_reading_order(slugs())}
