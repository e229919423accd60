"""Max-pooling of masks at the paper's size: rows then columns, against the square window (`selfsup`, §III-A)."""

import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from graspbook.nn.pooling import max_pool_separable
from graspbook.selfsup.grasp_segmentation.loss import KERNELS

SIZE = (640, 960)


def timed(call: Callable[[], Tensor]) -> tuple[Tensor, float]:
    """The result of a call, and the seconds it took."""
    start = time.perf_counter()
    result = call()
    return result, time.perf_counter() - start


def main() -> list[tuple[str, float, str, str]]:
    """Rows (name, value, unit, note), for one mask of 640x960 and each of the paper's kernels."""
    mask = torch.zeros(1, 1, *SIZE)
    mask[..., 250:390, 400:600] = 1
    max_pool_separable(mask, 3)  # warms up
    rows = []
    for kernel in KERNELS:
        padding = kernel // 2
        # once each: the direct form takes up to half a minute
        ours, separable = timed(lambda kernel=kernel: max_pool_separable(mask, kernel))
        theirs, direct = timed(lambda kernel=kernel, padding=padding: F.max_pool2d(mask, kernel, 1, padding))
        if not torch.equal(ours, theirs):
            raise AssertionError(f"kernel {kernel}: the two forms differ")
        note = f"one 640x960 mask, {torch.get_num_threads()} threads, same output"
        rows += [
            (f"max-pooling {kernel}, separable", 1e3 * separable, "ms", note),
            (f"max-pooling {kernel}, direct", 1e3 * direct, "ms", note),
            (f"max-pooling {kernel}, direct / separable", direct / separable, "times", note),
        ]
    return rows


if __name__ == "__main__":
    for name, value, unit, note in main():
        print(f"{name:45s} {value:10.1f} {unit:6s} {note}")
