import nbformat
import pytest

from graspbook.book.contents import read_contents
from graspbook.book.links import Links
from graspbook.book.notebook_page import import_lines, is_setup, notebook_page, readable_colours
from graspbook.core.errors import InputError


@pytest.fixture
def page(repository):
    return make(repository, 0)


def make(repository, number):
    contents = read_contents(repository)
    page = contents.pages()[number]
    return notebook_page(nbformat.read(repository / page.executed, 4), page, Links(contents))


def test_the_parameters_are_one_folded_cell_with_the_values_of_the_run(page):
    cells = [cell for cell in page.cells if "hide-input" in cell.metadata.get("tags", [])]
    assert cells[0].source == '# where it writes\nout = "reports/mock"\nlast = 3'
    assert cells[0].metadata.mystnb.code_prompt_show == "Show the parameters of this run"
    assert not any("injected-parameters" in cell.metadata.get("tags", []) for cell in page.cells)


def test_the_imports_are_folded_and_the_rest_is_not(page):
    folded = {cell.source.splitlines()[0] for cell in page.cells if "hide-input" in cell.metadata.get("tags", [])}
    assert folded == {"# where it writes", "import math", "from graspbook.mock.sums import total"}


def test_functions_below_imports_stay_in_view(repository):
    path = repository / "reports/mock/sum/notebook.ipynb"
    notebook = nbformat.read(path, 4)
    notebook.cells.append(nbformat.v4.new_code_cell("import math\n\n\ndef core():\n    pass"))
    nbformat.write(notebook, path)
    cells = make(repository, 0).cells
    shown = next(cell for cell in cells if cell.source == "def core():\n    pass")
    assert "hide-input" not in shown.metadata.get("tags", [])
    above = cells[cells.index(shown) - 1]
    assert above.source == "import math"
    assert "hide-input" in above.metadata.tags


def test_the_table_of_files_stands_at_the_end_beside_how_to_run_the_page(page):
    assert "| reads |" not in "".join(cell.source for cell in page.cells[:-1])
    ending = page.cells[-1].source
    assert "| nothing | `sum.txt` |" in ending
    assert "dvc repro notebooks/mock/dvc.yaml:sum\n" in ending
    assert 'href="../files/notebooks/mock/01_sum.ipynb" download' in ending


def test_a_member_of_a_family_is_named_in_its_title(repository):
    assert make(repository, 1).cells[0].source.startswith("# A family: a\n")
    assert "dvc repro notebooks/mock/dvc.yaml:family@a" in make(repository, 1).cells[-1].source


def test_its_links_work_in_the_site(page):
    prose = next(cell.source for cell in page.cells if "Equations" in cell.source)
    assert "[the family](02_family.md)" in prose
    assert "[the code](../code/graspbook/mock/sums.md)" in prose
    assert "`[no](link)`" in prose


def test_its_tables_are_readable_in_the_dark(page):
    (html,) = [
        output.data["text/html"]
        for cell in page.cells
        for output in cell.get("outputs", [])
        if "text/html" in output.data
    ]
    assert "color: var(--pst-color-text-muted)" in html


def test_the_executed_notebook_is_left_alone(repository):
    before = (repository / "reports/mock/sum/notebook.ipynb").read_bytes()
    make(repository, 0)
    assert (repository / "reports/mock/sum/notebook.ipynb").read_bytes() == before


def test_grey_suits_both_themes_and_other_colours_stay():
    html = readable_colours("a {color: #777} b {color: #777777; background-color: #777}")
    assert html == "a {color: var(--pst-color-text-muted)} b {color: #777777; background-color: #777}"


def test_what_is_set_up_and_what_is_a_method():
    assert import_lines("import a\nfrom b import (\n    c,\n)\nx = 1", "n") == 4
    assert import_lines("x = 1\nimport a", "n") == 0
    assert import_lines("import a\n%matplotlib inline", "n") == 1
    assert is_setup("import a\npage = open_page(x)", "n")
    assert not is_setup("import a\npage = open_page(x)\ndef f(): pass", "n")
    assert not is_setup("import a\nx = 1", "n")


def test_a_cell_that_is_no_python_is_named():
    with pytest.raises(InputError, match=r"n: line 1 of a code cell is not Python"):
        import_lines("import", "n")
