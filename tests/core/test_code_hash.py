"""Which edits of code change the name of a page that reaches it; each on a small package made for it."""

import textwrap

import pytest

from graspbook.core.errors import InputError
from graspbook.core.fingerprint import code_hashes, page_fingerprint, page_reaches
from graspbook.core.modules import Definition

FILES = {
    "__init__.py": '"""Only words."""\n',
    "losses.py": '''
        """Losses."""
        import numpy as np
        import torch
        from graspbook import plotting
        from graspbook.base import Base
        from graspbook.parts import scale

        MARGIN = 0.5
        UNUSED = 1

        def decorated(function):
            return function

        @decorated
        def loss(x, weight=2, *, power=MARGIN):
            """What it is."""
            # how it is
            total = weight * np.abs(x) ** power
            return scale(total) + helper(x) + len(plotting.PALETTE)

        def helper(x):
            from graspbook.lazy import later
            return later(x)

        def unused():
            return UNUSED

        class Model(Base):
            rate = 3
            def forward(self, x):
                return loss(x) * self.rate
        ''',
    "base.py": """
        class Base:
            def __call__(self, x):
                return self.forward(x)
        """,
    "parts/__init__.py": "from graspbook.parts.scaling import scale\n",
    "parts/scaling.py": "FACTOR = 10\ndef scale(x):\n    return FACTOR * x\n",
    "lazy.py": "def later(x):\n    return x + 1\n",
    "plotting.py": "PALETTE = ['red', 'blue']\nOTHER = []\ndef draw():\n    return OTHER\n",
    "errors.py": "class InputError(ValueError):\n    pass\n",
    "pipeline/__init__.py": "",
    "pipeline/page.py": "from graspbook.plotting import draw\nfrom graspbook.pipeline.runs import start\n\n"
    "def open_page():\n    draw()\n    start()\n",
    "pipeline/runs.py": "def start():\n    return 1\n",
}
PAGE = "from graspbook.losses import Model\n\nmodel = Model()\nmodel(1)\n"


@pytest.fixture
def src(tmp_path):
    write(tmp_path, FILES)
    return tmp_path


def write(src, files):
    for name, text in files.items():
        path = src / "graspbook" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


def name_of(src, page=PAGE):
    return page_fingerprint([page] if isinstance(page, str) else page, code_hashes(src))


def reached(src, page=PAGE):
    return {f"{one.module}.{one.name}" for one in page_reaches([page], code_hashes(src))}


def edited(src, file, old, new, page=PAGE):
    """The page's name after the first occurrence of a text in a file was replaced."""
    path = src / "graspbook" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    return name_of(src, page)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("losses.py", "np.abs(x)", "np.square(x)"),  # a function
        ("losses.py", "import numpy as np", "import torch as np"),  # what a foreign name means
        ("losses.py", "MARGIN = 0.5", "MARGIN = 0.6"),  # a constant, in a default
        ("losses.py", "weight=2", "weight=3"),  # a default
        ("losses.py", "weight=2", "weight=2.0"),
        ("losses.py", "@decorated\n", ""),  # a decorator
        ("losses.py", "return function", "return lambda *x: 0"),
        ("losses.py", "rate = 3", "rate = 4"),  # an attribute of a class
        ("losses.py", "* self.rate", "/ self.rate"),  # a method
        ("losses.py", "class Model(Base)", "class Model"),  # its bases
        ("base.py", "self.forward(x)", "-self.forward(x)"),  # a method of a base class
        ("parts/scaling.py", "FACTOR = 10", "FACTOR = 11"),  # through a re-export
        ("parts/__init__.py", "scaling import scale", "scaling import FACTOR as scale"),
        ("lazy.py", "x + 1", "x + 2"),  # through an import inside a function
        ("plotting.py", "'red', 'blue'", "'blue', 'red'"),  # through an attribute of a module
        ("losses.py", "return later(x)", "return later(x) or later(x)"),
    ],
)
def test_an_edit_of_what_a_page_reaches_counts(src, file, old, new):
    before = name_of(src)
    assert edited(src, file, old, new) != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("losses.py", "UNUSED = 1", "UNUSED = 2"),
        ("losses.py", "return UNUSED", "return -UNUSED"),
        ("losses.py", "# how it is", "# how it really is"),
        ("losses.py", '"""What it is."""', '"""What it was."""'),
        ("losses.py", '"""What it is."""', ""),
        ("losses.py", "import torch\n", ""),
        ("losses.py", "import torch\n", "import scipy\n"),
        ("losses.py", "def helper(x):", "def helper(x: int) -> float:"),
        ("losses.py", "total = weight", "total: float = weight"),
        ("losses.py", "total = weight * np.abs(x) ** power", "total = (weight *\n        np.abs(x) ** power)"),
        ("plotting.py", "OTHER = []", "OTHER = [1]"),
        ("plotting.py", "return OTHER", "return None"),
        ("errors.py", "pass", "x = 1"),
        ("__init__.py", '"""Only words."""', ""),
        ("base.py", "class Base", "import graspbook.core.errors\n\nclass Base"),
    ],
)
def test_an_edit_of_what_no_page_reaches_or_reads_does_not_count(src, file, old, new):
    before = name_of(src)
    assert edited(src, file, old, new) == before


