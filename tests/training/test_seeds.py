import numpy as np
import pytest
import torch

from graspbook.training.seeds import batch_indices, generator


def draw(*key):
    return torch.rand(8, generator=generator(*key)).tolist()


def test_a_key_decides_and_any_part_of_it_matters():
    assert draw(1, 2, 3) == draw(1, 2, 3)
    different = [draw(1, 2, 3), draw(3, 2, 1), draw(1, 2), draw(1, 2, 4), draw(0, 1, 2, 3), draw()]
    assert len({tuple(values) for values in different}) == len(different)


def test_a_negative_key_is_refused():
    with pytest.raises(ValueError):
        generator(-1)


def test_torchs_own_generator_is_left_alone():
    torch.manual_seed(0)
    expected = torch.rand(4)
    torch.manual_seed(0)
    generator(5)
    batch_indices(10, 4, 3, 1)
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.parametrize(("count", "size"), [(8, 8), (10, 4), (7, 3), (3, 3), (9, 1), (3, 8), (1, 4)])
def test_batches_show_every_sample_equally_often(count, size):
    seen = [index for step in range(count) for index in batch_indices(count, size, step, 0, 1)]
    assert np.bincount(seen, minlength=count).tolist() == [size] * count
    for epoch in range(size):  # each pass is a shuffle
        assert sorted(seen[epoch * count : (epoch + 1) * count]) == list(range(count))
    again = [index for step in range(count) for index in batch_indices(count, size, step, 0, 1)]
    other = [index for step in range(count) for index in batch_indices(count, size, step, 0, 2)]
    assert seen == again
    assert count < 5 or seen != other
