import pytest

from graspbook.core.errors import InputError
from graspbook.core.yaml_files import read_yaml


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: [", "not valid YAML"),
        ("- 1\n", "expected a mapping of keys, found list"),
        ("", "expected a mapping of keys, found NoneType"),
        ("a: 1\nb: 2\na: 3\n", "line 3: key 'a' is given twice"),
        ("outer:\n  steps: 1\n  steps: 1\n", "line 3: key 'steps' is given twice"),
        ("rows: {one: {}, one: {}}\n", "line 1: key 'one' is given twice"),
        ("when: 2001-99-99\n", "cannot be read: month must be in 1..12"),
        ("deep: " + "[" * 5000, "nested too deeply|not valid YAML"),
        ("when: !python/object 1\n", "line 1: could not determine a constructor"),
    ],
)
def test_a_faulty_file_is_named_with_its_fault(tmp_path, text, complaint):
    (tmp_path / "some.yaml").write_text(text)
    with pytest.raises(InputError, match=complaint) as raised:
        read_yaml(tmp_path / "some.yaml")
    assert str(raised.value).startswith(str(tmp_path / "some.yaml"))


def test_text_that_is_not_utf_8_and_a_missing_file_are_named(tmp_path):
    (tmp_path / "some.yaml").write_bytes("a: é".encode("latin-1"))
    with pytest.raises(InputError, match=r"some\.yaml: not UTF-8 text: .* at byte 3"):
        read_yaml(tmp_path / "some.yaml")
    with pytest.raises(InputError, match=r"none\.yaml: no such file"):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(InputError, match=r"cannot be read: .*Is a directory"):
        read_yaml(tmp_path)


def test_the_same_key_in_two_mappings_and_merged_ones_are_as_in_any_yaml(tmp_path):
    (tmp_path / "some.yaml").write_text("a: &a {x: 1, y: 2}\nb: {x: 3, 1: 4, '1': 5}\nc:\n  <<: *a\n  x: 6\n")
    assert read_yaml(tmp_path / "some.yaml") == {
        "a": {"x": 1, "y": 2},
        "b": {"x": 3, 1: 4, "1": 5},
        "c": {"x": 6, "y": 2},
    }
