"""The committed results do not contradict one another: tables, replicates, metrics, the ledger, and what pages say."""

import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from graspbook.pipeline.consistency import report_problems
from graspbook.reporting.claims import judge_all
from graspbook.reporting.ledger_writer import write_claims
from graspbook.reporting.registered.judging import judge_registered
from graspbook.reporting.registered.ledger import ledger_markdown
from graspbook.reporting.registered.ledger_frame import ledger_frame
from graspbook.reporting.tables import write_csv
from graspbook.reporting.verdicts import Verdict

REPORTS = Path(__file__).parents[1] / "reports"
VERDICT = "|".join(Verdict)
SENTENCE = re.compile(rf"^- .*(?:— \*({VERDICT})\*\.|\*\*({VERDICT})\.\*\*|\), ({VERDICT})\.)$", re.IGNORECASE)
"""An item of a list that ends with a verdict on a claim or a measure."""
NUMBER = r"-?[\d.]+(?:e[-+]\d+)?"


@pytest.fixture(scope="module")
def judgements():
    return judge_all(REPORTS)


def below(folder, pattern):
    return pytest.mark.parametrize(
        "path", sorted(folder.rglob(pattern)), ids=lambda path: path.relative_to(REPORTS).as_posix()
    )


def test_tables_replicates_metrics_and_ledgers_do_not_contradict_one_another():
    assert report_problems(REPORTS) == []


def test_the_ledger_is_what_judging_the_tables_gives_to_the_last_byte(judgements, tmp_path):
    profile = str(pd.read_csv(REPORTS / "claims/claims.csv")["profile"].iat[0])
    write_claims(judgements, tmp_path, profile)
    for name in ("claims.csv", "claims.md"):
        assert (REPORTS / "claims" / name).read_text(encoding="utf-8") == (tmp_path / name).read_text(encoding="utf-8")


def test_the_scoreboard_is_what_judging_the_tables_gives(tmp_path):
    ledger, path = ledger_frame(judge_registered(REPORTS)), REPORTS / "scoreboard/claims.csv"
    write_csv(ledger, tmp_path / "claims.csv")
    assert path.read_text(encoding="utf-8") == (tmp_path / "claims.csv").read_text(encoding="utf-8")
    for slug in ledger["paper"].unique():
        assert ledger_markdown(ledger, slug) in (path.with_suffix(".md")).read_text(encoding="utf-8")


@below(REPORTS, "notebook.ipynb")
def test_a_page_says_of_claims_what_the_ledger_says(judgements, path):
    slug = path.relative_to(REPORTS).parts[0]
    if slug in ("claims", "scoreboard"):
        return
    problems = []
    for cell in nbformat.read(path, as_version=4).cells:
        outputs = [output.get("data", {}).get("text/markdown", "") for output in cell.get("outputs", [])]
        for line in (line for text in outputs for line in text.splitlines()):
            problems += contradictions(line, judgements[slug])
        if cell.cell_type == "markdown":
            problems += wrong_asides(cell.source, judgements[slug])
    assert not problems


def contradictions(line, judged):
    """What a printed line says of a claim that the ledger does not."""
    found = SENTENCE.match(line)
    if not found:
        return []
    said = next(filter(None, found.groups())).lower()
    about = [one for one in judged if line.startswith(f"- {one.claim.statement}") or names(line, one.claim.id)]
    results = [result for one in about or judged for result in one.results if f"{result.measure.name}:" in line]
    if not about:  # a line about measures
        results = [result for result in results if line.startswith(f"- {result.measure.name}:")]
    wrong = [] if about or results else [f"{line}: about no claim"]
    of_measure = not about or found[3]
    if said not in {one.verdict for one in (results if of_measure else about)}:
        wrong.append(f"{line}: the ledger has another verdict")
    for result in results:
        text = rf"{re.escape(result.measure.name)}: \*\*({NUMBER})\*\*(?: \[({NUMBER}), ({NUMBER})\])?"
        for numbers in re.findall(text, line):
            ours = result.estimate, result.low, result.high
            if not all(text in ("", *forms(value)) for text, value in zip(numbers, ours, strict=True)):
                wrong.append(f"{line}: the ledger has other numbers of {result.measure.name}")
    return wrong


def names(line, claim):
    """Whether a line begins with the number of a claim, such as `- *8c*` for `selfsup-8c`."""
    return re.match(rf"- \*{claim.partition('-')[2]}\*[:,]", line) is not None


def forms(value):
    """A number as pages print it."""
    return f"{value:.3g}", f"{value:.1f}", f"{value:.2f}"


def wrong_asides(prose, judged):
    """What prose says of claims in parentheses, such as `(24c: not reproduced, in either run)`."""
    verdicts = {one.claim.id.partition("-")[2]: one.verdict for one in judged}
    said = re.findall(rf"\((\d+[a-z]?): ({VERDICT})", prose)
    return [
        f"{number}: {verdict}, not {verdicts.get(number)}"
        for number, verdict in said
        if verdict != verdicts.get(number)
    ]


def test_a_false_sentence_is_found(judgements):
    judged = judgements["don"]
    right = (
        "- On several objects with augmentations, NT-Xent beats the pixelwise loss. AUC of NT-Xent minus that of the "
        "pixelwise loss: **0.0906** [0.0618, 0.124] (paper: 0.056) — *reproduced*."
    )
    assert contradictions(right, judged) == []
    for old, new in (
        ("reproduced", "not reproduced"),
        ("0.0906", "0.0907"),
        ("0.124", "0.125"),
        ("On several", "In one"),
    ):
        assert contradictions(right.replace(old, new), judged) != [], new
    first = judgements["selfsup"][0].claim.id.partition("-")[2]
    assert wrong_asides(f"So it is ({first}: not reproduced).", judgements["selfsup"]) != []
