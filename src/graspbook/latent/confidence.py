"""Confidence masks: pixels that most samples put into one object (§IV-A, §IV-B, algorithm 1).

A p-confidence mask lies within an object with probability p. Given K samples of an image's segmentation, whatever lies
in one mask of each of at least pK samples is an empirical one, so intersections of masks are taken, and the best of
them (§IV-B) is kept again and again, without the pixels that are already given away.

Three things the paper leaves open are settled here: a mask is the first of its own partners (it shares all its pixels
with itself); of others that share equally many pixels the first one is taken, by sample, then by score; and at least
one mask is intersected, so that p = 0 gives whatever any sample says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from graspbook.core.compiled import compiled
from graspbook.core.errors import InputError
from graspbook.instances.types import Instances, no_instances, pooled, ranked

STOP = 0.1
"""Algorithm 1 goes on while it finds masks of a higher score."""

_M1, _M2, _M4 = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333), np.uint64(0x0F0F0F0F0F0F0F0F)
_H01, _1, _2, _4, _56 = np.uint64(0x0101010101010101), np.uint64(1), np.uint64(2), np.uint64(4), np.uint64(56)


def partners_needed(samples: int, p: float) -> int:
    """Number of samples whose masks a confidence mask intersects: ceil(pK), at least 1.

    Args:
        samples: Number K of samples.
        p: Share of the samples, 0..1.

    Raises:
        InputError: p is not in 0..1.
    """
    if not 0 <= p <= 1:
        raise InputError(f"p: expected 0 to 1, got {p}")
    return max(1, math.ceil(samples * p - 1e-9))  # 10 x 0.7 is a little more than 7


def confidence_masks(samples: Sequence[Instances], p: float, hypothesis: float = 0.0, stop: float = STOP) -> Instances:
    """Algorithm 1 on masks packed into bits; the same result as `confidence_masks_reference`, faster.

    Args:
        samples: K segmentations of one image.
        p: Share of the samples in which each returned mask lies within a mask of its class, 0..1.
        hypothesis: Least score of a detection that counts as part of a sample, 0..1 (ours; the paper does not say which
            detections make a sample).
        stop: Score of the best mask at or below which the loop ends, 0..1.

    Returns:
        Disjoint masks; scores as in §IV-B, the mean of s_j IoU(c, m_j) over the masks m_j that were intersected.

    Raises:
        InputError: There is no sample, samples differ in size, or p is not in 0..1.
    """
    need = partners_needed(len(samples), p)
    masks, classes, scores, sample = pooled([sample.filter_by_score(hypothesis) for sample in samples])
    if len(np.unique(sample)) < need:
        return no_instances(masks.shape[1:])
    words = pack(masks)
    starts = np.searchsorted(sample, np.arange(len(samples) + 1))
    first, last = _spans(words)
    taken, values, of_mask = _greedy(words, first, last, classes, scores, starts, need, stop)
    return ranked(unpack(taken, masks.shape[1:]), classes[of_mask], values)


def confidence_masks_reference(
    samples: Sequence[Instances], p: float, hypothesis: float = 0.0, stop: float = STOP
) -> Instances:
    """Algorithm 1 as printed, step by step: see `confidence_masks`.

    Args:
        samples: K segmentations of one image.
        p: Share of the samples, 0..1, see `confidence_masks`.
        hypothesis: Least score of a detection that counts, 0..1.
        stop: Score of the best mask at or below which the loop ends, 0..1.

    Raises:
        InputError: There is no sample, samples differ in size, or p is not in 0..1.
    """
    need = partners_needed(len(samples), p)
    masks, classes, scores, sample = pooled([sample.filter_by_score(hypothesis) for sample in samples])
    free = np.ones(masks.shape[1:], bool)
    found: list[tuple[float, int, np.ndarray]] = []
    while True:
        best: tuple[float, int, np.ndarray] = (0.0, -1, free)
        for h in range(len(masks)):
            shared = (masks[h] & masks & free).sum((1, 2))
            shared[classes != classes[h]] = -1
            others = []
            for k in range(len(samples)):
                own = np.flatnonzero((sample == k) & (shared >= 0))
                if k != sample[h] and len(own):
                    others.append(own[shared[own].argmax()])
            others.sort(key=lambda j: -shared[j])  # stable: of equals the first sample
            chosen = [h, *others][:need]
            if len(chosen) < need:
                continue
            c = masks[chosen].all(0) & free
            score = sum(scores[j] * (c.sum() / masks[j].sum()) for j in chosen) / need  # c lies within each m_j
            if score > best[0]:
                best = (score, h, c)
        if best[0] <= stop:
            break
        found.append(best)
        free &= ~best[2]
    if not found:
        return no_instances(masks.shape[1:])
    values, of_mask, taken = zip(*found, strict=True)
    return ranked(np.stack(taken), classes[list(of_mask)], np.array(values))


def pack(masks: np.ndarray) -> np.ndarray:
    """Packs masks into bits, row by row.

    Args:
        masks: Masks, bool [n, h, w].

    Returns:
        Words of 64 pixels each, uint64 [n, W] with W = ceil(h w / 64).
    """
    bits = np.packbits(masks.reshape(len(masks), masks.shape[1] * masks.shape[2]), axis=1)
    return np.pad(bits, ((0, 0), (0, -bits.shape[1] % 8))).view(np.uint64)


def unpack(words: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The inverse of `pack`.

    Args:
        words: Packed masks, uint64 [n, W].
        size: Height and width of the masks, pixels.

    Returns:
        Masks, bool [n, h, w].
    """
    bits = np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=1, count=size[0] * size[1])
    return bits.astype(bool).reshape(-1, *size)


