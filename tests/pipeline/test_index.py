from graspbook.pipeline import index


def test_the_index_lists_each_page_with_its_copies_in_reading_order(book, monkeypatch):
    monkeypatch.setattr(index, "load_paper", lambda slug: type("Paper", (), {"title": f"The {slug} paper"}))
    for copy in ("one", "many/first", "many/second"):
        folder = book / "reports/toy" / copy
        folder.mkdir(parents=True)
        (folder / "notebook.ipynb").write_text("{}")
    lines = index.write_index(book).read_text().splitlines()
    assert "## The toy paper" in lines
    first, second = "toy/many/first/notebook.ipynb", "toy/many/second/notebook.ipynb"
    assert lines[-2:] == [
        "| [One](toy/one/notebook.ipynb) | what one is. See many and the data. |",
        f"| Many: [first]({first}), [second]({second}) | what each \\| says. See one. |",
    ]
