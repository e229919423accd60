from types import SimpleNamespace

from graspbook.pipeline import index


def test_the_index_lists_each_page_with_its_copies_in_reading_order(book, monkeypatch):
    monkeypatch.setattr(
        index,
        "load_paper",
        lambda slug: SimpleNamespace(title=f"The {slug} paper", question="Is it?", headlines=["toy-1", "toy-1a"]),
    )
    for copy in ("one", "many/first", "many/second"):
        folder = book / "reports/toy" / copy
        folder.mkdir(parents=True)
        (folder / "notebook.ipynb").write_text("{}")
    (book / "reports/claims").mkdir(parents=True)
    (book / "reports/claims/claims.csv").write_text(
        "paper,claim,section,statement,measure,test,paper_value,estimate,lo,hi,verdict,profile,form,amends\n"
        "toy,toy-1,§I,It is so.,a ratio,> 4.5,4.917,6.4339,5.1,7.29,reproduced,standard,first form,\n"
        "toy,toy-1a,§I,So it is.,a ratio,> 4.5,4.917,2,1,3,direction only,standard,amended after the results,toy-1\n"
        "toy,toy-2,§I,It is.,b,> 0,,,,,not tested at this profile,standard,first form,\n"
    )
    lines = index.write_index(book).read_text().splitlines()
    assert "## The toy paper" in lines
    first = "a ratio: 4.92, **6.43 [5.1, 7.29]**, reproduced"
    amended = "a ratio: 4.92, **2 [1, 3]**, direction only (toy-1a, amended after the results)"
    assert f"| The toy paper | Is it? | {first}<br>{amended} | 1 of 2 |" in lines
    first, second = "toy/many/first/notebook.ipynb", "toy/many/second/notebook.ipynb"
    assert lines[-2:] == [
        "| [One](toy/one/notebook.ipynb) | what one is. See many and the data. |",
        f"| Many: [first]({first}), [second]({second}) | what each \\| says. See one. |",
    ]


def test_a_paper_and_its_pages_that_have_not_run_are_not_linked_and_count_nothing(book, monkeypatch):
    monkeypatch.setattr(
        index,
        "load_paper",
        lambda slug: SimpleNamespace(title=f"The {slug} paper", question="Is it?", headlines=["toy-1"]),
    )
    (book / "reports/claims").mkdir(parents=True)
    (book / "reports/claims/claims.csv").write_text(
        "paper,claim,section,statement,measure,test,paper_value,estimate,lo,hi,verdict,profile,form,amends\n"
        "toy,toy-1,§I,It is so.,a ratio,> 4.5,4.917,,,,not tested at this profile,standard,first form,\n"
    )
    lines = index.write_index(book).read_text().splitlines()
    assert "| The toy paper | Is it? |  | not run yet |" in lines
    assert lines[-2:] == [
        "| One (not run yet) | what one is. See many and the data. |",
        "| Many (not run yet) | what each \\| says. See one. |",
    ]
