"""Intrinsics of a camera, as the tools of the field write them, and whether they can be those of a picture."""

import re
import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graspbook.core.errors import InputError
from graspbook.core.json_files import parse_json, read_utf8
from graspbook.core.yaml_files import parse_yaml

FIELDS = ("fx", "fy", "cx", "cy")
OTHER_NAMES = {"ppx": "cx", "ppy": "cy", "image_width": "width", "image_height": "height"}
"""What RealSense and ROS call the same."""
MATRICES = ("k", "cam_k", "camera_matrix", "intrinsic_matrix")
"""Names of the matrix K in ROS, BOP, OpenCV and Open3D."""
WRAPPED = ("intrinsics", "intrinsic", "camera_intrinsics", "camera_info", "camera")
"""Names of what holds the intrinsics in files that hold more."""
MAX_BYTES = 2**22
FIELD_OF_VIEW = (1.0, 150.0)
"""Of a picture, in degrees."""
OFF_CENTRE = 0.2
"""The principal point lies no farther from the middle, as a share of the picture, unless its size is given, too."""


def read_intrinsics(path: Path) -> dict[str, float]:
    """Read the intrinsics of a camera from a JSON or YAML file.

    Args:
        path: The file, with the numbers `fx`, `fy`, `cx` and `cy`, or with the matrix K as ROS, BOP, OpenCV or Open3D
            write it.

    Returns:
        Focal lengths `fx`, `fy` and principal point `cx`, `cy` in pixels; where the file has them, `width` and `height`
        of the picture in pixels, and BOP's `depth_scale`, millimetres in one step of depth.

    Raises:
        InputError: The file is missing, no JSON and no YAML, or a field is missing or no positive number; the message
            names file and field.
    """
    text = read_utf8(path, MAX_BYTES)
    if Path(path).suffix.lower() == ".json" or text.lstrip()[:1] in ("{", "["):
        content = parse_json(text, str(path))
    else:  # OpenCV writes "%YAML:1.0", which is no YAML
        content = parse_yaml(re.sub(r"\A%YAML:1\.\d", "", text), str(path))
    return check_intrinsics(content, str(path))


def check_intrinsics(intrinsics: Any, source: str, size: tuple[int, int] | None = None) -> dict[str, float]:
    """Check the intrinsics of a camera.

    Args:
        intrinsics: What a user has given: a mapping with `fx`, `fy`, `cx` and `cy`, pixels, or with the matrix K, or
            that matrix.
        source: Name of the file or argument, with which the error message begins.
        size: Height and width of the picture that they have to fit, pixels; None: of any.

    Returns:
        See `read_intrinsics`.

    Raises:
        InputError: A field is missing or no positive number, or the intrinsics cannot be those of the picture; the
            message names the field.
    """
    given = _plain(intrinsics, source)
    found = {name: _positive(given.get(name), name, "pixels", source) for name in FIELDS}
    for name, unit in (("width", "pixels"), ("height", "pixels"), ("depth_scale", "millimetres a step")):
        if given.get(name):  # ROS says 0 where it does not know
            found[name] = _positive(given[name], name, unit, source)
    if size is not None:
        _check_fit(found, *size, source)
    return found


def _plain(given: Any, source: str, depth: int = 0) -> dict[str, Any]:
    """The fields of what a user has given, by the names that they have here."""
    if isinstance(given, list | tuple | np.ndarray):
        return _from_matrix(given, source)
    if not isinstance(given, Mapping):
        raise InputError(f"{source}: expected fx, fy, cx and cy in pixels, or the matrix K, found {_shown(given)}")
    fields: dict[str, Any] = {}
    for key, value in given.items():
        name = str(key).strip("_").lower()
        if isinstance(value, np.ndarray):
            value = value.tolist()
        _put(fields, OTHER_NAMES.get(name, name), value, source)
    if depth < 2:
        if fields and all(name.isdecimal() and isinstance(value, Mapping) for name, value in fields.items()):
            return _the_one(fields, source, depth)
        for name in WRAPPED:
            if isinstance(fields.get(name), Mapping | list):
                for inner, value in _plain(fields.pop(name), source, depth + 1).items():
                    _put(fields, inner, value, source)
    for name in MATRICES:
        matrix = fields.get(name)
        matrix = matrix.get("data") if isinstance(matrix, Mapping) else matrix
        if matrix is not None and not ("fx" in fields and np.size(matrix) != 9):  # k may be distortion, too
            for inner, value in _from_matrix(matrix, f"{source}: field '{name}'").items():
                _put(fields, inner, value, source)
    return fields


