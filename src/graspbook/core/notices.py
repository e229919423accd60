"""What a user has to know of their input although it can be used: a line on standard error, once each time it is so."""

import logging


def say(text: str) -> None:
    """Say something about the input aloud; who uses the library can turn it off as the logger "graspbook".

    Args:
        text: What is to be said: the file, and what of it is left out.
    """
    logging.getLogger("graspbook").warning("%s", shown(text))


def shown(text: str) -> str:
    """Text as it can be printed and written, whatever a file is called: what is no UTF-8 in its name is escaped.

    Args:
        text: The text, such as a file's name.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def some(names: list[str], most: int = 3) -> str:
    """The first of some names, and how many more there are.

    Args:
        names: The names.
        most: How many are written out.
    """
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
