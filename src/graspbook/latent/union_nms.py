"""Union-NMS: each mask that survives grows by all that it suppressed (§IV-C, algorithm 2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graspbook.instances.types import Instances, no_instances, pooled, ranked

THRESHOLD = 0.5
"""IoU above which a mask suppresses another; the paper does not print its own."""


def union_nms(samples: Sequence[Instances], threshold: float = THRESHOLD) -> Instances:
    """Algorithm 2 on the masks of all samples, with all overlaps computed at once.

    Args:
        samples: K segmentations of one image.
        threshold: IoU above which a mask suppresses less confident ones of its class, 0..1.

    Returns:
        Unions, which may overlap, each with the score and the class of the mask that survived.

    Raises:
        InputError: There is no sample, or samples differ in size.
    """
    masks, classes, scores, _ = pooled(samples)
    if not len(masks):
        return no_instances(masks.shape[1:])
    order = np.argsort(-scores, kind="stable")
    masks, classes, scores = masks[order], classes[order], scores[order]
    flat = masks.reshape(len(masks), -1).astype(np.float32)
    shared, area = flat @ flat.T, flat.sum(1)
    near = shared > threshold * (area[:, None] + area - shared)
    near &= classes[:, None] == classes
    survives = np.ones(len(masks), bool)
    for i in range(len(masks)):
        if survives[i]:
            survives[i + 1 :] &= ~near[i, i + 1 :]
    kept = np.flatnonzero(survives)
    unions = [masks[i] | masks[i + 1 :][near[i, i + 1 :]].any(0) for i in kept]
    return ranked(np.stack(unions), classes[kept], scores[kept])


def union_nms_reference(samples: Sequence[Instances], threshold: float = THRESHOLD) -> Instances:
    """Algorithm 2 as printed: see `union_nms`. A mask may join several that survive, if it is near to each.

    Args:
        samples: K segmentations of one image.
        threshold: IoU above which a mask suppresses less confident ones of its class, 0..1.

    Raises:
        InputError: There is no sample, or samples differ in size.
    """
    masks, classes, scores, _ = pooled(samples)
    order = np.argsort(-scores, kind="stable")
    masks, classes, scores = masks[order], classes[order], scores[order]
    suppresses: dict[int, list[int]] = {}
    for i in range(len(masks)):
        if any(i in others for others in suppresses.values()):
            continue
        suppresses[i] = []
        for j in range(i + 1, len(masks)):
            both, either = (masks[i] & masks[j]).sum(), (masks[i] | masks[j]).sum()
            if classes[i] == classes[j] and both > threshold * either:
                suppresses[i].append(j)
    unions = np.zeros((len(suppresses), *masks.shape[1:]), bool)
    for union, (i, others) in zip(unions, suppresses.items(), strict=True):
        union |= masks[i]
        for j in others:
            union |= masks[j]
    kept = list(suppresses)
    return ranked(unions, classes[kept], scores[kept])
