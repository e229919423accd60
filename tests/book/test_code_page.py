from pathlib import Path

import pytest

from graspbook.book.code_page import TEST, anchor, blocks, code_page, own_test
from graspbook.core.errors import InputError

MODULE = Path("src/graspbook/mock/sums.py")


def test_a_file_is_cut_at_its_definitions_and_nothing_is_lost():
    code = '"""Doc."""\n\nA = 1\n\n\n@cache\ndef f():\n    pass\n\n\nB = 2\n\n\nclass C:\n    x = 1\n'
    found = blocks(code, "n")
    assert [block.name for block in found] == ["", "f", "", "C"]
    assert found[1].lines[0] == "@cache"
    assert [line for block in found for line in block.lines if line] == [line for line in code.splitlines() if line]


def test_a_file_that_is_no_python_is_named():
    with pytest.raises(InputError, match="n: line 1 is not Python"):
        blocks("def", "n")


def test_a_test_has_the_module_s_name_in_the_mirroring_folder(repository):
    assert own_test(repository, MODULE) == Path("tests/mock/test_sums.py")


def test_or_in_a_folder_above(repository):
    (repository / "tests/mock/test_config.py").write_text("")
    assert own_test(repository, Path("src/graspbook/mock/inner/config.py")) == Path("tests/mock/test_config.py")


def test_or_speaks_of_it_in_the_same_folder(repository):
    assert own_test(repository, Path("src/graspbook/mock/total.py")) == Path("tests/mock/test_sums.py")
    assert own_test(repository, Path("src/graspbook/mock/otal.py")) is None
    assert own_test(repository, Path("src/graspbook/other/total.py")) is None


def test_a_page_shows_each_definition_below_its_anchor_and_the_test(repository):
    page = code_page(repository, MODULE, "code/graspbook/mock/sums", Path("tests/mock/test_sums.py"))
    assert f"({anchor('code/graspbook/mock/sums', 'total')})=\n## `total`\n" in page
    assert "    return math.fsum(values)\n`````" in page
    assert f"({anchor('code/graspbook/mock/sums', TEST)})=" in page
    assert "assert total([1, 2]) == 3" in page
    assert "[From the paper to the code](../../../where.md)" in page
    assert "Its test" not in code_page(repository, MODULE, "code/graspbook/mock/sums", None)


def test_names_that_differ_in_case_alone_have_anchors_of_their_own():
    anchors = {anchor("code/graspbook/mock/picks", name) for name in ("Grasp", "grasp", TEST)}
    assert len({a.lower() for a in anchors}) == 3
