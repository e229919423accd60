from pathlib import Path

import pytest

from graspbook.book.citations import Citation, Key
from graspbook.book.contents import read_contents
from graspbook.book.equations import imported, index_page, numbered_like, read_chapters, users
from graspbook.core.errors import InputError
from graspbook.papers import load_paper


def section(page, title):
    return page.split(f"### {title}\n")[1].split("### ")[0]


def test_an_equation_leads_to_its_function_its_test_and_its_pages(repository):
    code = set()
    page = index_page(read_contents(repository), code)
    second = section(page, "Equation (2)")
    assert '<a href="code/graspbook/mock/sums.html#code-graspbook-mock-sums-total">total</a>' in second
    assert '<a href="code/graspbook/mock/sums.html#code-graspbook-mock-sums-its-test">test_sums.py</a>' in second
    assert '<a href="mock/sum.html">A sum</a>' in second
    assert code == {Path("src/graspbook/mock/sums.py")}


def test_a_page_that_writes_an_equation_is_linked_at_its_heading(repository):
    first = section(index_page(read_contents(repository), set()), "Equation (1)")
    assert 'On the pages: <a href="mock/sum.html#equations-of-ii-a">A sum</a>.' in first


def test_a_cited_module_without_a_test_is_refused(repository):
    (repository / "tests/mock/test_sums.py").unlink()
    with pytest.raises(InputError, match=r"no test below tests/: src/graspbook/mock/sums\.py"):
        index_page(read_contents(repository), set())


def test_what_code_imports():
    code = (
        "import graspbook.a\nfrom graspbook.b import c, d\nimport numpy\n%magic\ndef f():\n    from graspbook import e"
    )
    assert {"graspbook.a", "graspbook.b", "graspbook.b:c", "graspbook.b:d", "graspbook:e"} <= imported(code)
    assert not any("numpy" in name for name in imported(code))


def test_a_function_that_no_page_imports_is_used_where_its_module_is(repository):
    notebooks = read_chapters(read_contents(repository), "mock")
    path = Path("src/graspbook/mock/sums.py")
    for name, titles in (("total", ["A sum"]), ("other", ["A sum"])):
        found = users(Citation("mock", (), path, name, ""), notebooks)
        assert [chapter.title for chapter in found] == titles
    assert users(Citation("mock", (), path.with_name("gone.py"), "total", ""), notebooks) == []


def test_sections_numbered_in_another_way_are_another_paper_s(repository):
    paper = load_paper("mock", repository / "src/graspbook/papers")
    assert numbered_like(paper, Key("section", "IV-A"))
    assert not numbered_like(paper, Key("section", "3.3"))
    assert numbered_like(paper, Key("equation", "3"))
    module = repository / "src/graspbook/mock/sums.py"
    module.write_text(module.read_text().replace("More words.", "As another paper does in §3.3."))
    assert "§3.3" not in index_page(read_contents(repository), set())
