"""The ledger as a page: every registered claim of every paper, its numbers under each condition, its verdict, and why.

It is a plain table, which a small script in the page makes sortable and filterable. Each claim has an anchor, its id.
"""

from collections.abc import Mapping
from html import escape

import pandas as pd

from graspbook.book.contents import Contents
from graspbook.book.links import LEDGER, heading_anchor, html_link, page_places, plain, relative
from graspbook.book.places import Place, shown_at
from graspbook.reporting.registered.verdicts import SHARES_DRAWN, Verdict
from graspbook.reporting.sentences import interval_text, number_text

SCOREBOARD = "scoreboard/notebook"
"""The page that says how claims are judged."""
FIRST_EDITION = "claims/notebook"
"""The page with the first edition's own claims."""
_WIDTH, _HEIGHT = 150, 14
"""Of the drawing of an interval, in pixels."""


def ledger_page(contents: Contents, ledger: pd.DataFrame) -> str:
    """The page as Markdown with a table in HTML.

    Args:
        contents: The contents of the book.
        ledger: The ledger (`graspbook.reporting.registered.ledger`).
    """
    ledger = ledger[ledger["paper"].isin(list(contents.papers))]
    return "\n".join(
        [
            plain({"html_theme.sidebar_secondary.remove": "true"}),
            "# The claims ledger",
            "",
            _introduction(contents, ledger),
            "",
            "```{raw} html",
            *_filter_form(contents),
            ledger_table(contents, ledger, LEDGER),
            "```",
            "",
            *(f"*{str(verdict).capitalize()}*: {verdict.meaning}" for verdict in Verdict),
            "",
        ]
    )


def ledger_table(contents: Contents, ledger: pd.DataFrame, docname: str) -> str:
    """Claims as a table in HTML: a line for each, a column for each condition.

    Args:
        contents: The contents of the book.
        ledger: The rows of the ledger to show.
        docname: The page that the table stands on.
    """
    conditions = list(dict.fromkeys(ledger["condition"]))
    places = {
        (slug, table): shown_at(contents, slug, table)
        for slug, table in dict.fromkeys(zip(ledger["paper"], ledger["table"], strict=True))
    }
    claims = ledger.groupby(["paper", "claim"], sort=False)
    widths = [9, 36, 13, 6, *(round(24 / len(conditions)) for _ in conditions), 12]
    pages = page_places(contents)
    bodies = [
        claim_row(number, rows, conditions, docname, places[rows.iloc[0]["paper"], rows.iloc[0]["table"]], pages)
        for number, (_, rows) in enumerate(claims, 1)
    ]
    return "\n".join(
        [
            '<div class="wide" role="region" aria-label="The claims" tabindex="0"><table class="ledger">',
            "<colgroup>" + "".join(f'<col style="width: {width}%">' for width in widths) + "</colgroup>",
            "<thead><tr>",
            '<th scope="col" data-key="number">Claim</th><th scope="col">The paper says</th>',
            '<th scope="col" data-key="share">Found of it</th><th scope="col" data-key="printed">Paper</th>',
            *(f'<th scope="col">{escape(condition.capitalize())} [95 %]</th>' for condition in conditions),
            '<th scope="col" data-key="rank">Verdict</th>',
            "</tr></thead>",
            *bodies,
            "</table></div>",
        ]
    )


def claim_row(
    number: int,
    rows: pd.DataFrame,
    conditions: list[str],
    docname: str,
    place: Place | None,
    pages: Mapping[str, str],
) -> str:
    """One claim as a body of the table.

    Args:
        number: The number of the claim in the table.
        rows: The claim's rows of the ledger, one for each condition.
        conditions: The names of the columns of conditions.
        docname: The page that the table stands on.
        place: Where the claim's numbers are shown; None where they are not.
        pages: The names of the pages in the site, by their path in the repository.
    """
    counted = rows[rows["counted"].astype(bool)].iloc[0]
    name, verdict = escape(counted["claim"]), counted["verdict"]
    data = {
        "paper": counted["paper"],
        "verdict": verdict,
        "whose": "ours" if counted["ours"] else "paper",
        "number": str(number),
        "rank": str(list(Verdict).index(verdict)),
        "printed": _sortable(counted["printed"]),
        "share": _sortable(counted["share"]),
    }
    of_condition = {row["condition"]: row for _, row in rows.iterrows()}
    whose = "<br><em>ours</em>" if counted["ours"] else ""
    cells = [
        f'<th scope="row"><a href="#{name}">{name}</a><br>{escape(counted["section"])}{whose}</th>',
        f"<td><p>{escape(counted['says'])}</p>{_details(counted)}{_place_links(place, docname)}</td>",
        f"<td>{interval_drawing(counted)}</td>",
        f'<td class="number">{number_text(counted["printed"])}</td>',
        *(f'<td class="number">{_outcome(of_condition.get(condition))}</td>' for condition in conditions),
        f"<td>{verdict_mark(verdict)}{_why(counted, docname, pages)}</td>",
    ]
    attributes = "".join(f' data-{key}="{escape(value)}"' for key, value in data.items())
    return f'<tbody{attributes}>\n<tr id="{name}">{"".join(cells)}</tr>\n</tbody>'


