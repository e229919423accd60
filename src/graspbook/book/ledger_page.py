"""The ledger as a page: every claim of every paper, its forms, its numbers, its verdict, and where it is shown.

It is a plain table, which a small script in the page makes sortable and filterable. Each form of a claim has an anchor,
its id.
"""

from collections.abc import Mapping, Sequence
from html import escape

from graspbook.book.contents import Contents
from graspbook.book.links import LEDGER, heading_anchor, html_link, plain, relative
from graspbook.book.places import Place, shown_at
from graspbook.papers import FIRST_FORM, Claim
from graspbook.reporting.ledger import Entry, unjudged
from graspbook.reporting.sentences import number_text
from graspbook.reporting.verdicts import Verdict

JUDGED = "claims/notebook"
"""The page that says how claims are judged."""
WIDTHS = (12, 33, 22, 6, 14, 13)
"""Of the columns, in per cent."""


def ledger_page(contents: Contents, judged: Mapping[str, Mapping[str, Entry]]) -> str:
    """The page as Markdown with a table in HTML: every claim of the papers' files, judged or not.

    Args:
        contents: The contents of the book.
        judged: The entries of the ledger, by paper and then by claim.
    """
    bodies, first_forms = [], []
    for slug, paper in contents.papers.items():
        places = {table: shown_at(contents, slug, table) for table in sorted({claim.table for claim in paper.claims})}
        below = {
            claim.id: _below(claim, _place_links(places[claim.table], paper.tables[claim.table].section))
            for claim in paper.claims
        }
        entries = [judged.get(slug, {}).get(claim.id) or unjudged(slug, claim) for claim in paper.claims]
        for entry in (entry for entry in entries if not entry.amends):
            forms = [entry, *(other for other in entries if other.amends == entry.claim)]
            bodies.append(claim_rows(len(bodies) + 1, forms, below))
        first_forms += [entry for entry in entries if entry.form == FIRST_FORM]
    return "\n".join(
        [
            plain({"html_theme.sidebar_secondary.remove": "true"}),
            "# The claims ledger",
            "",
            _introduction(contents, first_forms),
            "",
            "```{raw} html",
            *_filter_form(contents),
            '<div class="wide" role="region" aria-label="The claims" tabindex="0"><table class="ledger">',
            "<colgroup>" + "".join(f'<col style="width: {width}%">' for width in WIDTHS) + "</colgroup>",
            "<thead><tr>",
            '<th scope="col" data-key="number">Claim</th><th scope="col">The paper says</th>',
            '<th scope="col">Measured, and the test</th><th scope="col" data-key="printed">Paper</th>',
            '<th scope="col" data-key="estimate">Ours [95 %]</th><th scope="col" data-key="rank">Verdict</th>',
            "</tr></thead>",
            *bodies,
            "</table></div>",
            "```",
            "",
            "*Reproduced*: the claim holds, and so it does over the whole 95 % interval. *Direction only*: the effect "
            "has the paper's sign, but is weaker, or the interval does not exclude the contrary. A claim holds when "
            "all of its measures do. A claim is fixed before its results, and this first form stays and counts; a form "
            "that came later says so, stands below it with a verdict of its own, and counts for nothing. Columns are "
            "sorted by the first measure of the first form.",
            "",
        ]
    )


def _below(claim: Claim, shown: str) -> str:
    """What stands below a claim's statement: its note, why it is not a first form, where it is shown."""
    notes = [claim.note, claim.reason and f"Why this form: {claim.reason}"]
    return "".join(f'<p class="note">{escape(note)}</p>' for note in notes if note) + shown


def _introduction(contents: Contents, entries: list[Entry]) -> str:
    counts = [(sum(entry.verdict == verdict for entry in entries), verdict) for verdict in Verdict]
    text = f"Every claim of every paper, {len(entries)} in all"
    if entries:
        text += ": " + ", ".join(f"**{count}** {verdict}" for count, verdict in counts if count)
    text += ". None is dropped because it fails."
    if any(page.docname == JUDGED for page in contents.pages()):
        text += f" [How a claim is judged]({relative(LEDGER, JUDGED, '.ipynb')}) is a page of its own."
    return text


def _filter_form(contents: Contents) -> list[str]:
    """The form that the script shows: which paper, which verdict."""
    papers = "".join(
        f'<option value="{slug}">{escape(paper.title)}</option>' for slug, paper in contents.papers.items()
    )
    verdicts = "".join(f'<option value="{verdict}">{verdict}</option>' for verdict in Verdict)
    return [
        '<form class="ledger-filter" hidden>',
        f'<label>Paper <select name="paper"><option value="">all</option>{papers}</select></label>',
        f'<label>Verdict <select name="verdict"><option value="">all</option>{verdicts}</select></label>',
        '<span role="status" class="ledger-count"></span>',
        "</form>",
    ]


def claim_rows(number: int, forms: Sequence[Entry], below: Mapping[str, str]) -> str:
    """One claim as a body of the table: a row per measure, the amended forms below the first.

    Args:
        number: The number of the claim in the ledger.
        forms: The first form, then those that amend it.
        below: The HTML that stands below the statement of each form, by the form's id.
    """
    first = forms[0]
    data = {
        "paper": first.paper,
        "verdict": first.verdict,
        "number": str(number),
        "rank": str(list(Verdict).index(first.verdict)),
        "printed": _sortable(first.measures[0].paper),
        "estimate": _sortable(first.measures[0].estimate),
    }
    lines = ["<tbody" + "".join(f' data-{key}="{escape(value)}"' for key, value in data.items()) + ">"]
    for form in forms:
        span = f' rowspan="{len(form.measures)}"'
        for place, measure in enumerate(form.measures):
            measured = (
                f"<td>{escape(measure.name)}: {escape(measure.test)}</td>"
                f'<td class="number">{number_text(measure.paper)}</td><td class="number">{measure.ours}</td>'
            )
            if place:
                lines.append(f"<tr>{measured}</tr>")
                continue
            name = escape(form.claim)
            later = f"<br><em>{escape(form.form)}</em>" if form.form != FIRST_FORM else ""
            verdict = f'<span class="verdict {form.verdict.replace(" ", "-")}">{form.verdict}</span>'
            lines.append(
                f'<tr id="{name}"><th scope="rowgroup"{span}><a href="#{name}">{name}</a><br>{escape(form.section)}'
                f"{later}</th><td{span}><p>{escape(form.statement)}</p>{below.get(form.claim, '')}</td>"
                f"{measured}<td{span}>{verdict}</td></tr>"
            )
    return "\n".join([*lines, "</tbody>"])


def _sortable(value: float | None) -> str:
    """A number as the script compares it; "" for none."""
    return "" if value is None else f"{value:.6g}"


def _place_links(place: Place | None, section: str) -> str:
    if place is None:
        return ""
    links = html_link(section, LEDGER, place.docname, heading_anchor(place.heading))
    if place.figure:
        links += ", " + html_link("figure", LEDGER, place.docname, place.figure)
    return f'<p class="note">Shown at {links}.</p>'