def _spans(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """From which word to before which word each mask has a pixel; 0 and 0 where it has none."""
    some = words != 0
    first = some.argmax(1)
    last = np.where(some.any(1), words.shape[1] - some[:, ::-1].argmax(1), 0)
    return first, last


@compiled(inline="always")
def _ones(x):
    """How many bits of a word are set."""
    x = x - ((x >> _1) & _M1)
    x = (x & _M2) + ((x >> _2) & _M2)
    x = (x + (x >> _4)) & _M4
    return (x * _H01) >> _56


@compiled()
def _shared(words, free, first, last, i, j):
    """How many free pixels two masks share."""
    total = np.int64(0)
    for w in range(max(first[i], first[j]), min(last[i], last[j])):
        total += np.int64(_ones(words[i, w] & words[j, w] & free[w]))
    return total


@compiled()
def _greedy(words, first, last, classes, scores, starts, need, stop):
    """The loop of algorithm 1.

    A candidate changes only when pixels of its mask are given away, so only such candidates are made anew.

    Returns:
        Masks taken uint64 [t, W], their scores float64 [t], and the mask each began with int64 [t].
    """
    n, width = words.shape
    k = len(starts) - 1
    free = np.full(width, ~np.uint64(0))
    shared = np.zeros((n, n), np.int64)
    for i in range(n):
        for j in range(i, n):
            shared[i, j] = shared[j, i] = _shared(words, free, first, last, i, j) if classes[i] == classes[j] else -1
    area = np.diag(shared).copy()
    candidate, value, stale = np.zeros((n, width), np.uint64), np.zeros(n), np.ones(n, np.bool_)
    strongest, most, order = np.empty(k, np.int64), np.empty(k, np.int64), np.empty(need, np.int64)
    taken, values, of_mask = np.zeros((n, width), np.uint64), np.zeros(n), np.zeros(n, np.int64)
    count = 0
    while count < n:
        for h in range(n):
            if not stale[h]:
                continue
            stale[h] = False
            value[h], least = 0.0, np.int64(0)
            for s in range(k):
                strongest[s], most[s] = -1, -1
                for j in range(starts[s], starts[s + 1]):
                    if shared[h, j] > most[s]:
                        strongest[s], most[s] = j, shared[h, j]
                if starts[s] <= h < starts[s + 1]:
                    strongest[s], most[s] = h, area[h] + 1
            for place in range(need):
                order[place] = most.argmax()  # of equals the first sample
                least = most[order[place]]
                most[order[place]] = -2
            if least <= 0:  # one of them shares nothing: the intersection is empty
                continue
            for w in range(first[h], last[h]):
                word = free[w]
                for s in order:
                    word &= words[strongest[s], w]
                candidate[h, w] = word
            size = np.int64(0)
            for w in range(first[h], last[h]):
                size += np.int64(_ones(candidate[h, w]))
            total = 0.0
            for s in order:
                total += scores[strongest[s]] * (size / area[strongest[s]])
            value[h] = total / need
        best = value.argmax()
        if value[best] <= stop:
            break
        taken[count], values[count], of_mask[count] = candidate[best], value[best], best
        for w in range(first[best], last[best]):
            free[w] &= ~candidate[best, w]
            for i in range(n):
                if words[i, w] & taken[count, w]:
                    stale[i] = True
        for i in range(n):
            for j in range(i, n):
                if stale[i] and stale[j] and classes[i] == classes[j]:
                    shared[i, j] = shared[j, i] = _shared(words, free, first, last, i, j)
        count += 1
    return taken[:count], values[:count], of_mask[:count]
