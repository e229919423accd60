import os

from graspbook.core.notices import say, shown, some


def test_a_notice_is_a_line_of_the_log_whatever_the_file_is_called(caplog):
    say(f"{os.fsdecode(bytes([0x61, 0xE9]))}: left out")
    assert [(record.name, record.getMessage()) for record in caplog.records] == [("graspbook", "a\\udce9: left out")]


def test_names_in_utf_8_are_shown_as_they_are():
    assert shown("é/ü.png") == "é/ü.png"


def test_of_many_names_the_first_are_said():
    assert some(["a", "b"]) == "a, b"
    assert some(list("abcde")) == "a, b, c and 2 more"
