import re
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from graspbook.core.errors import InputError
from graspbook.core.fingerprint import classes_of, code_fingerprint, fingerprint
from graspbook.nn.gated import GatedResidual
from graspbook.training.schedule import cosine_rate
from graspbook.training.seeds import generator
from graspbook.world.bin.segmenter import NoisySegmenter

FILES = {"__init__.py": "", "a.py": "def f():\n    return g()\n\n\ndef g():\n    return 1\n\n\nclass A:\n    x = 1\n"}


def like(module, name):
    """A stand-in for a function of another checkout's package."""
    maker = type(name, (), {})
    maker.__module__, maker.__qualname__ = module, name
    return maker


@pytest.fixture
def src(tmp_path):
    (tmp_path / "graspbook").mkdir()
    for name, text in FILES.items():
        (tmp_path / "graspbook" / name).write_text(text)
    return tmp_path


def test_a_name_of_code_follows_what_its_makers_reach_in_any_order(src):
    f, a = like("graspbook.a", "f"), like("graspbook.a", "A")
    before = code_fingerprint(f, a, src=src)
    assert before == code_fingerprint(a, f, f, src=src) and re.fullmatch("[0-9a-f]{16}", before)
    assert before not in {code_fingerprint(f, src=src), code_fingerprint(a, src=src)}
    (src / "graspbook/a.py").write_text(FILES["a.py"].replace("return 1", "return 2"))
    assert code_fingerprint(f, a, src=src) != before


def test_what_is_defined_inside_a_definition_counts_as_that_one(src):
    assert code_fingerprint(like("graspbook.a", "A.method"), src=src) == code_fingerprint(
        like("graspbook.a", "A"), src=src
    )


@pytest.mark.parametrize("maker", [("graspbook.a", "nowhere"), ("graspbook.b", "f"), ("builtins", "len")])
def test_a_maker_that_the_package_does_not_define_is_named(src, maker):
    with pytest.raises(InputError, match=rf"{maker[0]}\.{maker[1]}: not defined at the top level"):
        code_fingerprint(like(*maker), src=src)


def test_settings_arrays_and_code_make_a_name():
    array = np.arange(6).reshape(2, 3)
    names = [
        fingerprint({"a": 1, "b": 2}, generator, arrays={"x": array}),
        fingerprint({"a": 1, "b": 3}, generator, arrays={"x": array}),
        fingerprint({"a": 1, "b": 2}, generator, arrays={"y": array}),
        fingerprint({"a": 1, "b": 2}, generator, arrays={"x": array.T}),
        fingerprint({"a": 1, "b": 2}, generator, arrays={"x": array.reshape(3, 2)}),
        fingerprint({"a": 1, "b": 2}, generator, arrays={"x": array.astype(np.int32)}),
        fingerprint({"a": 1, "b": 2}, generator),
        fingerprint({"a": 1, "b": 2}, cosine_rate, arrays={"x": array}),
    ]
    assert len(set(names)) == len(names)
    for same in (np.asfortranarray(array), torch.from_numpy(array), torch.nn.Parameter(torch.from_numpy(array), False)):
        assert names[0] == fingerprint({"b": 2, "a": 1}, generator, arrays={"x": same})


def halves(*arguments):
    data, code = fingerprint(*arguments).split("-")
    return data, code


def test_settings_show_in_the_first_half_of_a_name_and_code_in_the_second():
    data, code = halves({"a": 1}, generator)
    assert halves({"a": 1}, cosine_rate)[0] == data and halves({"a": 1}, cosine_rate)[1] != code
    assert halves({"a": 2}, generator)[0] != data and halves({"a": 2}, generator)[1] == code


def test_each_half_of_a_name_inside_settings_counts_in_the_half_where_it_belongs():
    inner = "0123456789abcdef-{}".format
    data, code = halves(["x", inner("0" * 16)], generator)
    assert halves(["x", inner("1" * 16)], generator)[0] == data
    assert halves(["x", inner("1" * 16)], generator)[1] != code
    assert halves(["x", inner("0" * 16).replace("a", "b")], generator)[0] != data
    assert halves(["x", inner("0" * 16).replace("a", "b")], generator)[1] == code


class Segmenter(NoisySegmenter):
    """Defined outside of the package."""


@dataclass
class Holder:
    inside: object
    number: int = 1


class Network(nn.Module):
    """Of another package, with a part that is the package's own."""

    def __init__(self, part):
        super().__init__()
        self.part = nn.Sequential(part)


def test_classes_of_things_are_theirs_and_those_of_what_dataclasses_and_networks_hold():
    assert classes_of(3, None, "words") == []
    assert classes_of(Segmenter()) == [NoisySegmenter]
    assert classes_of(Holder(Holder(NoisySegmenter()))) == [NoisySegmenter]
    assert classes_of(Network(GatedResidual(2))) == [GatedResidual]
