import pytest

from graspbook.book.citations import Key, citations, keys_in, sort_key, summary
from graspbook.core.errors import InputError


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("§III-B.1 with equation (3).", ["Equation (3)", "§III-B.1"]),
        ("(§IV-A, §VI-A).", ["§IV-A", "§VI-A"]),
        ("eqs. 1 and 2", ["Equation (1)", "Equation (2)"]),
        ("Eq. (2), summed", ["Equation (2)"]),
        ("equations (3) to (5)", ["Equation (3)", "Equation (4)", "Equation (5)"]),
        ("equation 2, of which 3 are", ["Equation (2)"]),
        ("Table II and Figure 4", ["Table II", "Figure 4"]),
        ("Fig. 3, Algorithm 1", ["Figure 3", "Algorithm 1"]),
        ("the sequel (2) and a table of 3", []),
    ],
)
def test_the_parts_of_a_paper_that_words_name(text, found):
    assert list(map(str, keys_in(text))) == found


def test_parts_stand_in_the_paper_s_order():
    names = ["V-B.10", "IX", "V-B.2", "IV-C", "III", "V-B"]
    ordered = sorted((Key("section", name) for name in names), key=sort_key)
    assert [key.number for key in ordered] == ["III", "IV-C", "V-B", "V-B.2", "V-B.10", "IX"]


def test_docstrings_of_modules_and_public_definitions_are_read(repository):
    found = {citation.name: citation for citation in citations(repository, ["mock"])}
    assert set(found) == {"", "total"}
    assert list(map(str, found[""].keys)) == ["Equation (1)", "§II-A"]
    assert list(map(str, found["total"].keys)) == ["Equation (2)", "Figure 3"]
    assert found["total"].paper == "mock"
    assert found["total"].path.as_posix() == "src/graspbook/mock/sums.py"


def test_a_shared_room_belongs_to_the_paper_in_backticks_and_to_none_otherwise(repository):
    shared = repository / "src/graspbook/nn"
    shared.mkdir()
    (shared / "a.py").write_text('"""A (`mock` paper, §I)."""\n\n\ndef f():\n    """As §II says."""\n')
    (shared / "b.py").write_text('"""B (§I)."""\n')
    found = [(citation.path.name, citation.name) for citation in citations(repository, ["mock"])]
    assert ("a.py", "") in found
    assert ("a.py", "f") in found
    assert all(name != "b.py" for name, _ in found)


def test_a_function_may_name_another_paper_than_its_module_and_a_package_names_none(repository):
    room = repository / "src/graspbook/mock"
    (room / "__init__.py").write_text('"""The room (§I)."""\n')
    (room / "more.py").write_text('"""More (§I)."""\n\n\ndef f():\n    """From the `other` paper, §II."""\n')
    found = {
        citation.path.name: citation.paper for citation in citations(repository, ["mock", "other"]) if citation.name
    }
    assert found == {"more.py": "other", "sums.py": "mock"}
    assert all(citation.path.name != "__init__.py" for citation in citations(repository, ["mock"]))


def test_a_module_that_is_no_python_is_named(repository):
    (repository / "src/graspbook/mock/broken.py").write_text("def")
    with pytest.raises(InputError, match=r"mock/broken\.py: line 1 is not Python"):
        citations(repository, ["mock"])


@pytest.mark.parametrize(
    ("docstring", "first"),
    [
        ("The loss: six terms (`mock` paper, §III-A, eqs. 1 and 2).\n\nMore.", "The loss: six terms."),
        ("Eq. (2), summed. More.", "Eq. (2), summed."),
        ("Why it fails (told by rule) at 1.5 m. More.", "Why it fails (told by rule) at 1.5 m."),
        ("Without an end", "Without an end."),
    ],
)
def test_the_summary_is_the_first_sentence_without_its_source(docstring, first):
    assert summary(docstring) == first
