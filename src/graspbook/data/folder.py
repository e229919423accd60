"""One's own grasps: a folder of PNG files, three per grasp.

    FOLDER/<name>_before.png   8-bit RGB, the scene before the grasp
    FOLDER/<name>_after.png    8-bit RGB, of the same size, after the object was taken away
    FOLDER/<name>_cups.png     mask g of the active suction cups in the image before: not black = cup

A cup may be one blob, or several may touch; more blobs than the gripper has cups (5) are an error.
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from graspbook.core.errors import InputError
from graspbook.core.notices import say, shown
from graspbook.data import images, schema
from graspbook.data.grasps import GraspDataset, GraspSample

MAX_CUPS = 5
"""Suction cups on the paper's gripper (§IV-A)."""
_FIELDS = ("before", "after", "cups")


class GraspFolder:
    """Grasps in the layout above, in order of their names; images are decoded when asked for.

    Args:
        path: The folder; hidden files in it are ignored.

    Raises:
        InputError: There is no such folder or no grasp in it, a file is none of the three kinds, one of a grasp's three
            files is missing or no PNG, or files of one grasp differ in size.
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)
        if not self.path.is_dir():
            raise InputError(f"{self.path}: expected a folder of grasps, there is none")
        names = set()
        for file in sorted(self.path.iterdir()):
            if file.name.startswith("."):
                continue
            name, _, field = file.stem.rpartition("_")
            if file.suffix != ".png" or field not in _FIELDS or not name or not file.is_file():
                expected = ", ".join(f"<name>_{field}.png" for field in _FIELDS)
                raise InputError(f"{file}: unknown file; a folder of grasps holds only {expected}")
            if shown(name) != name:
                raise InputError(f"{file}: expected a name in UTF-8, as tables name the grasp; rename the file")
            names.add(name)
        if not names:
            raise InputError(f"{self.path}: expected at least one grasp (<name>_before.png), the folder is empty")
        self.names = sorted(names)
        for name in self.names:
            sizes = {field: images.png_size(self._file(name, field), field) for field in _FIELDS}
            for field in ("after", "cups"):
                if sizes[field] != sizes["before"]:
                    raise InputError(
                        f"{self._file(name, field)}: field {field}: expected {_size(sizes['before'])} as in "
                        f"{name}_before.png, found {_size(sizes[field])}"
                    )

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[GraspSample]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> GraspSample:
        """Read one grasp, without labels.

        Args:
            index: The number of the grasp in the order of the names, from 0.

        Returns:
            The grasp with its images and its mask of cups.

        Raises:
            InputError: An image is faulty; the message names file and field.
        """
        name = self.names[index]
        return GraspSample(
            grasp_id=name,
            before=images.read_rgb(self._file(name, "before"), "before"),
            after=images.read_rgb(self._file(name, "after"), "after"),
            suction=check_cups(images.read_mask(self._file(name, "cups"), "cups"), str(self._file(name, "cups"))),
            visible=None,
            amodal=None,
        )

    def _file(self, name: str, field: str) -> Path:
        return self.path / f"{name}_{field}.png"


def open_grasps(path: Path | str) -> GraspDataset | GraspFolder:
    """Open one's own grasps in either layout: a folder with a `grasps.parquet` (or that file), or one of PNGs.

    Of a table with outcomes, only grasps that did not fail are opened: what was not taken cannot be segmented. How many
    are left out is said.

    Args:
        path: The folder, or the Parquet file.

    Raises:
        InputError: The data set is faulty (see `GraspDataset` and `GraspFolder`), or every grasp failed.
    """
    path = Path(path)
    if path.suffix != ".parquet" and not (path / schema.TABLE).is_file():
        return GraspFolder(path)
    dataset = GraspDataset(path)
    if "outcome" not in dataset.table:
        return dataset
    outcome = dataset.table["outcome"]
    usable = np.flatnonzero(outcome.isna() | (outcome == "success"))
    if not len(usable):
        raise InputError(f"{dataset.path}: column outcome: expected at least one success, every grasp failed")
    if len(usable) < len(dataset):
        say(f"{dataset.path}: {len(dataset) - len(usable)} of {len(dataset)} grasps are left out: they failed")
    return dataset.subset(usable)


def check_cups(suction: np.ndarray, where: str) -> np.ndarray:
    """Check that a mask can be that of the active cups; returns it as it came.

    Args:
        suction: The mask, bool [H, W].
        where: The place of the mask, with which the error message begins.

    Returns:
        The same mask.

    Raises:
        InputError: The mask is empty, or has more 8-connected blobs than the gripper has cups (`MAX_CUPS`).
    """
    blobs = cv2.connectedComponents(np.ascontiguousarray(suction).view(np.uint8), connectivity=8)[0] - 1
    if blobs == 0:
        raise InputError(f"{where}: field cups: expected at least one active cup, the mask is all zero")
    if blobs > MAX_CUPS:
        raise InputError(f"{where}: field cups: expected at most {MAX_CUPS} blobs, one per cup, found {blobs}")
    return suction


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]} pixels (height x width)"
