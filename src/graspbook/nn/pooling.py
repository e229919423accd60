"""Max-pooling with large square windows, one axis at a time.

The loss of the `selfsup` paper (§III-A) enlarges masks with windows of up to 201x201 pixels. The maximum over
a square is the maximum over its rows of the maximum over each row, so two passes with windows (1, k) and
(k, 1) give the same output as one with (k, k), for 2k comparisons a pixel instead of k².
"""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def max_pool_separable(x: Float[Tensor, "b c h w"], kernel: int) -> Float[Tensor, "b c h w"]:
    """Maximum over the `kernel` x `kernel` window centred on each pixel; the size of the image is kept.

    Pixels outside the image never win, as in `torch.nn.functional.max_pool2d` with padding.

    Args:
        x: The values, float [b, c, h, w].
        kernel: The width of the window in pixels, odd.

    Returns:
        The maxima, [b, c, h, w]: equal, bit for bit, to `max_pool2d(x, kernel, stride=1, padding=kernel // 2)`.

    Raises:
        ValueError: `kernel` is even or not positive: such a window has no centre.
    """
    if kernel < 1 or kernel % 2 == 0:
        raise ValueError(f"kernel must be an odd positive number of pixels, got {kernel}")
    half = kernel // 2
    rows = F.max_pool2d(x, (1, kernel), stride=1, padding=(0, half))
    return F.max_pool2d(rows, (kernel, 1), stride=1, padding=(half, 0))
