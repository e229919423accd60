import hashlib
from pathlib import Path

import pytest
import yaml

from graspbook.core.errors import InputError
from graspbook.core.yaml_files import read_yaml
from graspbook.papers import FIRST_FORM, load_paper, slugs
from graspbook.pipeline.stages import notebook_stages


def test_table_1_has_the_papers_rows_in_its_order():
    table = load_paper("selfsup").tables["table_1"]
    frame = table.frame().set_index("method")
    assert list(frame.index) == [
        "Subtract", "Subtract-Filter", "MOG", "MOG-Filter", "MOG2", "MOG2-Filter", "LSBP", "LSBP-Filter",
        "Grasp-100-NoAug", "Grasp-100", "Grasp-100-NoAug-Filter", "Grasp-200", "Grasp-100-Filter", "Grasp-200-Filter",
    ]  # fmt: skip
    assert tuple(frame.loc["Grasp-100-Filter"]) == (91.1, 9.05, 29.4)
    assert tuple(frame.loc["MOG2"]) == (32.4, 1289, 99.8)
    assert sorted(table.groups["classical"] + table.groups["learned"]) == sorted(frame.index)
    assert table.groups["filtered"] == [f"{name}-Filter" for name in table.groups["unfiltered"]]


def test_table_2_has_the_papers_rows_in_its_order():
    table = load_paper("selfsup").tables["table_2"]
    frame = table.frame().set_index("method")
    assert list(frame.index) == [
        "Mask2Former-100", "Single-Object-100", "Paste-Subtract", "Paste-Subtract-Robust", "Paste-Train", "Paste-Grasp",
        "Paste-Grasp-Filter", "Paste-Grasp-Robust", "Paste-Grasp-Inpaint", "Mask2Former-1000",
    ]  # fmt: skip
    assert tuple(frame.loc["Paste-Grasp-Inpaint"]) == (72.33, 88.25, 78.11, 80.68, 59.40)
    assert tuple(frame.loc["Mask2Former-1000"]) == (70.08, 85.69, 74.34, 76.12, 61.48)
    with_100_labels = set(frame.index) - {"Mask2Former-1000", "Paste-Grasp-Inpaint"}
    assert set(table.groups["others_with_100_labels"]) == with_100_labels
    assert set(table.groups["pasting"]) == {name for name in frame.index if name.startswith("Paste-")}


@pytest.mark.slow
@pytest.mark.parametrize("slug", slugs())
def test_a_papers_file_carries_its_own_name(slug):
    assert load_paper(slug).slug == slug


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda p: p["tables"]["table_1"]["rows"]["MOG"].pop("error"), "row 'MOG' has"),
        (lambda p: p["tables"]["table_1"]["groups"].update(new=["Nothing"]), "unknown rows"),
        (lambda p: p["claims"][0].update(table="table_9"), "table_9"),
        (lambda p: p["claims"][1].update(id=p["claims"][0]["id"]), "same id"),
        (lambda p: p["claims"][0]["measures"][0].update(below=3), "exactly one of above, below, within"),
        (lambda p: p["claims"][0]["measures"][0].pop("above"), "exactly one of above, below, within"),
        (lambda p: p["claims"][0].update(amends="selfsup-2"), "amends 'selfsup-2' and gives no reason"),
        (lambda p: p["claims"][0].update(amends="selfsup-0", reason="x"), "amends 'selfsup-0', which is no claim's"),
        (lambda p: p["claims"][0].update(amends="selfsup-24a", reason="x"), "'selfsup-24a', which is no claim's first"),
        (lambda p: p.update(titel="x"), "titel"),
        (lambda p: p["stages"].pop("luck"), "expected each table once"),
        (lambda p: p["stages"]["luck"].append("table_1"), "expected each table once"),
        (lambda p: p.update(headlines=["selfsup-0"]), "headline 'selfsup-0' is none of the claims"),
    ],
)
def test_a_faulty_file_is_refused_with_its_name(tmp_path, change, complaint):
    values = load_paper("selfsup").model_dump(exclude_none=True)
    change(values)
    (tmp_path / "selfsup.yaml").write_text(yaml.safe_dump(values))
    with pytest.raises(InputError, match=complaint) as raised:
        load_paper("selfsup", tmp_path)
    assert str(raised.value).startswith("papers/selfsup.yaml")


def test_an_unknown_paper_is_named():
    with pytest.raises(InputError, match=r"no paper 'selfsub': expected one of .*selfsup"):
        load_paper("selfsub")


