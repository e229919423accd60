from pathlib import Path

import pytest

from graspbook.core.errors import InputError
from graspbook.joint.training_config import Other, Row
from graspbook.papers import load_paper
from graspbook.pipeline.params import profile_values, read_sections

ROOT = Path(__file__).parents[2]


def trainings(**row):
    return read_sections("joint", {"trainings": {"family": {"a": {"title": "A", "seeds": 1} | row}}}).trainings


def test_a_row_is_ours_or_another_network():
    assert isinstance(trainings(encoder="darknet53", k=2)["family"]["a"], Row)
    other = trainings(network="enet", width=0.5)["family"]["a"]
    assert isinstance(other, Other)
    assert (other.width, other.steps) == (0.5, None)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"encoder": "darknet53", "k": 3}, r"family\.a.*k"),
        ({"network": "unet"}, r"family\.a.*network"),
        ({"network": "enet", "with": 1.0}, r"family\.a.*with"),
        ({"network": "mask_rcnn", "width": 0.5}, "section mask_rcnn"),
        ({}, r"family\.a"),
    ],
)
def test_a_faulty_row_is_named(row, complaint):
    with pytest.raises(InputError, match=complaint):
        trainings(**row)


@pytest.mark.parametrize("profile", ["standard", "paper"])
def test_every_row_of_the_tables_is_trained_and_has_the_tables_name(profile):
    rows = read_sections("joint", {"trainings": profile_values(ROOT, profile)["joint"]["trainings"]}).trainings
    titles = {row.title for family in rows.values() for row in family.values()}
    tables = load_paper("joint").tables
    elsewhere = {"DeepWatershed", "FSUfAD", "PANet", "Mask R-CNN*", "PANet*"}  # with the paper's numbers only
    wanted = {name for table in ("table_1", "table_2", "table_3", "focal") for name in tables[table].rows}
    assert titles == wanted - elsewhere
