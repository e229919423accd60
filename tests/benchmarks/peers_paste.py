"""Public copy-paste implementations, timed on the inputs of `bench_paste.py`, which runs this file.

It does so in a throw-away environment, as they are no dependency. Prints one JSON line per implementation.

    python peers_paste.py FOLDER SECONDS    FOLDER holds scenes.npz and objects/*.png (RGBA), written by the benchmark
"""

import importlib.metadata
import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np


def rotated(rgba: np.ndarray, angle: float, scale: float) -> np.ndarray:
    """An object turned and scaled, on a canvas that holds all of it."""
    height, width = rgba.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, scale)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (int(np.ceil(width * cos + height * sin)), int(np.ceil(width * sin + height * cos)))
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return cv2.warpAffine(rgba, matrix, size)


def albumentations(images: np.ndarray, ids: np.ndarray, files: list[Path]):
    """`CopyAndPaste` of albumentationsx; it leaves turning the objects to the caller."""
    import albumentations as library

    objects = [cv2.imread(str(file), cv2.IMREAD_UNCHANGED) for file in files]
    transform = library.Compose(
        [library.CopyAndPaste(min_visibility_after_paste=0.0, p=1.0)],
        bbox_params=library.BboxParams(coord_format="pascal_voc", label_fields=["labels"]),
    )

    def composite(number: int, rng: np.random.Generator) -> np.ndarray:
        scene = number % len(images)
        masks = np.stack([ids[scene] == k for k in np.unique(ids[scene])[1:]]).view(np.uint8)
        boxes = [cv2.boundingRect(mask) for mask in masks]
        donors = []
        for index in rng.integers(len(objects), size=rng.integers(26)):
            turned = rotated(objects[index], 360 * rng.random(), 0.75 + 0.5 * rng.random())
            mask = (turned[:, :, 3] > 127).astype(np.uint8)
            donors.append({"image": turned[:, :, :3], "mask": mask, "bbox_labels": {"labels": 1}})
        result = transform(
            image=images[scene],
            masks=masks,
            bboxes=np.array([(x, y, x + w, y + h) for x, y, w, h in boxes], np.float32),
            labels=[1] * len(masks),
            copy_paste_metadata=donors,
        )
        return np.asarray(result["masks"])

    return composite, f"albumentationsx {importlib.metadata.version('albumentationsx')}"


def cap(images: np.ndarray, ids: np.ndarray, files: list[Path]):
    """`CapAug` of cap-augmentation, with a rotation as its object transform; it knows nothing of the scene's labels."""
    from cap_augmentation import CapAug

    height, width = images.shape[1:3]
    rng = np.random.default_rng(0)

    def turn(image: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        turned = rotated(np.dstack([image, mask]), 360 * rng.random(), 1.0)
        return turned[:, :, :3], turned[:, :, 3]

    augment = CapAug(
        files,
        n_objects_range=(0, 25),
        s_range=(0.75, 1.25),
        x_range=(0, width),
        y_range=(0, height),
        random_h_flip=False,
        object_transforms=turn,
        rng=rng,
    )

    def composite(number: int, _: np.random.Generator) -> tuple:
        return augment(images[number % len(images)])

    return composite, f"cap-augmentation {importlib.metadata.version('cap-augmentation')}"


def main(folder: Path, seconds: float) -> None:
    """Times each implementation on one core for about so long."""
    cv2.setNumThreads(1)
    scenes, files = np.load(folder / "scenes.npz"), sorted((folder / "objects").glob("*.png"))
    for make, masks in ((albumentations, True), (cap, False)):
        try:
            composite, name = make(scenes["images"], scenes["ids"], files)
            warm_up = [composite(number, np.random.default_rng(number)) for number in range(25)]
            note = "image and ids of what was pasted; the scene's own labels are left to the caller"
            if masks:
                claims = [(result > 0).sum(0) for result in warm_up]
                twice = 100 * np.mean([(claim > 1).sum() / max(1, (claim > 0).sum()) for claim in claims])
                note = f"masks and boxes; {twice:.1f} % of labelled pixels are claimed by more than one object"
            rng, count, start = np.random.default_rng(0), 0, time.perf_counter()
            while time.perf_counter() - start < seconds:
                composite(count, rng)
                count += 1
            speed = count / (time.perf_counter() - start)
            print(json.dumps({"name": name, "speed": speed, "masks": masks, "note": note}), flush=True)
        except Exception as error:  # another version of a library that is not ours
            print(json.dumps({"name": make.__name__, "error": f"{type(error).__name__}: {error}"}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