def test_what_runs_pages_does_not_count_and_what_opens_them_does(src):
    page = "from graspbook.pipeline.page import open_page\nopen_page()\n"
    before = name_of(src, page)
    assert edited(src, "pipeline/runs.py", "return 1", "return 2", page) == before
    assert edited(src, "plotting.py", "return OTHER", "return PALETTE", page) != before


def test_moving_a_function_to_another_module_changes_nothing(src):
    before = name_of(src)
    losses = (src / "graspbook/losses.py").read_text()
    start, end = losses.index("def helper"), losses.index("def unused")
    moved = losses[start:end]
    write(src, {"helpers.py": moved, "losses.py": losses.replace(moved, "")})
    assert edited(src, "losses.py", "from graspbook.base", "from graspbook.helpers import helper\nfrom graspbook.base")
    assert name_of(src) == before


def test_renaming_definitions_together_with_their_uses_changes_nothing(src):
    before = name_of(src)
    for file in ("losses.py", "base.py", "parts/__init__.py", "parts/scaling.py", "plotting.py"):
        path = src / "graspbook" / file
        text = path.read_text()
        for old, new in {"helper": "aid", "MARGIN": "EDGE", "Base": "Ground", "PALETTE": "COLOURS"}.items():
            text = text.replace(old, new)
        path.write_text(text.replace("scale", "enlarge"))
    assert name_of(src) == before
    (src / "graspbook/losses.py").write_text((src / "graspbook/losses.py").read_text().replace("Model", "Net"))
    assert name_of(src, PAGE.replace("Model", "Net")) == before


def test_merging_and_splitting_modules_changes_nothing(src):
    before = name_of(src)
    merged = "".join((src / "graspbook" / name).read_text() for name in ("parts/scaling.py", "lazy.py", "base.py"))
    write(src, {"all.py": merged})
    for old, new in {
        "from graspbook.base import Base": "from graspbook import all as every",
        "class Model(Base)": "class Model(every.Base)",
        "from graspbook.parts import scale": "from .all import scale",
        "from graspbook.lazy import later": "import graspbook.all",
        "return later(x)": "return graspbook.all.later(x)",
    }.items():
        edited(src, "losses.py", old, new)
    for name in ("base.py", "lazy.py", "parts/scaling.py", "parts/__init__.py"):
        (src / "graspbook" / name).unlink()
    assert name_of(src) == before


def test_how_something_is_imported_changes_nothing(src):
    before = name_of(src)
    assert name_of(src, "import graspbook.losses as losses\n\nmodel = losses.Model()\nmodel(1)\n") == before
    assert name_of(src, "import graspbook.losses\n\nmodel = graspbook.losses.Model()\nmodel(1)\n") == before
    assert name_of(src, "import numpy\n" + PAGE) == before
    assert edited(src, "losses.py", "import numpy as np", "from numpy import abs as size\nimport numpy as np") == before
    assert edited(src, "losses.py", "np.abs(x)", "size(x)") == before


def test_every_member_of_a_circle_counts_for_every_other(src):
    write(
        src,
        {"circle.py": "def f(x):\n    return g(x)\ndef g(x):\n    return h(x) + f(x)\ndef h(x):\n    return f(1)\n"},
    )
    page = "from graspbook.circle import {}\n{}(0)\n"
    names = [name_of(src, page.format(one, one)) for one in "fgh"]
    assert len(set(names)) == 3
    edited(src, "circle.py", "f(1)", "f(2)")
    assert not set(names) & {name_of(src, page.format(one, one)) for one in "fgh"}
    text = (src / "graspbook/circle.py").read_text()
    changed = [name_of(src, page.format(one, one)) for one in "fgh"]
    write(src, {"circle.py": text.replace("g(", "gg(").replace("def g", "def g")})
    assert [name_of(src, page.format(one, one)) for one in ("f", "gg", "h")] == changed


