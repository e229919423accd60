import pytest

from graspbook.training.families import named_rows


def test_rows_come_in_their_order_and_say_where_they_stand():
    assert list(named_rows({"a": {"one": 1, "two-2": 2}, "b": {"three": 3}})) == [
        ("trainings.a.one", 1),
        ("trainings.a.two-2", 2),
        ("trainings.b.three", 3),
    ]
    assert not list(named_rows({}))


@pytest.mark.parametrize("name", ["", "One", "../one", "a b", "-a", "a_b", "a\n"])
def test_a_name_that_cannot_be_a_files_is_refused(name):
    with pytest.raises(ValueError, match=r"(?s)^trainings\.a\..*becomes a file's name"):
        list(named_rows({"a": {name: 1}}))


def test_a_name_in_two_families_is_refused():
    with pytest.raises(ValueError, match=r"^trainings\.b\.one: another family"):
        list(named_rows({"a": {"one": 1}, "b": {"one": 1}}))
