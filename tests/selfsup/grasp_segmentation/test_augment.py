import pytest
import torch

from graspbook.selfsup.grasp_segmentation.augment import Augmentation, augment

NOTHING = Augmentation(
    flip=0, rotation=0, zoom=(1, 1), blur=0, gamma=0, gain=0, tint=0, gain_difference=0, tint_difference=0
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def replace(**changes):
    return Augmentation(**(NOTHING.__dict__ | changes))


@pytest.fixture
def batch():
    torch.manual_seed(0)
    images = torch.rand(8, 6, 48, 72)
    masks = torch.zeros(8, 3, 48, 72)
    for number in range(8):
        y, x = 4 * number, 7 * number
        masks[number, 2, y : y + 16, x : x + 20] = 1  # amodal
        masks[number, 1, y : y + 16, x : x + 12] = 1  # visible
        masks[number, 0, y + 6 : y + 10, x + 4 : x + 8] = 1  # g
    return images, masks


def test_nothing_asked_nothing_changed(batch):
    images, masks = augment(*batch, generator(), NOTHING)
    assert torch.allclose(images, batch[0], atol=1e-4)
    assert torch.equal(masks, batch[1])


def test_same_generator_same_result_and_another_another(batch):
    first, again = (augment(*batch, generator(3), Augmentation()) for _ in range(2))
    other = augment(*batch, generator(4), Augmentation())
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])


def test_global_random_state_is_not_touched(batch):
    state = torch.get_rng_state()
    augment(*batch, generator(), Augmentation())
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("seed", range(20))
def test_masks_stay_binary_nested_and_images_in_range(batch, seed):
    images, masks = augment(*batch, generator(seed), Augmentation())
    assert images.shape == batch[0].shape
    assert masks.shape == batch[1].shape
    assert images.min() >= 0
    assert images.max() <= 1
    assert set(masks.unique().tolist()) <= {0, 1}
    assert (masks[:, 1] <= masks[:, 2]).all()


@pytest.mark.parametrize("seed", range(20))
def test_the_grasp_stays_in_the_picture(batch, seed):
    _, masks = augment(*batch, generator(seed), replace(flip=0.5, rotation=30, zoom=(0.5, 3)))
    assert (masks[:, 0].sum((1, 2)) > 0).all()


def test_certain_flips_turn_the_image_round(batch):
    images, masks = augment(*batch, generator(), replace(flip=1))
    assert torch.allclose(images, batch[0].flip(2, 3), atol=1e-4)
    assert torch.equal(masks, batch[1].flip(2, 3))


def test_images_and_masks_move_together():
    masks = torch.zeros(8, 3, 64, 96)
    masks[:, :, 20:44, 30:66] = 1
    images = masks[:, :1].repeat(1, 6, 1, 1)
    images, masks = augment(images, masks, generator(), replace(flip=0.5, rotation=40, zoom=(0.6, 1.6)))
    assert torch.equal((images > 0.5).float(), masks[:, :1].repeat(1, 6, 1, 1))
    assert torch.equal(masks[:, 0], masks[:, 2])


def test_magnification_changes_areas_by_its_square_and_rotation_keeps_them():
    masks = torch.zeros(4, 3, 96, 144)
    masks[:, :, 40:56, 64:80] = 1
    images = torch.zeros(4, 6, 96, 144)
    _, enlarged = augment(images, masks, generator(), replace(zoom=(2, 2)))
    assert enlarged.sum((2, 3)) == pytest.approx(torch.full((4, 3), 4 * 256.0), rel=0.05)
    _, turned = augment(images, masks, generator(), replace(rotation=45))
    assert turned.sum((2, 3)) == pytest.approx(torch.full((4, 3), 256.0), rel=0.05)
    assert not torch.equal(turned, masks)


def test_beyond_the_edge_is_black_and_belongs_to_no_mask():
    images, masks = augment(torch.ones(2, 6, 32, 48), torch.ones(2, 3, 32, 48), generator(), replace(zoom=(0.5, 0.5)))
    assert masks.mean().item() == pytest.approx(0.25, abs=0.05)
    assert images.mean().item() == pytest.approx(0.25, abs=0.05)


def test_blur_softens_some_grasps_leaves_others_and_keeps_the_mean():
    images = torch.rand(32, 6, 48, 72)
    masks = torch.zeros(32, 3, 48, 72)
    blurred, _ = augment(images, masks, generator(), replace(blur=30))
    unchanged = ((blurred - images).abs().amax((1, 2, 3)) < 1e-4).float().mean()
    assert 0.2 < unchanged < 0.8
    assert blurred.mean().item() == pytest.approx(images.mean().item(), abs=0.01)
    assert blurred.std() < images.std()


def test_exposure_is_alike_in_both_images_and_flicker_is_not():
    image = torch.rand(4, 3, 16, 24).repeat(1, 2, 1, 1)
    masks = torch.zeros(4, 3, 16, 24)
    common, _ = augment(image, masks, generator(), replace(gain=0.3, tint=0.1, gamma=0.2))
    assert torch.equal(common[:, :3], common[:, 3:])
    assert not torch.allclose(common, image)
    for change in ({"gain_difference": 0.1}, {"tint_difference": 0.1}):
        apart, _ = augment(image, masks, generator(), replace(**change))
        assert not torch.allclose(apart[:, :3], apart[:, 3:])


def test_an_empty_suction_mask_is_no_error(batch):
    images, masks = augment(batch[0][:1], torch.zeros(1, 3, 48, 72), generator(), Augmentation())
    assert torch.isfinite(images).all()
    assert masks.sum() == 0
