"""The published file layout of Jacquard (Depierre et al., 2018), read and written.

Below a folder, at any depth, each image is a group of files with a common stem such as `0_1a2b`, which is the number
of a view and the name of an object:

- `0_1a2b_grasps.txt`: one grasp a line, `x;y;theta;opening;jaw`, in pixels and degrees. x is to the right, y down,
  and theta turns from the x axis towards the y axis, so clockwise on the screen;
- `0_1a2b_perfect_depth.tiff` and `0_1a2b_stereo_depth.tiff`: float32 metres; the second with noise and gaps (0, or -1
  in the published files);
- `0_1a2b_mask.png` and `0_1a2b_RGB.png`.

Here a grasp is a row (u, v, phi, w): u = x, v = y, phi = theta in radians, w = opening. Numbers have a decimal point,
and semicolons stand between them; a last line without an end is whole, which `line[:-1]` in other loaders is not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from graspbook.core.atomic import write_bytes, write_text
from graspbook.core.errors import InputError
from graspbook.core.json_files import read_utf8
from graspbook.data.depth import read_picture
from graspbook.world.grippers.jaw.grasp import half_turn

DepthKind = Literal["stereo", "perfect"]
GRASPS, MASK, RGB = "_grasps.txt", "_mask.png", "_RGB.png"
FIELDS = ("x", "y", "theta", "opening", "jaw size")


def find_images(folder: Path) -> list[Path]:
    """The stems (paths without `_grasps.txt`) of all images below a folder, by object and then by number of the view.

    Args:
        folder: The folder to search, at any depth.

    Raises:
        InputError: There are none.
    """
    folder = Path(folder)
    stems = [path.with_name(path.name.removesuffix(GRASPS)) for path in folder.rglob(f"*{GRASPS}")]
    if not stems:
        raise InputError(f"{folder}: no file ends in {GRASPS}; expected the layout of Jacquard")
    return sorted(stems, key=lambda stem: (stem.parent.as_posix(), _number(stem), stem.name))


def object_of(stem: Path) -> str:
    """The name of the object that an image shows: what follows the number of the view.

    Args:
        stem: The stem of the image, as `find_images` returns it.
    """
    number, _, name = stem.name.partition("_")
    return name if number.isdecimal() and name else stem.name


def read_grasps(path: Path) -> Float32[np.ndarray, "n 5"]:
    """Read the grasps of a file.

    Args:
        path: The file, whose name ends in `_grasps.txt`.

    Returns:
        Rows (u, v, phi, w, jaw), float32 [N, 5]: lengths in pixels, phi in radians in [-pi/2, pi/2).

    Raises:
        InputError: The file is missing or no text, or a line is malformed; the message names the file and the line.
    """
    text = read_utf8(path)
    rows = [_grasp(line, f"{path}: line {number}") for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    grasps = np.array(rows, np.float64).reshape(-1, 5)
    grasps[:, 2] = half_turn(np.radians(grasps[:, 2]))
    return grasps.astype(np.float32)


def write_grasps(path: Path, grasps: np.ndarray) -> None:
    """Write grasps as a Jacquard file, rounded to a thousandth of a pixel and of a degree.

    Args:
        path: The file, whose name ends in `_grasps.txt`.
        grasps: Rows (u, v, phi, w, jaw) in pixels and radians, [N, 5].
    """
    lines = [f"{u:.3f};{v:.3f};{np.degrees(phi):.3f};{w:.3f};{jaw:.3f}\n" for u, v, phi, w, jaw in grasps]
    write_text(path, "".join(lines))


def read_depth(stem: Path, kind: DepthKind = "stereo") -> Float32[np.ndarray, "h w"]:
    """Read a depth image.

    Args:
        stem: The stem of the image, as `find_images` returns it.
        kind: The depth to read: "stereo" (measured, with noise and gaps) or "perfect".

    Returns:
        Depth in metres, float32 [H, W]; 0 where there is none.

    Raises:
        InputError: The file is missing, is no image of one channel, or holds no distances in metres.
    """
    path = stem.with_name(f"{stem.name}_{kind}_depth.tiff")
    depth = read_picture(path)
    if depth.ndim != 2 or depth.dtype.kind != "f":
        raise InputError(f"{path}: expected a depth image of one channel, floating-point metres")
    depth = np.where(np.isfinite(depth) & (depth > 0), depth, 0).astype(np.float32)
    if not depth.any():
        raise InputError(f"{path}: not one pixel has a depth")
    if depth.max() > 20:
        raise InputError(f"{path}: the largest depth is {depth.max():g}; expected metres, this looks like millimetres")
    return depth


def read_object_mask(stem: Path, size: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """Read the mask of the object in an image.

    Args:
        stem: The stem of the image, as `find_images` returns it.
        size: The height and width of the image in pixels.

    Returns:
        The mask, bool [H, W]; True everywhere where the image has none.

    Raises:
        InputError: The file is no picture, or has another size.
    """
    path = stem.with_name(stem.name + MASK)
    if not path.exists():
        return np.ones(size, bool)
    mask = read_picture(path)
    mask = mask[..., :3].any(-1) if mask.ndim == 3 else mask > 0
    if mask.shape != size:
        raise InputError(f"{path}: a mask of {_size(mask.shape)}, but the depth image has {_size(size)}")
    return mask


def write_image(
    stem: Path,
    *,
    grasps: np.ndarray,
    perfect: Float32[np.ndarray, "h w"],
    stereo: Float32[np.ndarray, "h w"],
    mask: np.ndarray,
    rgb: UInt8[np.ndarray, "h w 3"],
) -> None:
    """Write the five files of one image.

    Args:
        stem: The path of the files up to what their names end in; its folder is created.
        grasps: Rows (u, v, phi, w, jaw) in pixels and radians, [N, 5].
        perfect: The true depth in metres, float32 [H, W].
        stereo: The measured depth in metres, float32 [H, W]; 0 where there is none.
        mask: The mask of the object, bool [H, W].
        rgb: The colour image, uint8 RGB [H, W, 3].

    Raises:
        InputError: Nothing can be written there.
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    pictures = {
        "_perfect_depth.tiff": perfect,
        "_stereo_depth.tiff": stereo,
        MASK: mask.astype(np.uint8) * 255,
        RGB: np.ascontiguousarray(rgb[..., ::-1]),
    }
    for ending, pixels in pictures.items():  # OpenCV's own writer is silent where a disk is full
        write_bytes(stem.with_name(stem.name + ending), cv2.imencode(Path(ending).suffix, pixels)[1].tobytes())
    write_grasps(stem.with_name(stem.name + GRASPS), grasps)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}x{shape[0]} pixels"


def _number(stem: Path) -> int:
    number = stem.name.partition("_")[0]
    return int(number) if number.isdecimal() else -1


def _grasp(line: str, where: str) -> list[float]:
    parts = line.strip().removesuffix(";").split(";")
    if len(parts) != len(FIELDS):
        hint = "; commas stand where semicolons belong" if "," in line and ";" not in line else ""
        raise InputError(f"{where}: expected {';'.join(FIELDS)}, found {len(parts)} field(s){hint}")
    values = []
    for name, part in zip(FIELDS, parts, strict=True):
        try:
            value = float(part)
        except ValueError:
            hint = " (write a decimal point, no comma)" if "," in part else ""
            raise InputError(f"{where}: {name} is {part.strip()!r}, no number{hint}") from None
        if not np.isfinite(value):
            raise InputError(f"{where}: {name} is {part.strip()!r}, expected a finite number")
        values.append(value)
    for name, value in zip(FIELDS[3:], values[3:], strict=True):
        if value <= 0:
            raise InputError(f"{where}: {name} is {value:g}, expected more than 0 pixels")
    return values
