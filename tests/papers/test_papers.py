import pytest
import yaml

from graspbook.errors import InputError
from graspbook.papers import load_paper, slugs


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


@pytest.mark.parametrize("slug", slugs())
def test_a_papers_file_carries_its_own_name(slug):
    assert load_paper(slug).slug == slug


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda p: p["tables"]["table_1"]["rows"]["MOG"].pop("error"), "row 'MOG' has"),
        (lambda p: p["tables"]["table_1"]["groups"].update(new=["Nothing"]), "unknown rows"),
        (lambda p: p["claims"][0].update(table="table_9"), "table_9"),
        (lambda p: p["claims"][1].update(id=p["claims"][0]["id"]), "same id"),
        (lambda p: p["claims"][0]["measures"][0].update(below=3), "exactly one of above, below, within"),
        (lambda p: p["claims"][0]["measures"][0].pop("above"), "exactly one of above, below, within"),
        (lambda p: p.update(titel="x"), "titel"),
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