def test_a_function_that_calls_itself_is_told_from_one_that_calls_its_like(src):
    write(src, {"a.py": "def f(x):\n    return f(x - 1)\n\ndef g(x):\n    return f(x - 1)\n"})
    page = "from graspbook.a import {0}\n{0}(3)\n"
    assert name_of(src, page.format("f")) != name_of(src, page.format("g"))


def test_fields_of_a_dataclass_count_with_their_annotations(src):
    write(
        src,
        {
            "config.py": "from dataclasses import dataclass\nfrom typing import Annotated\n\nLEAST = 1\n\n"
            '@dataclass\nclass Config:\n    """Words."""\n    steps: Annotated[int, LEAST]\n    """What it is."""\n'
        },
    )
    page = "from graspbook.config import Config\nConfig(3)\n"
    before = name_of(src, page)
    assert edited(src, "config.py", '    """What it is."""\n', "", page) == before
    assert edited(src, "config.py", "LEAST = 1", "LEAST = 2", page) != before
    before = name_of(src, page)
    assert edited(src, "config.py", "Annotated[int,", '"float" | Annotated[int,', page) != before


def test_annotations_of_functions_count_where_a_decorator_may_read_them(src):
    write(src, {"a.py": "import functools\nimport typer\n\n@functools.cache\ndef f(x: int):\n    return x\n"})
    page = "from graspbook.a import f\nf(1)\n"
    before = name_of(src, page)
    assert edited(src, "a.py", "x: int", "x: float", page) == before
    before = edited(src, "a.py", "@functools.cache", "@typer.command", page)
    assert edited(src, "a.py", "x: float", "x: int", page) != before


@pytest.mark.parametrize("annotation", ["Thing", "list[Thing]", "'Thing | None'", "Things", 'dict[str, "Thing"]'])
def test_the_class_in_an_annotation_counts_since_its_methods_run_and_nothing_else_of_the_annotation(src, annotation):
    write(
        src,
        {
            "thing.py": "class Thing:\n    def size(self):\n        return 1\n\nThings = list[Thing]\n",
            "a.py": "from graspbook.thing import Thing, Things\n\n"
            f"def f(x: {annotation}):\n    return x.size()\n\ndef g(x):\n    return x\n",
        },
    )
    page = "from graspbook.a import f\nf(given)\n"
    before = name_of(src, page)
    assert edited(src, "a.py", f"x: {annotation}", "x: tuple[Thing, int]", page) == before
    assert edited(src, "thing.py", "return 1", "return 2", page) != before


def test_a_class_that_a_page_is_given_counts_since_its_methods_run(src):
    def given():
        return page_fingerprint(["x.size()"], code_hashes(src), frozenset({Definition("graspbook.thing", "Thing")}))

    write(src, {"thing.py": "class Thing:\n    def size(self):\n        return 1\n"})
    before = given()
    assert before != name_of(src, "x.size()")
    assert edited(src, "thing.py", "return 1", "return 2", "x.size()") == name_of(src, "x.size()")
    assert given() != before


def test_match_statements_bind_names_and_refer_to_what_they_match(src):
    write(
        src,
        {
            "a.py": "from graspbook.base import Base\nKIND = 1\nfound = 2\n\n"
            "def f(x):\n    match x:\n        case Base(size=found) | [*found] | {'a': 1, **found} | (1 as found):\n"
            "            return found\n"
        },
    )
    page = "from graspbook.a import f\nf(1)\n"
    before = name_of(src, page)
    assert "graspbook.a.found" not in reached(src, page)
    assert edited(src, "a.py", "found = 2", "found = 3", page) == before
    assert edited(src, "base.py", "self.forward(x)", "1", page) != before
    before = name_of(src, page)
    assert edited(src, "a.py", "'a': 1", "'a': 2", page) != before


