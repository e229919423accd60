"""No page prints a verdict by hand: prose that says what became of a claim would outlive the result."""

import json
import re
from pathlib import Path

import pytest

from graspbook.reporting import verdicts
from graspbook.reporting.registered.verdicts import Verdict

ROOT = Path(__file__).parents[1]
EXPLAINED = {"claims.ipynb", "scoreboard.ipynb"}
"""Pages that say what verdicts mean."""
WORDS = "|".join(str(one) for one in (*verdicts.Verdict, *Verdict) if "not tested" not in one)
BY_HAND = re.compile(rf"\*({WORDS})\*|\b\d+[a-z]?: ({WORDS})\b|[Cc]laim \d+[a-z]? (is|are) ({WORDS})\b")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("it ends as high (24d: not reproduced).", True),
        ("which is *holds* here", True),
        ("claim 16 is reproduced", True),
        ("the cup holds; 3: what it holds", False),
        ("what cannot tell objects apart", False),
    ],
)
def test_a_verdict_in_prose_is_seen(text, found):
    assert bool(BY_HAND.search(text)) is found


PAGES = sorted(path for path in (ROOT / "notebooks").rglob("*.ipynb") if path.name not in EXPLAINED)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_page_words_a_verdict_by_hand(page):
    cells = json.loads(page.read_text(encoding="utf-8"))["cells"]
    prose = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    prose += re.findall(
        r"[\"'](?:[^\"'\n]*)[\"']", "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    )
    assert [match[0] for text in prose for match in BY_HAND.finditer(text)] == []
