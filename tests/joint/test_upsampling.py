import numpy as np
import torch

from graspbook.joint.superpixels import superpixels
from graspbook.joint.upsampling import WAYS, classes_on_pixels


def test_every_way_is_that_of_a_loop():
    rng = np.random.default_rng(0)
    k, height, width = 4, 10, 14  # neither is divisible by k
    image = torch.from_numpy(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
    labels = superpixels(image, k, 10.0)
    grid = rng.random((3, 3, 4)).astype(np.float32)
    found = {way: classes_on_pixels(grid, labels, k, way) for way in WAYS.values()}
    for y in range(height):
        for x in range(width):
            row, column = divmod(int(labels[y, x]), 4)
            assert found["superpixels"][y, x] == grid[:, row, column].argmax()
            assert found["nearest"][y, x] == grid[:, y // k, x // k].argmax()
            # between the middles of the cells, and as the outermost one beyond them
            v, u = (np.clip((p + 0.5) / k - 0.5, 0, n - 1) for p, n in ((y, 3), (x, 4)))
            a, b = int(v), int(u)
            c, d = min(a + 1, 2), min(b + 1, 3)
            low = (1 - (u - b)) * grid[:, a, b] + (u - b) * grid[:, a, d]
            high = (1 - (u - b)) * grid[:, c, b] + (u - b) * grid[:, c, d]
            assert found["bilinear"][y, x] == ((1 - (v - a)) * low + (v - a) * high).argmax()
