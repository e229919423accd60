import numpy as np
import pytest

from graspbook.errors import InputError
from graspbook.world.policy import ModelPolicy, NoisyPolicy, Observation, TruePolicy, split_ids

QUIET = dict.fromkeys(("merge", "divide", "shift", "swell", "phantom", "miss"), 0.0)


@pytest.fixture
def observation():
    ids = np.zeros((64, 96), np.uint8)
    ids[10:30, 10:40] = 1
    ids[30:50, 10:40] = 2  # touches 1
    ids[10:50, 60:80] = 7  # alone
    return Observation(np.zeros((64, 96, 3), np.uint8), np.ones((64, 96), np.float32), ids)


def test_split_ids_gives_one_mask_per_item():
    ids = np.array([[0, 3, 3], [0, 9, 0]], np.uint8)
    assert split_ids(ids).tolist() == [[[False, True, True], [False] * 3], [[False] * 3, [False, True, False]]]
    assert split_ids(np.zeros((2, 3), np.uint8)).shape == (0, 2, 3)


def test_the_true_policy_knows_all_visible_masks(observation):
    masks = TruePolicy()(observation, np.random.default_rng(0))
    np.testing.assert_array_equal(masks, split_ids(observation.true_ids))


def test_the_noisy_policy_without_noise_is_the_true_one(observation):
    masks = NoisyPolicy(**QUIET)(observation, np.random.default_rng(0))
    np.testing.assert_array_equal(masks, split_ids(observation.true_ids))


def test_merging_joins_touching_items_only(observation):
    masks = NoisyPolicy(**QUIET | {"merge": 1.0})(observation, np.random.default_rng(0))
    true = split_ids(observation.true_ids)
    np.testing.assert_array_equal(masks, [true[0] | true[1], true[0] | true[1], true[2]])


def test_dividing_keeps_a_part_of_each_item(observation):
    masks = NoisyPolicy(**QUIET | {"divide": 1.0})(observation, np.random.default_rng(0))
    for mask, true in zip(masks, split_ids(observation.true_ids), strict=True):
        assert not (mask & ~true).any() and 0 < mask.sum() < true.sum()


def test_missing_leaves_items_out_and_phantoms_lie_on_the_bin(observation):
    rng = np.random.default_rng(0)
    assert len(NoisyPolicy(**QUIET | {"miss": 1.0})(observation, rng)) == 0
    phantoms = NoisyPolicy(**QUIET | {"miss": 1.0, "phantom": 1.0})(observation, rng)
    assert len(phantoms) and not (phantoms & (observation.true_ids > 0)).any()


def test_shift_and_swell_move_borders_but_keep_most_of_a_mask(observation):
    masks = NoisyPolicy(**QUIET | {"shift": 0.02, "swell": 0.02})(observation, np.random.default_rng(0))
    for mask, true in zip(masks, split_ids(observation.true_ids), strict=True):
        assert (mask != true).any() and (mask & true).sum() > 0.6 * true.sum()


def test_noise_is_decided_by_the_generator_and_never_empty(observation):
    one, two = (NoisyPolicy()(observation, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert all(mask.any() for mask in one)


def test_an_empty_bin_has_no_masks(observation):
    empty = Observation(observation.image, observation.depth, np.zeros_like(observation.true_ids))
    for policy in (TruePolicy(), NoisyPolicy()):
        assert policy(empty, np.random.default_rng(0)).shape == (0, 64, 96)


def test_a_model_can_be_the_policy(observation):
    seen = []

    def model(image, depth):
        seen.append((image, depth))
        return (depth > 0)[None].astype(np.uint8)

    masks = ModelPolicy(model, "all")(observation, np.random.default_rng(0))
    assert masks.dtype == bool and masks.all() and seen[0][0] is observation.image


def test_a_model_with_the_wrong_shape_is_named(observation):
    with pytest.raises(InputError, match=r"model\(flat\).*\[N, 64, 96\]"):
        ModelPolicy(lambda image, depth: depth, "flat")(observation, np.random.default_rng(0))


def test_keys_tell_policies_and_settings_apart():
    keys = {
        TruePolicy().key,
        NoisyPolicy().key,
        NoisyPolicy(merge=0.5).key,
        ModelPolicy(print, "a").key,
        ModelPolicy(print, "b").key,
    }
    assert len(keys) == 5


def test_probabilities_are_checked():
    with pytest.raises(InputError, match=r"policy\.merge"):
        NoisyPolicy(merge=1.5)
