from dataclasses import dataclass

import numpy as np
import pytest
import torch

from graspbook.errors import InputError
from graspbook.training.fingerprint import code_fingerprint, fingerprint, modules_of, source_fingerprint
from graspbook.world.segmenter import NoisySegmenter

FILES = {
    "__init__.py": '"""Only words."""\n',
    "a.py": '"""Words."""\n\n\ndef f(x=None):\n    from graspbook.part import b\n\n    return b.B\n',
    "part/__init__.py": "from .c import C\n",
    "part/b.py": "import numpy\nimport graspbook.part.d\n\nB = 1\n",
    "part/c.py": "C = [1, 2]\n",
    "part/d.py": "from graspbook.errors import InputError\nfrom graspbook import a, progress, workers\n"
    "from graspbook.pipeline import page\n",
    "part/unused.py": "U = 1\n",
    "errors.py": "class InputError(ValueError): pass\n",
    "progress.py": "P = 1\n",
    "pipeline/__init__.py": "",
    "pipeline/page.py": "import graspbook.part.unused\n",
    "pipelines.py": "P = 1\n",
    "workers.py": "P = 1\n",
}
PAGE = '"""A page."""\n\nfrom graspbook.a import f\n\nf()\n'


@pytest.fixture
def src(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "graspbook" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def edited(src):
    """A function: the fingerprint of `graspbook.a` after the text of a file was replaced."""

    def edit(name, old, new):
        path = src / "graspbook" / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))
        return code_fingerprint("graspbook.a", src=src)

    return edit


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("a.py", "return b.B", "return -b.B"),
        ("a.py", "x=None", "x=0"),
        ("a.py", "(x=None)", "()"),
        ("part/__init__.py", "import C", "import C as D"),
        ("part/b.py", "B = 1", "B = 1.0"),
        ("part/b.py", "B = 1", "B = True"),
        ("part/c.py", "[1, 2]", "[2, 1]"),
        ("part/c.py", "[1, 2]", "(1, 2)"),
        ("part/d.py", "import a,", "import a as other,"),
        ("__init__.py", '"""Only words."""', "X = 1"),
    ],
)
def test_an_edit_to_any_module_imported_however_indirectly_counts(src, edited, name, old, new):
    before = code_fingerprint("graspbook.a", src=src)
    assert edited(name, old, new) != before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("a.py", "return b.B", "return  (b.B)  # with a comment"),
        ("a.py", '"""Words."""', '"""Other words."""'),
        ("a.py", '"""Words."""', ""),
        ("a.py", "    from", '    """Words."""\n    from'),
        ("a.py", "\n    return", "\n\n\n    return"),
        ("part/b.py", "B = 1\n", 'B = 1\n"""What B is."""\n'),
        ("__init__.py", '"""Only words."""', ""),
        ("part/unused.py", "U = 1", "U = 2"),
        ("errors.py", "pass", "x = 1"),
        ("progress.py", "P = 1", "P = 2"),
        ("workers.py", "P = 1", "P = 2"),
        ("pipeline/page.py", "import graspbook.part.unused", "import os"),
        ("pipeline/__init__.py", "", "X = 1"),
    ],
)
def test_words_layout_and_modules_outside_do_not_count(src, edited, name, old, new):
    before = code_fingerprint("graspbook.a", src=src)
    assert edited(name, old, new) == before


def test_a_lazy_import_counts_and_one_by_a_made_up_name_does_not(src, edited):
    added = edited("part/c.py", "C =", "def g():\n    import graspbook.part.unused\n\n\nC =")
    assert edited("part/unused.py", "U = 1", "U = 2") != added
    hidden = edited("part/c.py", "import graspbook.part.unused", "import_module('graspbook.part.unused')")
    assert edited("part/unused.py", "U = 2", "U = 3") == hidden


def test_a_relative_import_is_followed_from_a_module_and_from_its_package(src, edited):
    added = edited("part/b.py", "import numpy", "from .unused import U")
    assert edited("part/unused.py", "U = 1", "U = 2") != added


def test_only_the_pipeline_itself_is_left_out_not_what_is_named_alike(src, edited):
    added = edited("part/b.py", "import numpy", "import graspbook.pipelines")
    assert edited("pipelines.py", "P = 1", "P = 2") != added


