"""Reading and checking a COCO JSON file; `coco.py` hands out what is in it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from graspbook.core.errors import InputError
from graspbook.core.notices import say
from graspbook.data.images import MAX_PIXELS
from graspbook.data.rle import decode_mask

MAX_INSTANCES = 65535
"""Of one image: an instance's id is 16 bits wide."""

CROWD = "they are marked as crowds (iscrowd 1; masks drawn with a brush often are, and count once they have iscrowd 0)"


def read_coco(path: Path) -> tuple[list[dict], dict[Any, list[dict]]]:
    """Read and check a COCO file; how many annotations are left out is said.

    Args:
        path: The COCO JSON file.

    Returns:
        The file's images, and the annotations of each image by its id, without annotations of crowds.

    Raises:
        InputError: The file cannot be read, or a field is faulty; the message names file, image or annotation, and
            field.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: expected a COCO JSON file, there is none") from None
    except RecursionError:
        raise InputError(f"{path}: expected a COCO JSON file, lists and objects are nested too deeply") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: expected a COCO JSON file ({error})") from error
    for field in ("images", "annotations"):
        entries = content.get(field) if isinstance(content, dict) else None
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise InputError(f"{path}: field {field}: expected a list of objects")
    if not content["images"]:
        raise InputError(f"{path}: field images: expected at least one image")
    images: dict[int, dict] = {}
    for number, image in enumerate(content["images"]):
        _check_image(image, number, path)
        if image["id"] in images:
            raise InputError(f"{path}: image {image['id']}: field id: expected another, it is there twice")
        images[image["id"]] = image
    by_image: dict[int, list[dict]] = {identity: [] for identity in images}
    crowds = empty = 0
    for number, annotation in enumerate(content["annotations"]):
        where = f"{path}: annotation {annotation.get('id', f'number {number}')}"
        image = images.get(annotation.get("image_id")) if _is_int(annotation.get("image_id")) else None
        if image is None:
            found = annotation.get("image_id")
            raise InputError(f"{where}: field image_id: expected the id of an image in this file, got {found!r}")
        if annotation.get("iscrowd"):
            crowds += 1
        else:
            empty += not _check_segmentation(annotation.get("segmentation"), image, where)
            by_image[image["id"]].append(annotation)
            if len(by_image[image["id"]]) > MAX_INSTANCES:
                raise InputError(f"{path}: image {image['id']}: expected at most {MAX_INSTANCES} annotations")
    count = len(content["annotations"])
    for number, why in ((crowds, CROWD), (empty, "their masks have no pixel")):
        if number:
            say(f"{path}: {number} of {count} annotations are left out: {why}")
    return list(images.values()), by_image


def read_groups(images: list[dict], path: Path) -> np.ndarray:
    """The bin that each image shows; the image's own number where no image says.

    Args:
        images: The images that `read_coco` returns.
        path: The file, for error messages.

    Returns:
        The number of the bin of each image, int64 [n].

    Raises:
        InputError: Some images have a field `bin` and others have none, or it is no integer.
    """
    if not any("bin" in image for image in images):
        return np.arange(len(images))
    for image in images:
        if not _is_int(image.get("bin")) or abs(image["bin"]) >= 2**63:
            raise InputError(
                f"{path}: image {image['id']}: field bin: expected an integer, as for every image or for none, "
                f"got {image.get('bin')!r}"
            )
    return np.array([image["bin"] for image in images], np.int64)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_image(image: dict, number: int, path: Path) -> None:
    where = f"{path}: image {image.get('id', f'number {number}')}"
    if not _is_int(image.get("id")):
        raise InputError(f"{where}: field id: expected an integer, got {image.get('id')!r}")
    for field in ("height", "width"):
        if not _is_int(image.get(field)) or image[field] < 1:
            raise InputError(f"{where}: field {field}: expected pixels, at least 1, got {image.get(field)!r}")
    if image["height"] * image["width"] > MAX_PIXELS:
        raise InputError(f"{where}: fields height, width: expected at most {MAX_PIXELS} pixels, got more")
    name = image.get("file_name")
    # A path that leaves the data set would let a JSON file from elsewhere name any file of this machine.
    if not isinstance(name, str) or not name or Path(name).is_absolute() or ".." in Path(name).parts:
        raise InputError(f"{where}: field file_name: expected a relative path inside the file's folder, got {name!r}")


def _check_segmentation(segmentation: Any, image: dict, where: str) -> bool:
    """Whether the mask has a pixel."""
    where, size = f"{where}: field segmentation", [image["height"], image["width"]]
    if isinstance(segmentation, list):
        for polygon in segmentation:
            numbers = isinstance(polygon, list) and all(isinstance(x, int | float) and x == x for x in polygon)
            if not numbers or len(polygon) < 6 or len(polygon) % 2:
                raise InputError(f"{where}: expected polygons [x1, y1, x2, y2, x3, y3, ...] of at least 3 points")
            # a little outside is usual; far outside pycocotools' numbers run over, and the mask comes out empty
            for name, values, length in (("x", polygon[::2], size[1]), ("y", polygon[1::2], size[0])):
                if min(values) < -length or max(values) > 2 * length:
                    raise InputError(
                        f"{where}: expected polygons on or near the image, every {name} from {-length} to {2 * length}"
                    )
        return decode_segmentation(segmentation, *size).any()
    counts = segmentation.get("counts") if isinstance(segmentation, dict) else None
    if not isinstance(counts, str | list):
        raise InputError(f"{where}: expected a list of polygons, or an object with size and counts")
    if segmentation.get("size") != size:
        raise InputError(f"{where}: size: expected {size} as its image has, got {segmentation.get('size')}")
    if isinstance(counts, list):
        if not all(_is_int(run) and run >= 0 for run in counts) or sum(counts) != size[0] * size[1]:
            raise InputError(f"{where}: counts: expected whole numbers that add up to {size[0]}x{size[1]} pixels")
        return any(counts[1::2])
    try:
        return bool(decode_mask(counts, *size).any())
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def decode_segmentation(segmentation: list | dict, height: int, width: int) -> np.ndarray:
    """Decode a segmentation that `read_coco` has checked.

    Args:
        segmentation: The segmentation as COCO has it: polygons, or a run-length encoding, compressed or not.
        height: The height of the image in pixels.
        width: The width of the image in pixels.

    Returns:
        The mask, bool [H, W].
    """
    if isinstance(segmentation, list):
        if not segmentation:
            return np.zeros((height, width), bool)
        segmentation = coco_mask.merge(coco_mask.frPyObjects(segmentation, height, width))
        return decode_mask(segmentation["counts"].decode("ascii"), height, width)
    counts = segmentation["counts"]
    if isinstance(counts, str):
        return decode_mask(counts, height, width)
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(width, height).T
