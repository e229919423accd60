from pathlib import Path

import nbformat

from graspbook.pipeline.links import executed_places, link_to_executed


def linked(book, text, source="notebooks/toy/01_one.ipynb", executed="reports/toy/one/notebook.ipynb"):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    return link_to_executed(notebook, Path(source), Path(executed), book).cells[0].source


def test_a_link_to_a_notebook_leads_to_its_executed_copy_or_to_the_folder_of_its_copies(book):
    assert linked(book, "[many](02_many.ipynb)") == "[many](../many)"
    many = ("notebooks/toy/02_many.ipynb", "reports/toy/many/first/notebook.ipynb")
    assert linked(book, "[one](01_one.ipynb#top)", *many) == "[one](../../one/notebook.ipynb#top)"


def test_other_relative_links_lead_where_they_led_and_the_rest_stays(book):
    assert linked(book, "[data](../../data/README.md)") == "[data](../../../data/README.md)"
    kept = "[a](https://example.org/a.ipynb) [b](#top) $f(x)[i](y)$ `code`"
    assert linked(book, kept).startswith("[a](https://example.org/a.ipynb) [b](#top)")


def test_places_are_known_for_all_notebooks_that_stages_run(book):
    assert executed_places(book) == {
        Path("notebooks/toy/01_one.ipynb"): Path("reports/toy/one/notebook.ipynb"),
        Path("notebooks/toy/02_many.ipynb"): Path("reports/toy/many"),
    }
