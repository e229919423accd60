"""What hypothesis draws for the fuzz tests: values of JSON, documents with something wrong, damaged files."""

import copy
import json

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

quick = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,  # the same examples every time: a failure is never somebody else's
    database=None,
    suppress_health_check=list(HealthCheck),
)

floats = st.floats(allow_subnormal=False)  # PyTorch, once told to flush them to zero, does so for the whole process
numbers = st.one_of(
    st.integers(-3, 3), st.integers(), floats, st.sampled_from([10**9, 2**31, 2**63, 2**70, 10**400, 1e9, 1e308])
)
leaves = st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=8), st.sampled_from(["../a", "/", ".", "a\0b"]))
json_values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)),
)


def json_of(values):
    """Documents as text, also with lists nested beyond all measure."""
    deep = st.sampled_from(["[" * 10**5, '{"a":' * 10**4, "[" * 900 + "]" * 900])
    return st.one_of(values.map(json.dumps), deep)


@st.composite
def changed(draw, document):
    """A document of mappings and lists in which one to three places are something else, or gone, or there twice."""
    content = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        parent, key = draw(st.sampled_from(list(_places(content))))
        match draw(st.sampled_from(["other", "other", "gone", "twice"])):
            case "other":
                parent[key] = draw(json_values)
            case "gone":
                del parent[key]
            case "twice" if isinstance(parent, list):
                parent.insert(key, copy.deepcopy(parent[key]))
        if not list(_places(content)):
            return content
    return content


def _places(value):
    """Every place in a document: the list or mapping, and the index or key."""
    keys = range(len(value)) if isinstance(value, list) else list(value) if isinstance(value, dict) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


@st.composite
def damaged(draw, content):
    """Bytes of which some are others, or that end early."""
    data = bytearray(content)
    for _ in range(draw(st.integers(0, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.one_of(st.just(len(data)), st.integers(0, len(data))))])