@pytest.mark.parametrize(
    "code",
    [
        "def f(X):\n    return X",
        "def f():\n    X = 2\n    return X",
        "def f():\n    for X in (1, 2):\n        pass\n    return X",
        "def f():\n    return [X for X in (1, 2)]",
        "def f():\n    return (lambda X: X)(1)",
        "def f():\n    import os as X\n    return X",
        "def f():\n    with open('x') as X:\n        return X",
        "def f():\n    try:\n        pass\n    except ValueError as X:\n        return X",
        "def f():\n    if (X := 2):\n        return X",
        "def f():\n    def X():\n        pass\n    return X",
        "def f():\n    X = 1\n    def g():\n        nonlocal X\n        X = 2\n    return g()",
        "def f():\n    [y for y in (1, 2) if (X := y)]\n    return X",
    ],
)
def test_a_name_that_a_local_shadows_is_not_the_modules(src, code):
    write(src, {"a.py": f"X = 1\n\n{code}\n"})
    assert "graspbook.a.X" not in reached(src, "from graspbook.a import f\nf()\n")


@pytest.mark.parametrize(
    "code",
    [
        "def f():\n    return X",
        "def f(x=X):\n    return x",
        "def f():\n    return [y for y in X]",
        "def f():\n    return [X for y in (1, 2)]",
        "def f():\n    global X\n    X = 2",
        "def f():\n    def g(X):\n        return X\n    return g(X)",
        "def f():\n    return lambda: X",
        "class f:\n    X = X",
        "class f:\n    X = 2\n    def g(self):\n        return X",
        "class f:\n    X = 2\n    ys = [X for _ in (1, 2)]",
        "def f():\n    return f'{X:>3}'",
        "async def f():\n    return X",
        "def f(*, x=lambda: X):\n    return x",
        "f = {'a': X}",
        "f, g = X, 2",
        "try:\n    f = X\nexcept NameError:\n    f = 2",
        "if X:\n    def f():\n        pass\nelse:\n    def f():\n        return 1",
    ],
)
def test_a_name_that_leads_to_the_modules_is_followed(src, code):
    write(src, {"a.py": f"X = 1\n\n{code}\n"})
    page = "from graspbook.a import f\nf\n"
    assert "graspbook.a.X" in reached(src, page)
    before = name_of(src, page)
    assert edited(src, "a.py", "X = 1", "X = 10", page) != before


@pytest.mark.parametrize("change", ["X[0] = 5", "X += [5]", "X.append(5)", "X.size = 5", "X[0] += 1", "del X[0]"])
def test_a_statement_that_changes_a_constant_counts_for_it(src, change):
    write(src, {"a.py": "X = [1]\nY = 1\n"})
    page = "from graspbook.a import {0}\n{0}\n"
    before = name_of(src, page.format("X"))
    other = name_of(src, page.format("Y"))
    edited(src, "a.py", "Y = 1\n", f"Y = 1\n{change}\n")
    assert name_of(src, page.format("X")) != before
    if change != "del X[0]":  # told apart from other statements with effects
        assert name_of(src, page.format("Y")) == other


REGISTRY = {
    "registry.py": """
        TABLE = {}

        def register(name):
            def keep(thing):
                TABLE[name] = thing
                return thing
            return keep

        def look_up(name):
            return TABLE[name]

        class Base:
            def __init_subclass__(cls):
                TABLE[cls.key] = cls
        """,
    "kinds.py": """
        from graspbook.registry import Base, register

        @register('a')
        def a():
            return 1

        class B(Base):
            key = 'b'

        c = register('c')(len)
        """,
}
LOOKING_UP = "import graspbook.kinds\nfrom graspbook.registry import look_up\n\nlook_up('a')()\n"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("kinds.py", "return 1", "return 2"),
        ("kinds.py", "register('a')", "register('d')"),
        ("kinds.py", "key = 'b'", "key = 'e'"),
        ("kinds.py", "register('c')(len)", "register('c')(max)"),
        ("registry.py", "TABLE[name] = thing", "TABLE[name] = None"),
    ],
)
def test_what_a_module_registers_counts_for_a_page_that_imports_it(src, file, old, new):
    write(src, REGISTRY)
    before = name_of(src, LOOKING_UP)
    assert edited(src, file, old, new, LOOKING_UP) != before


