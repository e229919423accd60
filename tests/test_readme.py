import importlib
import re
from pathlib import Path

import pytest

from graspbook.errors import InputError
from graspbook.readme import BEGIN, END, with_claims

ROOT = Path(__file__).parents[1]


def test_the_table_between_the_marks_is_replaced_and_nothing_else():
    ledger = "# Claims\n\nprose\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n"
    once = with_claims(f"top\n{BEGIN}\nold\n{END}\nbottom\n", ledger)
    assert once == f"top\n{BEGIN}\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n{END}\nbottom\n"
    assert with_claims(once, ledger) == once


@pytest.mark.parametrize(("readme", "ledger"), [("no marks", "| a |"), (f"{BEGIN}{END}", "no table"), (BEGIN, "| a |")])
def test_a_missing_mark_or_table_is_named(readme, ledger):
    with pytest.raises(InputError, match=r"README\.md|claims\.md"):
        with_claims(readme, ledger)


def test_the_committed_readme_shows_the_committed_ledger():
    readme = (ROOT / "README.md").read_text()
    assert with_claims(readme, (ROOT / "reports/claims.md").read_text()) == readme


def test_every_file_that_the_readme_links_to_exists():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", (ROOT / "README.md").read_text())
    assert links and [link for link in links if not (ROOT / link).exists()] == []


def test_everything_that_the_readme_names_in_the_package_exists():
    names = re.findall(r"`(graspbook(?:\.\w+)+)`", (ROOT / "README.md").read_text())
    assert names
    for name in names:
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name
