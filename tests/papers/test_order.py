from graspbook.papers import slugs
from graspbook.papers.order import READING_ORDER, in_reading_order


def test_every_paper_has_its_place():
    assert sorted(READING_ORDER) == slugs()
    assert in_reading_order(slugs()) == list(READING_ORDER)


def test_a_paper_without_a_place_comes_last():
    assert in_reading_order(["zebra", "don", "apple", "selfsup"]) == ["selfsup", "don", "apple", "zebra"]