def test_statements_with_effects_count_wherever_their_module_is_imported_from(src):
    write(src, {"a.py": "import os\nfrom graspbook import b\n\nX = 1\n", "b.py": "import os\n\nY = 1\n"})
    page = "from graspbook.a import X\nX\n"
    before = name_of(src, page)
    assert edited(src, "b.py", "Y = 1\n", "Y = 1\nos.nice(1)\n", page) != before
    before = name_of(src, page)
    assert edited(src, "b.py", "os.nice(1)", "os.nice(2)", page) != before
    before = name_of(src, page)
    assert edited(src, "b.py", "Y = 1", "Y = 2", page) == before
    assert edited(src, "b.py", "os.nice(2)\n", "if __name__ == '__main__':\n    os.nice(2)\n", page) != before
    before = name_of(src, page)
    assert edited(src, "b.py", "os.nice(2)", "os.nice(3)", page) == before


@pytest.mark.parametrize(
    "code",
    [
        "import importlib\n\ndef f(name):\n    return importlib.import_module('graspbook.hidden').X",
        "from importlib import import_module as get\n\ndef f(name):\n    return get(f'graspbook.{name}').X",
        "import importlib\n\ndef f(name):\n    return importlib.import_module(name).X",
        "def f(name):\n    return __import__('graspbook.hidden')",
        "from graspbook import hidden\n\ndef f(name):\n    return getattr(hidden, name)",
        "from graspbook import hidden\n\ndef f(name):\n    return hidden.made_at_run_time",
        "def f(name):\n    from graspbook.hidden import made_at_run_time\n    return made_at_run_time",
        "from graspbook.hidden import *\n\ndef f(name):\n    return X",
        "from graspbook.hidden import X\n\ndef f(name):\n    return globals()[name]",
        "import sys\nfrom graspbook.hidden import X\n\ndef f(name):\n    return getattr(sys.modules[__name__], name)",
        "from graspbook.hidden import X\n\ndef f(name):\n    return eval(name)",
    ],
)
def test_what_cannot_be_followed_counts_by_its_module(src, code):
    write(src, {"hidden.py": "X = 1\nY = 1\n", "a.py": code + "\n"})
    page = "from graspbook.a import f\nf('X')\n"
    before = name_of(src, page)
    assert edited(src, "hidden.py", "X = 1", "X = 2", page) != before


def test_an_import_that_may_fail_counts_with_what_stands_in_for_it(src):
    write(
        src,
        {"a.py": "try:\n    import numba as fast\nexcept ImportError:\n    fast = None\n\ndef f():\n    return fast\n"},
    )
    page = "from graspbook.a import f\nf()\n"
    before = name_of(src, page)
    assert edited(src, "a.py", "import numba", "import numpy", page) != before
    before = name_of(src, page)
    assert edited(src, "a.py", "fast = None", "fast = 1", page) != before


def test_what_a_page_shows_and_does_counts_and_its_comments_and_imports_do_not(src):
    before = name_of(src)
    assert name_of(src, PAGE.replace("model(1)", "model(1)  # a comment")) == before
    assert name_of(src, PAGE.replace("model(1)", "model(2)")) != before
    assert name_of(src, PAGE + '"shown"\n') != before
    assert name_of(src, PAGE + "import os\nfrom graspbook.plotting import PALETTE\n") == before
    assert name_of(src, PAGE + '"a comment"\nmodel(2)\n') == name_of(src, PAGE + "model(2)\n")
    words = 'def g():\n    """{}."""\n'
    assert name_of(src, PAGE + words.format("A")) == name_of(src, PAGE + words.format("B"))


def test_where_a_cell_ends_counts_since_its_last_line_is_shown_and_a_cell_of_imports_is_none(src):
    importing, making, calling = PAGE.split("\n\n")[0], "model = Model()", "model(1)"
    before = name_of(src, [importing, making, calling])
    assert name_of(src, [importing, "# words", making, "import os", calling]) == before
    assert name_of(src, [making, importing + "\n" + calling]) == before
    assert name_of(src, [importing, making + "\n" + calling]) != before


def test_a_page_that_binds_an_imported_name_anew_still_reaches_what_it_imported(src):
    page = "from graspbook.parts.scaling import scale\n\nx = scale(1)\nscale = 3\n"
    before = name_of(src, page)
    assert edited(src, "parts/scaling.py", "FACTOR * x", "x", page) != before


def test_broken_code_is_named_where_it_is_needed_and_nowhere_else(src):
    write(src, {"broken.py": "X = = 1\n"})
    name_of(src)
    with pytest.raises(InputError, match=r"graspbook\.broken: line 1: not Python"):
        name_of(src, "from graspbook.broken import X\nX\n")
    with pytest.raises(InputError, match="the page: line 1: not Python"):
        name_of(src, "f(")
