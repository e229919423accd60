import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "book/glossary.md").read_text(encoding="utf-8")
ENTRIES = [" ".join(text.split()) for text in GLOSSARY.split("\n\n")[2:]]
ENTRY = re.compile(r"\*\*(?P<term>[^*]+)\*\*: .+\. → \[[^\]]+\]\(\.\./(?P<page>notebooks/[^)]+\.ipynb)\)(, §.+)?")


def text_of(page):
    cells = json.loads((ROOT / page).read_text(encoding="utf-8"))["cells"]
    return " ".join("".join(cell["source"]) for cell in cells)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.split("**")[1])
def test_a_term_is_explained_and_used_on_the_page_that_it_leads_to(entry):
    found = ENTRY.fullmatch(entry)
    assert found and (ROOT / found["page"]).is_file()
    names = re.findall(r"[^()]+", found["term"])  # the term, and its abbreviation in parentheses
    page = " ".join(text_of(found["page"]).replace("*", "").split())
    assert any(re.search(rf"\b{re.escape(name.strip())}", page, re.IGNORECASE) for name in names)


def test_terms_stand_in_alphabetical_order_and_once():
    terms = [entry.split("**")[1] for entry in ENTRIES]
    assert terms == sorted(set(terms), key=str.casefold)


def test_the_contents_of_the_book_lead_to_the_glossary():
    assert "\nglossary\n" in (ROOT / "book/index.md").read_text(encoding="utf-8")
