"""Accuracy and recall of the predicted quality (§IV-A): does the network know which of its grasps are good?"""

import numpy as np
import pandas as pd
from jaxtyping import Float

from graspbook.mlgsl.config import Loss, MetricsConfig
from graspbook.mlgsl.grasp_data.dataset import GraspImages
from graspbook.mlgsl.maps import grasps_at, quality
from graspbook.mlgsl.metrics.judge import Judge, judge_grasps

GOOD = 0.5
"""A grasp of a higher quality is called good, by the network and by the judge alike."""


def sampled_agreement(
    maps: Float[np.ndarray, "n 4 h w"], images: GraspImages, loss: Loss, judge: Judge, config: MetricsConfig
) -> pd.DataFrame:
    """For each image, how its uniformly sampled grasps were called.

    Args:
        maps: The network's maps of the N images, float [N, 4, H, W].
        images: The N images that the network saw.
        loss: The loss that the network was trained with.
        judge: The grasp quality discriminator that says which grasps are good.
        config: The settings of the metrics; `sampled` and `seed` are used, and the pixels do not depend on the network.

    Returns:
        One row per image with the numbers of sampled grasps: `agree` (both call them the same), `good` (by the judge),
        `found` (good, and called so by the network), `sampled` (all).
    """
    rows = []
    for place, (image_maps, depth) in enumerate(zip(maps, images.depth, strict=True)):
        rng = np.random.default_rng([config.seed, place])
        row, column = rng.integers(images.size, size=(2, config.sampled))
        called = quality(image_maps[0].astype(float), loss)[row, column] > GOOD
        good = judge_grasps(judge, depth, grasps_at(image_maps, column, row)) > GOOD
        counts = {"agree": called == good, "good": good, "found": good & called}
        rows.append({name: int(value.sum()) for name, value in counts.items()} | {"sampled": config.sampled})
    return pd.DataFrame(rows)