def _the_one(cameras: dict[str, Any], source: str, depth: int) -> dict[str, Any]:
    """The camera in a file of BOP with the cameras of several images, if all are alike."""
    found = [_plain(camera, f"{source}: image {number}", depth + 1) for number, camera in cameras.items()]
    kept = [{name: one.get(name) for name in (*FIELDS, "width", "height", "depth_scale")} for one in found]
    if any(one != kept[0] for one in kept):
        raise InputError(f"{source}: the cameras of {len(kept)} images, which differ; expected the one of the picture")
    return kept[0]


def _put(fields: dict[str, Any], name: str, value: Any, source: str) -> None:
    """Adds a field, which may be there already if it says the same, but for rounding."""
    if name in (*FIELDS, *MATRICES, "width", "height", "depth_scale") and name in fields:
        before = fields[name]
        numbers = _is_number(before) and _is_number(value)
        same = abs(before - value) * 1000 <= abs(value) if numbers else before == value
        if not same:
            raise InputError(f"{source}: field '{name}': given twice, as {_shown(before)} and {_shown(value)}")
    fields.setdefault(name, value)


def _from_matrix(given: Any, source: str) -> dict[str, float]:
    """The fields of K, whose nine numbers come row by row, or column by column as Open3D and MATLAB write them."""
    expected = f"{source}: expected the matrix K, fx, 0, cx, 0, fy, cy, 0, 0, 1"
    if not isinstance(given, list | tuple | np.ndarray) or len(given) not in (3, 9):
        raise InputError(f"{expected}, found {_shown(given)}")
    rows = list(given) if len(given) == 9 else [value for row in given for value in _row(row)]
    try:
        numbers = np.array([value if _is_number(value) else np.nan for value in rows], float)
    except OverflowError:
        numbers = np.zeros(0)
    if len(numbers) != 9 or not np.isfinite(numbers).all():
        raise InputError(f"{expected}, found {_shown(given)}")
    matrix = numbers.reshape(3, 3)
    if matrix[2, 2] == 1 and not matrix[0, 2] and not matrix[1, 2]:
        matrix = matrix.T
    if matrix[2].tolist() != [0, 0, 1] or matrix[0, 1] or matrix[1, 0]:
        raise InputError(f"{expected}, found {_shown(given)}")
    return {"fx": matrix[0, 0], "fy": matrix[1, 1], "cx": matrix[0, 2], "cy": matrix[1, 2]}


def _row(row: Any) -> list[Any]:
    return list(row) if isinstance(row, list | tuple | np.ndarray) and len(row) == 3 else [None]


def _check_fit(found: dict[str, float], height: int, width: int, source: str) -> None:
    sides = {"width": width, "height": height}
    for name, side in sides.items():
        if found.get(name, side) != side:
            raise InputError(f"{source}: field '{name}': {found[name]:g} pixels, but the picture has {width}x{height}")
    if not 0.5 <= found["fx"] / found["fy"] <= 2:
        raise InputError(
            f"{source}: fields 'fx' and 'fy': {found['fx']:g} and {found['fy']:g}, expected about the same"
        )
    for focal, middle, (name, side) in zip(("fx", "fy"), ("cx", "cy"), sides.items(), strict=True):
        view = 2 * np.degrees(np.arctan2(side / 2, found[focal]))
        if not FIELD_OF_VIEW[0] <= view <= FIELD_OF_VIEW[1]:
            raise InputError(
                f"{source}: field '{focal}': {found[focal]:g} pixels would be a field of view of {view:.3g} degrees "
                f"in a picture of {width}x{height}, expected {FIELD_OF_VIEW[0]:g} to {FIELD_OF_VIEW[1]:g}"
            )
        away = abs(found[middle] - (side - 1) / 2) / side
        if away > 0.5 or (away > OFF_CENTRE and name not in found):
            raise InputError(
                f"{source}: field '{middle}': {found[middle]:g} is no middle of a picture of {width}x{height} pixels; "
                "are these the intrinsics of another resolution? Of a part that was cut out, give 'width' and 'height'"
            )


def _positive(value: Any, name: str, unit: str, source: str) -> float:
    try:
        number = float(value) if _is_number(value) else np.nan
    except OverflowError:
        number = np.inf
    if not 0 < number < np.inf:
        raise InputError(f"{source}: field '{name}': expected a positive number of {unit}, found {_shown(value)}")
    return number


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    """A value in an error message, on one line of bounded length."""
    if isinstance(value, int) and value.bit_length() > 64:
        return f"a number of {value.bit_length()} bits"
    return f"a {type(value).__name__}" if isinstance(value, Mapping | np.ndarray) else reprlib.repr(value)
