"""Batches with any share of single-object images (ours, beside §V-A.1 of the `selfsup` paper, which has a half)."""

from graspbook.core.errors import InputError
from graspbook.core.fingerprint import classes_of, fingerprint
from graspbook.instances.model import Batch
from graspbook.selfsup.instance_segmentation.batches import BatchSampler


class SingleShare:
    """Takes each batch from one of twice the size, of which half has one known mask.

    Args:
        sampler: with single-object images, of an even batch size.
        singles: how many single-object images a batch has, 0 to its size; the others are labelled images.

    Raises:
        InputError: the sampler's batch size is odd, or `singles` is out of range.
    """

    def __init__(self, sampler: BatchSampler, singles: int):
        if sampler.batch_size % 2:
            raise InputError(f"batch_size: expected an even number, got {sampler.batch_size}")
        self.batch_size = sampler.batch_size // 2
        if not 0 <= singles <= self.batch_size:
            raise InputError(f"singles: expected 0 to {self.batch_size} images of a batch, got {singles}")
        self._sampler, self._singles = sampler, singles

    def __call__(self, step: int, part: int = 0, parts: int = 1) -> Batch:
        """The batch of a step, or one of `parts` parts of it (`BatchSampler`)."""
        half = self.batch_size  # of the larger batch: its labelled images come first
        places = [*range(half - self._singles), *range(half, half + self._singles)][part::parts]
        large = self._sampler(step)
        return Batch(large.images[places], [large.masks[place] for place in places], large.single[places])

    def digest(self) -> str:
        """A name for everything that batches depend on."""
        return fingerprint([self._sampler.digest(), self._singles], *classes_of(self))
