"""Toy grasps: a drawing in place of the simulator, quick enough to train on in tests."""

import numpy as np
import pytest

from graspbook.data.grasps import GraspArrays


def toy_grasp(rng: np.random.Generator, height: int) -> dict[str, np.ndarray]:
    """Ellipses and boxes with stripes; one is taken, another is shoved, and the light flickers."""
    width = height * 3 // 2
    rows, columns = np.mgrid[:height, :width]
    background = rng.uniform(90, 150, 3) + 10 * np.sin(columns / rng.uniform(5, 20))[..., None]
    count = rng.integers(4, 8)
    taken, shoved = rng.choice(count, 2, replace=False)
    before, after = background.copy(), background.copy()
    visible = amodal = np.zeros((height, width), bool)
    centre = np.zeros(2)
    for number in range(count):
        place = rng.uniform((0.2, 0.2), (0.8, 0.8)) * (height, width)
        size = rng.uniform(0.1, 0.22, 2) * height
        box = rng.random() < 0.5
        phase, colours = rng.uniform(0.3, 1.0), rng.uniform(20, 235, (2, 3))

        def shape(shift, place=place, size=size, box=box):
            y, x = (rows - place[0] - shift[0]) / size[0], (columns - place[1] - shift[1]) / size[1]
            return np.maximum(abs(x), abs(y)) < 1 if box else x**2 + y**2 < 1

        paint = colours[(np.sin((rows + columns) * phase) > 0).astype(int)]
        inside = shape((0, 0))
        before[inside] = paint[inside]
        if number == taken:
            visible = amodal = inside
            centre = place
        else:
            visible = visible & ~inside
            later = shape(rng.uniform(-3, 3, 2)) if number == shoved else inside
            after[later] = paint[later]
    gain = np.exp(rng.normal(0, 0.05, 2))
    noise = rng.normal(0, 2, (2, height, width, 3))
    suction = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < (0.05 * height) ** 2
    return {
        "before": (before * gain[0] + noise[0]).clip(0, 255).astype(np.uint8),
        "after": (after * gain[1] + noise[1]).clip(0, 255).astype(np.uint8),
        "suction": suction,
        "visible": visible,
        "amodal": amodal,
    }


@pytest.fixture
def toy_grasps():
    """A function (count, height, seed) -> GraspArrays."""

    def make(count: int, height: int = 64, seed: int = 0) -> GraspArrays:
        rng = np.random.default_rng(seed)
        grasps = []
        while len(grasps) < count:
            grasp = toy_grasp(rng, height)
            if grasp["visible"].any():
                grasps.append(grasp)
        names = tuple(f"toy-{number}" for number in range(count))
        return GraspArrays(names, **{key: np.stack([grasp[key] for grasp in grasps]) for key in grasps[0]})

    return make


@pytest.fixture
def flat_discs():
    """Makes images of one disc each, of one colour on a ground of another, every image a bin of its own."""
    from graspbook.selfsup.inpainting.outlined import OutlinedImages

    def make(n: int, height: int = 24, width: int = 32) -> OutlinedImages:
        rng = np.random.default_rng(0)
        y, x = np.mgrid[:height, :width]
        masks = np.stack([np.hypot(y - rng.uniform(8, 16), x - rng.uniform(8, 24)) < 5 for _ in range(n)])
        images = np.where(masks[..., None], np.uint8(200), np.uint8(60)).repeat(3, -1)
        return OutlinedImages(images, masks, np.arange(n))

    return make
