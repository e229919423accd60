"""Pictures from a folder or a video, one after another, for `graspbook joint segment`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from graspbook.core.errors import InputError
from graspbook.core.notices import say, shown, some
from graspbook.data.pictures import read_colour

ENDINGS = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".tif", ".tiff"),
    *(".ppm", ".pnm", ".gif", ".jp2", ".avif"),
)
"""Of pictures; other files of a folder are left alone."""

Picture = UInt8[np.ndarray, "h w 3"]


class Frames(Iterator[tuple[str, Picture]]):
    """Name and RGB picture, one after another.

    Args:
        names: A name for each picture, no two alike; empty for a video, whose frames are numbered.
        pictures: The pictures with their names.
    """

    def __init__(self, names: tuple[str, ...], pictures: Iterator[tuple[str, Picture]]) -> None:
        self.names, self._pictures = names, pictures

    def __next__(self) -> tuple[str, Picture]:
        return next(self._pictures)


def read_frames(source: Path, check: Callable[[Picture], object] = lambda picture: None) -> Frames:
    """The pictures of a folder, sorted by name, or the frames of a video.

    All pictures are read and checked before the first is handed out. They are named without their endings, except where
    two would be named alike. What a folder holds besides is left out, which is said.

    Args:
        source: Folder of pictures, one picture, or a video.
        check: Function that raises InputError if a picture cannot be used.

    Raises:
        InputError: The source is missing, holds no picture, or one that is not 8-bit colour or that `check` refuses;
            the message names every such file.
    """
    source = Path(source)
    if not source.exists():
        raise InputError(f"{source}: missing; expected a folder with pictures, a picture or a video")
    if source.is_dir():
        seen = sorted(path for path in source.iterdir() if not path.name.startswith("."))
        paths = [path for path in seen if path.suffix.lower() in ENDINGS and path.is_file()]
        if not paths:
            raise InputError(f"{source}: no picture in it ({', '.join(ENDINGS)})")
        if others := [path.name for path in seen if path not in paths]:
            say(f"{source}: {len(others)} other files and folders are left out: {some(others)}")
        return _pictures(source, paths, check)
    if source.suffix.lower() in ENDINGS:
        return _pictures(source, [source], check)
    return Frames((), _video(source, check))


def _pictures(source: Path, paths: list[Path], check: Callable[[Picture], object]) -> Frames:
    refused = []
    for path in paths:
        picture = None
        try:
            picture = read_colour(path)
            check(picture)
        except InputError as error:  # what the check says does not name the file
            refused.append(str(error) if picture is None else f"{path}: {error}")
    if refused and len(paths) == 1:
        raise InputError(refused[0])
    if refused:
        listed = "\n".join(f"  {line}" for line in refused)
        raise InputError(
            f"{source}: {len(refused)} of {len(paths)} pictures cannot be used; nothing was done:\n{listed}"
        )
    names = _names(paths)
    return Frames(names, ((name, read_colour(path)) for name, path in zip(names, paths, strict=True)))


def _names(paths: list[Path]) -> tuple[str, ...]:
    """Names without endings; with them where two would be alike, also to a file system that knows no capitals."""
    alike = Counter(path.stem.casefold() for path in paths)
    names = [path.stem if alike[path.stem.casefold()] == 1 else path.name for path in paths]
    if len({name.casefold() for name in names}) < len(names):
        names = [path.name for path in paths]
    return tuple(names)


def _video(path: Path, check: Callable[[Picture], object]) -> Iterator[tuple[str, Picture]]:
    if shown(str(path)) != str(path):  # OpenCV crashes
        raise InputError(f"{path}: the name of a video has to be UTF-8; rename it")
    video = cv2.VideoCapture(str(path))
    there, frame = video.read() if video.isOpened() else (False, None)
    if not there:
        raise InputError(f"{path}: neither a picture ({', '.join(ENDINGS)}) nor a video that can be read")
    try:
        check(frame[..., ::-1])
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    count = int(video.get(cv2.CAP_PROP_FRAME_COUNT))

    def frames() -> Iterator[tuple[str, np.ndarray]]:
        number, more, picture = 0, True, frame
        while more:
            yield f"{number:06d}", np.ascontiguousarray(picture[..., ::-1])
            number += 1
            more, picture = video.read()
        video.release()
        if number < count - 1:  # some formats only guess how many there are
            say(f"{path}: the video says that it has {count} frames; only {number} can be read")

    return frames()
