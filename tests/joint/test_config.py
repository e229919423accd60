import pytest

from graspbook.core.errors import InputError
from graspbook.joint.training_config import Other, Row
from graspbook.pipeline.params import read_sections


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
