"""Superpixels of public packages, on the pictures of `bench_superpixels.py`, which runs this file.

It does so in a throw-away environment, as they are no dependency. Writes FOLDER/<method>-<picture>.npy, the labels, and
prints one JSON line per method and picture.

    python peers_superpixels.py FOLDER K COMPACTNESS    FOLDER holds <picture>.png
"""

import importlib.metadata
import json
import sys
from pathlib import Path

import cv2
import numpy as np
from measuring import milliseconds

REPEATS = 7


def scikit_image(rgb: np.ndarray, k: int, compactness: float, iterations: int) -> np.ndarray:
    """scikit-image's SLIC, parts that hang apart left as they are."""
    from skimage.segmentation import slic

    count = rgb.shape[0] * rgb.shape[1] // k**2
    return slic(rgb, count, compactness, max_num_iter=iterations, enforce_connectivity=False)


def fast_slic(rgb: np.ndarray, k: int, compactness: float, iterations: int) -> np.ndarray:
    """fast-slic with AVX2 where the machine has it, parts that hang apart left as they are."""
    from fast_slic import Slic, get_supported_archs

    if "x64/avx2" in get_supported_archs():
        from fast_slic.avx2 import SlicAvx2 as Slic
    count = rgb.shape[0] * rgb.shape[1] // k**2
    made = Slic(num_components=count, compactness=compactness, min_size_factor=0, num_threads=1)
    return made.iterate(rgb, max_iter=iterations)


def main(folder: Path, k: int, compactness: float) -> None:
    """Measure every package that is there, on every picture."""
    for package, method in (("scikit-image", scikit_image), ("fast-slic", fast_slic)):
        try:
            name = f"{package} {importlib.metadata.version(package)}"
        except importlib.metadata.PackageNotFoundError:
            continue
        for path in sorted(folder.glob("*.png")):
            rgb = cv2.imread(str(path))[..., ::-1].copy()
            np.save(folder / f"{package}-{path.stem}.npy", method(rgb, k, compactness, 1).astype(np.int64))
            one, six = (milliseconds(lambda n=n: method(rgb, k, compactness, n), REPEATS) for n in (1, 6))  # noqa: B023
            line = {"name": name, "package": package, "picture": path.stem, "one": one, "each": (six - one) / 5}
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
