import csv
import textwrap

import pytest

from tools.mutants import __main__ as command
from tools.mutants.__main__ import RESULTS, main
from tools.mutants.automatic import automatic_changes, sampled
from tools.mutants.lists import Refused, chosen_mutants, files_testing, reasons

WIRING = '''
def chosen(scores, patience=3):
    """Docstring."""
    best = max(scores)
    if patience > 2:
        return scores.index(best)
    return 0
'''
TEST = """
from graspbook.toy.wiring import chosen

def test_the_best_is_chosen():
    assert chosen([1, 3, 2]) == 1
"""


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A package with a module, its test, and lists of mutants."""
    monkeypatch.setattr(command, "load_libraries", lambda: None)  # its tests need none
    root = tmp_path / "repository"
    files = {
        "src/graspbook/__init__.py": "",
        "src/graspbook/toy/__init__.py": "",
        "src/graspbook/toy/wiring.py": WIRING,
        "tests/toy/test_wiring.py": TEST,
        "tests/toy/test_other.py": "def test_nothing():\n    pass\n",
        "tests/mutants/automatic.yaml": "{seed: 0, of_each: 2, modules: [toy/wiring.py]}\n",
        "tests/mutants/survivors.csv": "path,word,reason\n",
        "tests/mutants/chosen/toy.yaml": """
            toy/wiring.py:
              the worst: ["max(scores)", "min(scores)"]
              less patient: ["patience=3", "patience=4"]
            """,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(textwrap.dedent(text))
    return root


def results(root):
    with (root / RESULTS).open(newline="") as file:
        return {row["word"]: row for row in csv.DictReader(file)}


@pytest.mark.slow
def test_a_wrong_change_is_killed_by_a_test_and_one_without_effect_survives(repository, capsys):
    assert main(["--chosen"], repository) == 1
    found = results(repository)
    assert {word: row["outcome"] for word, row in found.items()} == {"the worst": "killed", "less patient": "survived"}
    assert found["the worst"]["by"] == "tests/toy/test_wiring.py::test_the_best_is_chosen"
    assert "survived: toy/wiring.py: less patient" in capsys.readouterr().out
    assert (repository / "src/graspbook/toy/wiring.py").read_text() == WIRING


@pytest.mark.slow
def test_a_reason_accepts_a_survivor_and_no_result_is_made_twice(repository, capsys):
    main(["--chosen"], repository)
    (repository / "tests/mutants/survivors.csv").write_text(
        "path,word,reason\ntoy/wiring.py,less patient,nothing depends on it\n"
    )
    before = (repository / RESULTS).read_bytes()
    assert main(["--chosen"], repository) == 0
    assert (repository / RESULTS).read_bytes() == before
    assert " accepted" in capsys.readouterr().out


@pytest.mark.slow
def test_a_survivor_is_tried_again_once_a_test_has_changed(repository):
    main(["--chosen"], repository)
    test = repository / "tests/toy/test_wiring.py"
    test.write_text(TEST + "\n\ndef test_three():\n    assert chosen.__defaults__ == (3,)\n")
    assert main(["--chosen"], repository) == 0
    assert results(repository)["less patient"]["by"].endswith("::test_three")


@pytest.mark.slow
def test_a_reason_for_what_is_killed_is_refused(repository, capsys):
    (repository / "tests/mutants/survivors.csv").write_text(
        "path,word,reason\ntoy/wiring.py,the worst,none\ntoy/wiring.py,less patient,nothing depends on it\n"
    )
    assert main(["--chosen"], repository) == 1
    assert "and yet with a reason in tests/mutants/survivors.csv: toy/wiring.py: the worst" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("toy/none.py:\n  a: [b, c]\n", "toy/none.py is no module"),
        ("toy/wiring.py:\n  absent: [nowhere, c]\n", "absent: 'nowhere' found 0 times, expected once"),
        ("toy/wiring.py:\n  twice: [scores, c]\n", "twice: 'scores' found 3 times"),
        ("toy/wiring.py:\n  broken: ['best = max', 'best = = max']\n", "broken: line 4 is not Python"),
    ],
)
def test_a_list_that_does_not_fit_the_source_is_refused_with_one_error(repository, line, message, capsys):
    (repository / "tests/mutants/chosen/toy.yaml").write_text(line)
    with pytest.raises(Refused, match=message):
        chosen_mutants(repository)
    assert main(["--chosen"], repository) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_survivor_without_a_reason_is_refused(repository):
    (repository / "tests/mutants/survivors.csv").write_text("path,word,reason\ntoy/wiring.py,the worst,\n")
    with pytest.raises(Refused, match=r"toy/wiring\.py: the worst: no reason"):
        reasons(repository)


def test_the_tests_of_a_module_begin_with_its_own_and_those_that_import_it(repository):
    (repository / "tests/far").mkdir()
    (repository / "tests/far/test_far.py").write_text("from graspbook.toy import wiring\n")
    about, rest = files_testing("toy/wiring.py", repository)
    assert about == ["tests/toy/test_wiring.py", "tests/far/test_far.py"]
    assert rest == ["tests/toy/test_other.py"]


@pytest.mark.parametrize(
    ("text", "word", "changed"),
    [
        ("def f(a):\n    return g(a, b=1)\n", "f: keyword dropped: b of g", "return g(a)"),
        ("def f(a, b):\n    return g(a, b)\n", "f: swapped: a and b of g", "return g(b, a)"),
        ("def f(a):\n    return fingerprint([a, 2])\n", "f: element dropped: a", "fingerprint([2])"),
        ("def f(a):\n    if a:\n        return 1\n", "f: negated: a", "if (not (a)):"),
        ("def f(a):\n    return a['train']\n", "f: split: validation for train", "a['validation']"),
        ("def f(a):\n    return a.argmin()\n", "f: extreme: argmax for argmin", "a.argmax()"),
        ("def f(a):\n    a.sort()\n    return a\n", "f: statement dropped: a.sort()", "    pass\n"),
        ("def f(a: int, b: int):\n    return a\n", "f: argument: b for a", "return b"),
    ],
)
def test_automatic_changes_are_of_the_kinds_that_wiring_suffers(text, word, changed):
    found = {name: new for _, name, new in automatic_changes(text)}
    assert changed in found[word]


def test_what_refuses_bad_input_is_not_changed():
    assert automatic_changes("def f(a):\n    if not a:\n        raise ValueError(g(a, b=1))\n") == []


def test_a_sample_depends_on_its_seed_and_takes_kinds_alike():
    text = "def f(a, b):\n" + "    g(a, b)\n" * 50 + "    return h(b=1)\n"
    changes = automatic_changes(text)
    assert len({name for _, name, _ in changes}) == len(changes) == 101
    drawn = [sampled(changes, 5, seed) for seed in range(20)]
    assert drawn[0] == sampled(changes, 5, 0)
    assert len({tuple(name for _, name, _ in some) for some in drawn}) > 10
    assert sum(any("keyword" in name for _, name, _ in some) for some in drawn) > 10
