import pytest
from nbformat.v4 import new_code_cell

from graspbook.book.parameters import join_parameters
from graspbook.core.errors import InputError


def cells(declared, injected=None):
    found = [new_code_cell(declared, metadata={"tags": ["parameters"]})]
    if injected is not None:
        found.append(new_code_cell(injected, metadata={"tags": ["injected-parameters"]}))
    return found


def test_values_of_the_run_replace_those_declared_and_comments_stay():
    joined = join_parameters(cells('a = 1  # é one\nb = "x"', 'a = -2\nb = "y # z"'), "n")
    assert [cell.source for cell in joined] == ['# é one\na = -2\nb = "y # z"']


def test_what_was_not_injected_keeps_its_value():
    assert join_parameters(cells("a = 1\nb = None"), "n")[0].source == "a = 1\nb = None"


def test_a_long_dictionary_takes_several_lines_of_bearable_width_and_keeps_its_order_and_value():
    value = {f"section_{k}": {"z": k, "a": [0.5] * 12} for k in (3, 1, 2)}
    source = join_parameters(cells("config = {}", f"config = {value}"), "n")[0].source
    assert max(map(len, source.splitlines())) < 110
    found = {}
    exec(source, found)
    assert list(found["config"].items()) == list(value.items())


@pytest.mark.parametrize(
    ("code", "says"), [("a = f()", "not a plain value"), ("f()", "not an assignment"), ("a =", "is not Python")]
)
def test_anything_but_plain_assignments_is_named(code, says):
    with pytest.raises(InputError, match=f"n: line 1 of a parameter cell is.*{says.removeprefix('is ')}"):
        join_parameters(cells(code), "n")