@pytest.mark.parametrize("slug", slugs())
def test_the_stages_that_write_tables_are_stages_and_the_ledger_depends_on_those_with_claims(slug):
    paper, root = load_paper(slug), Path(__file__).parents[2]
    folders = {stage.folder.as_posix() for stage in notebook_stages(root)}
    assert {f"reports/{slug}/{stage}" for stage in paper.stages} <= folders
    claimed = {paper.table_file(Path("reports"), claim.table).parent.as_posix() for claim in paper.claims}
    assert claimed <= set(read_yaml(root / "dvc.yaml")["stages"]["claims"]["deps"])


REGISTERED = Path(__file__).parent / "registered.yaml"
"""By paper, the hash of each claim's first form: what was claimed, and how it is tested."""


def first_forms(slug):
    said = {"table", "statement", "measures"}
    return {
        claim.id: hashlib.sha256(claim.model_dump_json(include=said).encode()).hexdigest()[:16]
        for claim in load_paper(slug).claims
        if claim.form == FIRST_FORM
    }


@pytest.mark.parametrize("slug", slugs())
def test_the_first_form_of_a_claim_stays(slug):
    registered = read_yaml(REGISTERED).get(slug, {})
    now = first_forms(slug)
    changed = [claim for claim, of_first_form in registered.items() if now.get(claim) != of_first_form]
    assert not changed, f"{changed}: put the first form back, and the new one below it with `amends` and `reason`"
    late = {claim: of_form for claim, of_form in now.items() if claim not in registered}
    assert not late, f"{late}: new since there are results; give a `reason`, or register what was fixed before"


def test_claims_that_came_after_their_results_say_so():
    forms = {claim.id: claim.form for claim in load_paper("selfsup").claims if claim.form != FIRST_FORM}
    assert forms == {"selfsup-7": "added with the results"} | dict.fromkeys(
        (
            *(f"selfsup-{number}{form}" for number in range(1, 7) for form in "ab"),
            *(f"selfsup-{number}a" for number in (12, 13, 15, 16, 18)),
            *(
                "selfsup-7a",
                "selfsup-23a",
                "selfsup-23b",
                "selfsup-24a",
                "selfsup-24b",
                "selfsup-23c",
                "selfsup-23d",
                "selfsup-24c",
            ),
            *("selfsup-4c", "selfsup-4d", "selfsup-8b", "selfsup-10a", "selfsup-15b", "selfsup-16b"),
            *("selfsup-8c", "selfsup-10b", *(f"selfsup-{number}a" for number in (19, 20, 21, 22))),
            *(f"selfsup-{number}a" for number in (11, 14, 17)),
            *(f"selfsup-{number}b" for number in (19, 20, 21, 22)),
            *("selfsup-23e", "selfsup-23f", "selfsup-24d"),
        ),
        "amended after the results",
    )


@pytest.mark.parametrize(
    ("cell", "forms"),
    [
        ("table_1_unkind", {number: f"selfsup-{number}a" for number in range(1, 7)}),
        ("table_1_calibrated", {number: f"selfsup-{number}b" for number in range(1, 7)} | {7: "selfsup-7a"}),
    ],
)
def test_in_another_cell_table_1_and_its_claims_are_the_same(cell, forms):
    paper = load_paper("selfsup")
    there, here = paper.tables["table_1"], paper.tables[cell]
    assert (here.rows, here.metrics, here.groups) == (there.rows, there.metrics, there.groups)
    claims = {claim.id: claim for claim in paper.claims}
    for number, form in forms.items():
        first, amended = claims[f"selfsup-{number}"], claims[form]
        assert amended.measures == first.measures
        assert (amended.amends, amended.table) == (first.id, cell)
    assert {claim.id for claim in paper.claims if claim.table == cell} == set(forms.values())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "same_as"),
    [("11a", "11"), ("14a", "14"), ("17a", "17"), ("23e", "23c"), ("23f", "23d"), ("24d", "24c")]
    + [(f"{number}b", f"{number}") for number in (19, 20, 21, 22)],
)
def test_in_another_cell_a_claim_is_tested_as_in_the_default_one(form, same_as):
    claims = {claim.id: claim for claim in load_paper("selfsup").claims}
    assert claims[f"selfsup-{form}"].measures == claims[f"selfsup-{same_as}"].measures
    assert claims[f"selfsup-{form}"].table != claims[f"selfsup-{same_as}"].table
