"""Images pasted, and inpainted, at one size and learned from at a smaller one (ours, for §III-B of `selfsup`).

The paper pastes and repaints outlines at 640x960. A network of this book sees 96 rows, and a band that is repainted
there hides half of a small object. So everything is done at a larger size first, and the result is shrunk. Inpainting
large images inside a training would take longer than the training: the images are made once, as a labelled set.
"""

import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from graspbook.core.errors import InputError
from graspbook.core.fingerprint import classes_of, fingerprint
from graspbook.core.progress import progress
from graspbook.data.coco import ANNOTATIONS, CocoScenes, LabelledScene, resize_ids, resize_image, write_scenes
from graspbook.selfsup.inpainting.inpaint import Inpainter
from graspbook.selfsup.instance_segmentation.batches import Scenes
from graspbook.selfsup.pasting.bank import ObjectBank
from graspbook.selfsup.pasting.config import PasteConfig
from graspbook.selfsup.pasting.paste import Composite, Crops, boundary, paste
from graspbook.training.seeds import generator

BATCH = 8
"""Images inpainted at once."""
_PIXELS = ("image", "ids")


def composites(scenes: Scenes, bank: Crops, seed: int, config: PasteConfig) -> Iterator[Composite]:
    """Composites without end: the k-th is made of scene k modulo their number, and depends on (seed, k) alone."""
    if not len(scenes):
        raise InputError("scenes: expected at least one labelled image to paste on")
    number = 0
    while True:
        yield paste(scenes[number % len(scenes)], bank, np.random.default_rng([seed, number]), config)
        number += 1


def pasted_scenes(
    scenes: Scenes,
    bank: Crops,
    count: int,
    seed: int,
    config: PasteConfig,
    size: tuple[int, int],
    inpainter: Inpainter | None = None,
    dilate: float | None = None,
) -> Iterator[LabelledScene]:
    """Labelled images with objects pasted on them, shrunk: the same objects in the same places, inpainted or not.

    Args:
        scenes: labelled images, at the size at which objects are pasted.
        bank: the objects, in pixels of that size.
        count: how many images.
        seed: of everything random.
        config: how objects are pasted.
        size: height and width of the images handed out, pixels.
        inpainter: repaints the outlines of what was pasted, or None.
        dilate: by how many pixels of a 640x960 image the outlines are widened for that.

    Raises:
        InputError: there is nothing to paste on, or an inpainter without `dilate`.
    """
    if inpainter is not None and dilate is None:
        raise InputError("dilate: expected pixels, since outlines are widened before they are inpainted")
    made = composites(scenes, bank, seed, config)
    for start in range(0, count, BATCH):
        batch = [next(made) for _ in range(min(BATCH, count - start))]
        images = np.stack([composite.image for composite in batch])
        if inpainter is not None:
            outlines = np.stack([boundary(composite, dilate) for composite in batch])
            images = inpainter(images, outlines, generator(seed, 2, start))
        for place, (image, composite) in enumerate(zip(images, batch, strict=True)):
            yield LabelledScene(f"{start + place:06d}", resize_image(image, size), resize_ids(composite.ids, size))


def keep_pasted_scenes(
    scratch_dir: Path,
    scenes: CocoScenes,
    bank: ObjectBank,
    count: int,
    seed: int,
    config: PasteConfig,
    size: tuple[int, int],
    inpainter: Inpainter | None = None,
    dilate: float | None = None,
) -> CocoScenes:
    """`pasted_scenes` as a labelled set in a scratch folder, made once for equal scenes, bank, settings and code.

    Args:
        scratch_dir: ignored folder; the set lies in `pasted/<name>` of it.
        scenes: labelled images, at the size at which objects are pasted.
        bank: the objects, in pixels of that size.
        count: how many images.
        seed: of everything random.
        config: how objects are pasted.
        size: height and width of the images handed out, pixels.
        inpainter: repaints the outlines of what was pasted, or None.
        dilate: by how many pixels of a 640x960 image the outlines are widened for that.

    Returns:
        The set; a killed call leaves nothing of it.
    """

    def make(number: int) -> Iterator[LabelledScene]:
        return pasted_scenes(scenes, bank, number, seed, config, size, inpainter, dilate)

    # an inpainter is known by its code and by what it does
    first = {f"{place}.{field}": getattr(scene, field) for place, scene in enumerate(make(1)) for field in _PIXELS}
    contents = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (scenes.path, bank.path)]
    settings = [contents, list(scenes.names), bank.table["grasp_id"].tolist()]
    settings += [count, seed, dataclasses.asdict(config), list(size), dilate]
    name = fingerprint(settings, keep_pasted_scenes, *classes_of(inpainter), arrays=first)
    folder = Path(scratch_dir) / "pasted" / name
    if not (folder / ANNOTATIONS).is_file():
        bins = [int(scenes.groups[number % len(scenes)]) for number in range(count)]
        write_scenes(folder, progress(make(count), "pasting", count), bins)
    return CocoScenes(folder / ANNOTATIONS)
