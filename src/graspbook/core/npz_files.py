"""Reading NPZ archives whose faults are told by name."""

import zipfile
from pathlib import Path

import numpy as np

from graspbook.core.errors import InputError
from graspbook.core.memory import check_memory


def read_npz(path: Path, expected: str) -> dict[str, np.ndarray]:
    """The arrays of an NPZ archive by their names.

    Args:
        path: The archive.
        expected: What it should hold, for the error message.

    Raises:
        InputError: The file is missing, damaged, or no such archive, or is larger than the memory.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            check_memory(sum(member.file_size for member in archive.infolist()), f"{path}: {expected}")
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected {expected}") from None
    except InputError:
        raise
    except Exception as error:  # whatever a damaged archive makes its readers stumble over
        raise InputError(f"{path}: expected {expected} ({error})") from None
