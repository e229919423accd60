"""Reading JSON files whose faults are told by name."""

import json
from pathlib import Path
from typing import Any

from graspbook.core.errors import InputError


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Args:
        path: The JSON file.

    Raises:
        InputError: The file is missing, cannot be read, or is not JSON.
    """
    return parse_json(read_utf8(path), str(path))


def parse_json(text: str, source: str) -> Any:
    """The content of a text in JSON.

    Args:
        text: The text.
        source: The name of its file, with which the error message begins.

    Raises:
        InputError: It is not JSON.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise InputError(f"{source}: not usable: lists and mappings are nested too deeply") from None
    except ValueError as error:  # also a number of thousands of digits
        raise InputError(f"{source}: not JSON: {error}") from None


def read_utf8(path: Path, most: int | None = None) -> str:
    """The text of a file.

    Args:
        path: The file, in UTF-8.
        most: The largest size that it can have, bytes; None: any.

    Raises:
        InputError: The file is missing, too large, cannot be read, or is not UTF-8.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():  # reading a pipe would wait for ever
            raise InputError(f"{path}: cannot be read: not a file")
        if most is not None and path.stat().st_size > most:
            raise InputError(f"{path}: {path.stat().st_size} bytes, expected at most {most}")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text: {error.reason} at byte {error.start}") from None
    except (OSError, ValueError, MemoryError) as error:  # ValueError: a name that no file can have
        raise InputError(f"{path}: cannot be read: {error}") from None
