import pytest
import yaml

from graspbook.core.errors import InputError
from graspbook.papers import slugs
from graspbook.papers.conditions import load_conditions
from graspbook.pipeline.root import find_root

GIVEN = {"name": "first", "date": "2026-01-02", "tests_after_results": True, "counts": True, "tables": {"a": "b"}}


def load(folder, *conditions, **further):
    (folder / "mock.yaml").write_text(yaml.safe_dump({"conditions": list(conditions)} | further))
    return load_conditions("mock", folder)


def test_conditions_are_read_in_their_order(tmp_path):
    read = load(tmp_path, GIVEN, GIVEN | {"name": "second", "counts": False})
    assert [one.name for one in read.conditions] == ["first", "second"]


@pytest.mark.parametrize(
    ("conditions", "further", "says"),
    [
        ([GIVEN, GIVEN], {}, "two conditions have the same name"),
        ([GIVEN | {"counts": False}], {}, "no condition counts"),
        ([GIVEN | {"date": "soon"}], {}, "'conditions.0.date'"),
        ([GIVEN | {"table": {}}], {}, "'conditions.0.table'"),
        ([GIVEN], {"causes": {"X1": {"page": "a.ipynb"}}}, "'causes.X1.says'"),
    ],
)
def test_a_faulty_file_is_one_error_that_names_file_and_field(tmp_path, conditions, further, says):
    with pytest.raises(InputError, match=rf"^conditions/mock\.yaml: .*{says}"):
        load(tmp_path, *conditions, **further)


def test_a_paper_without_conditions_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.yaml: no such file"):
        load_conditions("none", tmp_path)


@pytest.mark.parametrize("slug", slugs())
def test_a_cause_is_turned_on_a_page_of_the_book(slug):
    for claim, cause in load_conditions(slug).causes.items():
        assert (find_root() / "notebooks" / cause.page).is_file(), claim
