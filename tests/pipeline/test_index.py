from types import SimpleNamespace

import pytest

from graspbook.pipeline import index
from graspbook.reporting.registered.ledger import COLUMNS


@pytest.fixture
def judged(book, monkeypatch):
    """A paper with a headline, and a writer of its ledger."""
    paper = SimpleNamespace(title="The toy paper", question="Is it?")
    known_for = SimpleNamespace(headline=SimpleNamespace(claim="T1", words="times better"))
    about = SimpleNamespace(links={"arXiv": "https://arxiv.org/abs/1"})
    for name, given in (("load_paper", paper), ("load_registration", known_for), ("load_about", about)):
        monkeypatch.setattr(index, name, lambda slug, given=given: given)

    def write(*claims):
        lines = [",".join(str((dict.fromkeys(COLUMNS, "") | claim)[column]) for column in COLUMNS) for claim in claims]
        path = book / index.REGISTERED
        path.parent.mkdir(parents=True)
        path.write_text("\n".join([",".join(COLUMNS), *lines, ""]))

    return write


CLAIM = {"paper": "toy", "claim": "T1", "counted": True, "ours": False, "verdict": "holds", "printed": 4.917}
MEASURED = {"estimate": 6.4339, "low": 5.1, "high": 7.29}


def test_the_index_lists_each_page_with_its_copies_in_reading_order(book, judged):
    for copy in ("one", "many/first", "many/second"):
        folder = book / "reports/toy" / copy
        folder.mkdir(parents=True)
        (folder / "notebook.ipynb").write_text("{}")
    judged(CLAIM | MEASURED, CLAIM | {"claim": "T2", "verdict": "not tested"})
    lines = index.write_index(book).read_text().splitlines()
    assert "## The toy paper" in lines
    headline = "**6.43 times better** [5.1, 7.29]; the paper: 4.92 — *holds*"
    share = "1 of 1 tested claims hold; not tested yet: 1"
    assert f"| The toy paper ([arXiv](https://arxiv.org/abs/1)) | Is it? | {headline} | {share} |" in lines
    first, second = "toy/many/first/notebook.ipynb", "toy/many/second/notebook.ipynb"
    assert lines[-2:] == [
        "| [One](toy/one/notebook.ipynb) | what one is. See many and the data. |",
        f"| Many: [first]({first}), [second]({second}) | what each \\| says. See one. |",
    ]


def test_a_paper_and_its_pages_that_have_not_run_are_not_linked_and_count_nothing(book, judged):
    lines = index.write_index(book).read_text().splitlines()
    assert "| The toy paper ([arXiv](https://arxiv.org/abs/1)) | Is it? |  | not run yet |" in lines
    assert lines[-2:] == [
        "| One (not run yet) | what one is. See many and the data. |",
        "| Many (not run yet) | what each \\| says. See one. |",
    ]