def verdict_mark(verdict: str) -> str:
    """A verdict in its colour, as HTML."""
    return f'<span class="verdict {verdict.replace(" ", "-")}">{verdict}</span>'


def interval_drawing(row: pd.Series) -> str:
    """The share of what the paper says that was found, with its interval, as a small drawing in SVG.

    Args:
        row: A row of the ledger.

    Returns:
        The drawing; "" where there is no share.
    """
    if pd.isna(row["share"]):
        return ""
    low, high = SHARES_DRAWN

    def x(share: float) -> float:
        return round((min(max(share, low), high) - low) / (high - low) * (_WIDTH - 10) + 5, 1)

    middle = _HEIGHT / 2
    text = f"{interval_text(row['share'], row['share_low'], row['share_high'])} of what the paper says"
    lines = "".join(
        f'<line class="{name}" x1="{x(share)}" x2="{x(share)}" y1="0" y2="{_HEIGHT}"/>'
        for share, name in ((0, "nothing"), (1, "printed"))
    )
    bar = (
        f'<line class="interval" x1="{x(row["share_low"])}" x2="{x(row["share_high"])}" y1="{middle}" y2="{middle}"/>'
        f'<circle cx="{x(row["share"])}" cy="{middle}" r="3.5"/>'
    )
    return (
        f'<svg class="share {row["verdict"].replace(" ", "-")}" role="img" aria-label="{text}" '
        f'width="{_WIDTH}" height="{_HEIGHT}"><title>{text}</title>{lines}{bar}</svg>'
    )


def _outcome(row: pd.Series | None) -> str:
    if row is None or row["verdict"] == Verdict.NOT_TESTED:
        return "–"
    late = (
        ' <span title="the test was written when this result was known">*</span>' if row["tests_after_results"] else ""
    )
    ours = interval_text(row["estimate"], row["low"], row["high"])
    return f"{ours}{late}<br>{verdict_mark(row['verdict'])}"


def _details(row: pd.Series) -> str:
    """The measure, its test and the reason of its margin, the control, the words of the paper; folded."""
    near = "" if not row["near"] else f"<p>In the paper: “{escape(row['near'])}”</p>"
    undecidable = "<p>Registered as undecidable at this scale.</p>" if row["undecidable"] else ""
    return (
        f'<details class="note"><summary>{escape(row["measure"])}: {escape(row["test"])}</summary>{near}'
        f"<p>{escape(row['kind'].capitalize())}. {escape(row['margin_reason'])}</p>"
        f"<p>Control: {escape(row['control'])}</p>{undecidable}</details>"
    )


def _why(row: pd.Series, docname: str, pages: Mapping[str, str]) -> str:
    if not row["why"]:
        return ""
    text = escape(row["why"])
    if row["why_page"]:
        text += f" {html_link('This page', docname, pages[f'notebooks/{row.why_page}'])} turns the cause."
    return f'<p class="note">{text}</p>'


def _introduction(contents: Contents, ledger: pd.DataFrame) -> str:
    counted = ledger[ledger["counted"].astype(bool)]
    verdicts = list(counted.loc[~counted["ours"].astype(bool), "verdict"])
    counts = [(verdicts.count(verdict), verdict) for verdict in Verdict]
    text = f"Every claim that the papers make about their results, {len(verdicts)} in all"
    if verdicts:
        text += ": " + ", ".join(f"**{count}** {verdict}" for count, verdict in counts if count)
    text += f"; and {len(counted) - len(verdicts)} hypotheses of ours, which do not count. None is dropped if it fails."
    if any(page.docname == SCOREBOARD for page in contents.pages()):
        text += f" [The scoreboard]({relative(LEDGER, SCOREBOARD, '.ipynb')}) says how a claim is judged."
    return (
        f"{text} *Found of it* is the share of what the paper says: the left line is nothing, the right one all of it. "
        "A star marks a result that was known when the test was written."
    )


def _filter_form(contents: Contents) -> list[str]:
    """The form that the script shows: which paper, which verdict, whose claim."""
    papers = "".join(
        f'<option value="{slug}">{escape(paper.title)}</option>' for slug, paper in contents.papers.items()
    )
    verdicts = "".join(f'<option value="{verdict}">{verdict}</option>' for verdict in Verdict)
    return [
        '<form class="ledger-filter" hidden>',
        f'<label>Paper <select name="paper"><option value="">all</option>{papers}</select></label>',
        f'<label>Verdict <select name="verdict"><option value="">all</option>{verdicts}</select></label>',
        '<label>Whose <select name="whose"><option value="">all</option><option value="paper">the papers\'</option>'
        '<option value="ours">ours</option></select></label>',
        '<span role="status" class="ledger-count"></span>',
        "</form>",
    ]


def _sortable(value: float | None) -> str:
    """A number as the script compares it; "" for none."""
    return "" if value is None or pd.isna(value) else f"{value:.6g}"


def _place_links(place: Place | None, docname: str) -> str:
    if place is None:
        return ""
    links = html_link(place.heading or "the page", docname, place.docname, heading_anchor(place.heading))
    if place.figure:
        links += ", " + html_link("figure", docname, place.docname, place.figure)
    return f'<p class="note">Shown at {links}.</p>'