def test_what_stands_in_which_module_counts(src):
    before = code_fingerprint("graspbook.part.c", "graspbook.part.unused", src=src)
    for name, text in (("c", FILES["part/unused.py"]), ("unused", FILES["part/c.py"])):
        (src / f"graspbook/part/{name}.py").write_text(text)
    assert code_fingerprint("graspbook.part.c", "graspbook.part.unused", src=src) != before


def test_a_module_alone_is_not_that_module_and_another_and_order_is_nothing(src):
    names = ("graspbook.part.b", "graspbook.part.unused")
    both = code_fingerprint(*names, src=src)
    assert both == code_fingerprint(*reversed(names), src=src)
    assert both not in {code_fingerprint(name, src=src) for name in names}


def test_a_page_counts_with_what_it_imports_and_what_it_shows(src):
    before = source_fingerprint(PAGE, src)
    assert source_fingerprint(PAGE.replace("f()", "f()  # a comment"), src) == before
    assert source_fingerprint(PAGE.replace("f()", "f(1)"), src) != before
    assert source_fingerprint(PAGE + '"shown"', src) != before
    words = 'def g():\n    """{}."""\n'
    assert source_fingerprint(PAGE + words.format("A"), src) == source_fingerprint(PAGE + words.format("B"), src)
    (src / "graspbook/part/c.py").write_text("C = 2\n")
    assert source_fingerprint(PAGE, src) != before


def test_unknown_modules_and_broken_ones_are_named(src, edited):
    with pytest.raises(InputError, match=r"graspbook\.nowhere: no such module"):
        code_fingerprint("graspbook.a", "graspbook.nowhere", src=src)
    with pytest.raises(InputError, match=r"graspbook\.part\.b: line 4: not Python"):
        edited("part/b.py", "B = 1", "B = =")
    with pytest.raises(InputError, match="the page: line 1: not Python"):
        source_fingerprint("f(", src)


@pytest.mark.parametrize("code", ["x = None", "return None", "x = {**a}", "f'{x!r:>{n}}'", "del x[1:, ...]"])
def test_code_that_differs_in_nothing_being_there_is_told_apart(src, code):
    bare = {"x = None": "x: None", "return None": "return", "x = {**a}": "x = {None: a}"}.get(code, "pass")
    page = "def g():\n    {}\n"
    assert source_fingerprint(page.format(code), src) != source_fingerprint(page.format(bare), src)


def test_settings_arrays_and_code_make_a_name():
    module = "graspbook.training.seeds"
    array = np.arange(6).reshape(2, 3)
    names = [
        fingerprint({"a": 1, "b": 2}, module, arrays={"x": array}),
        fingerprint({"a": 1, "b": 3}, module, arrays={"x": array}),
        fingerprint({"a": 1, "b": 2}, module, arrays={"y": array}),
        fingerprint({"a": 1, "b": 2}, module, arrays={"x": array.T}),
        fingerprint({"a": 1, "b": 2}, module, arrays={"x": array.reshape(3, 2)}),
        fingerprint({"a": 1, "b": 2}, module, arrays={"x": array.astype(np.int32)}),
        fingerprint({"a": 1, "b": 2}, module),
        fingerprint({"a": 1, "b": 2}, "graspbook.training.schedule", arrays={"x": array}),
    ]
    assert len(set(names)) == len(names)
    for same in (np.asfortranarray(array), torch.from_numpy(array), torch.nn.Parameter(torch.from_numpy(array), False)):
        assert names[0] == fingerprint({"b": 2, "a": 1}, module, arrays={"x": same})


class Segmenter(NoisySegmenter):
    """Defined outside of the book."""


@dataclass
class Holder:
    inside: object
    number: int = 1


def test_modules_of_things_are_those_of_their_classes_and_of_what_dataclasses_hold():
    assert modules_of(3, None, "words") == []
    assert modules_of(Segmenter()) == ["graspbook.world.segmenter"]
    assert modules_of(Holder(Holder(NoisySegmenter()))) == ["graspbook.world.segmenter"]
