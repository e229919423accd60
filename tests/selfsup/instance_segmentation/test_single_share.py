"""Batches with any share of single-object images: what they are made of, and their names."""

import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.instances.model import Batch
from graspbook.selfsup.instance_segmentation.single_share import SingleShare


class Numbered:
    """Stands in for a sampler of eight images: image k of step s is 100 s + k, and the last half are single."""

    batch_size = 8

    def __call__(self, step, part=0, parts=1):
        assert (part, parts) == (0, 1), "a part of the large batch is not a part of the small one"
        numbers = 100 * step + torch.arange(8)
        masks = [torch.full((2, 1, 1), number.item()) for number in numbers]
        return Batch(numbers[:, None, None, None].expand(8, 3, 1, 1), masks, torch.arange(8) >= 4)

    def digest(self):
        return "numbered"


@pytest.mark.parametrize("singles", range(5))
def test_a_batch_has_as_many_single_objects_as_asked_for_and_the_rest_are_labelled(singles):
    share = SingleShare(Numbered(), singles)
    for step in range(3):
        batch = share(step)
        assert share.batch_size == len(batch.images) == 4
        expected = [100 * step + k for k in range(4 - singles)] + [100 * step + 4 + k for k in range(singles)]
        assert batch.images[:, 0, 0, 0].tolist() == expected == [int(masks[0]) for masks in batch.masks]
        assert batch.single.tolist() == [False] * (4 - singles) + [True] * singles


@pytest.mark.parametrize("parts", [2, 4])
def test_the_parts_of_a_batch_make_the_whole(parts):
    share = SingleShare(Numbered(), 3)
    whole, split = share(1), [share(1, part, parts) for part in range(parts)]
    for part in range(parts):
        assert torch.equal(split[part].images, whole.images[part::parts])
        assert torch.equal(split[part].single, whole.single[part::parts])
        assert len(split[part].masks) == 4 // parts


def test_names_tell_shares_apart():
    assert len({SingleShare(Numbered(), singles).digest() for singles in (0, 3, 4, 3)}) == 3


def test_what_cannot_be_shared_is_refused():
    with pytest.raises(InputError, match="singles"):
        SingleShare(Numbered(), 5)
    odd = Numbered()
    odd.batch_size = 7
    with pytest.raises(InputError, match="batch_size"):
        SingleShare(odd, 1)
