import math
from dataclasses import asdict, replace

import cv2
import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.data.coco import LabelledScene
from graspbook.pipeline.params import read_sections
from graspbook.selfsup.pasting.bank import ObjectCrop
from graspbook.selfsup.pasting.config import PasteConfig
from graspbook.selfsup.pasting.paste import (
    Composite,
    Placement,
    boundary,
    draw_placements,
    instance_masks,
    paste,
    place,
)
from tests.conftest import standard

HEIGHT, WIDTH = 48, 72
PAPER = standard("selfsup").pasting
SMALL = replace(PAPER, min_area=25.0)
STILL = replace(SMALL, rotation=0, min_scale=1, max_scale=1)


class Bank:
    """Crops of random shapes; their colours say which object a pixel comes from."""

    def __init__(self, crops):
        self.crops = crops

    def __len__(self):
        return len(self.crops)

    def crop(self, index):
        return self.crops[index]


def blob(rng, height, width):
    """A random mask that touches all four sides of its box."""
    mask = cv2.GaussianBlur(rng.random((height, width)), (0, 0), 2) > 0.48
    mask[height // 2] = mask[:, width // 2] = True
    return mask


def random_bank(rng, count=6, largest=24):
    sizes = rng.integers(1, largest + 1, (count, 2))
    return Bank([ObjectCrop(rng.integers(0, 256, (h, w, 3), np.uint8), blob(rng, h, w)) for h, w in sizes])


def random_scene(rng, height=HEIGHT, width=WIDTH, objects=5):
    ids = np.zeros((height, width), np.uint16)
    for number in range(1, objects + 1):
        y, x = rng.integers(0, height - 8), rng.integers(0, width - 8)
        ids[y : y + rng.integers(4, 20), x : x + rng.integers(4, 20)] = number
    return LabelledScene("scene", rng.integers(0, 256, (height, width, 3), np.uint8), ids)


def naive_place(crop, placement, height, width):
    """Every pixel of the whole image on its own: what to paint [H, W, 3] and how much it is object [H, W]."""
    rows, columns = crop.mask.shape
    angle = math.radians(placement.angle)
    pixels, share = np.zeros((height, width, 3)), np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            dx, dy = x + 0.5 - placement.x, y + 0.5 - placement.y
            u = (math.cos(angle) * dx + math.sin(angle) * dy) / placement.scale + columns / 2 - 0.5
            v = (-math.sin(angle) * dx + math.cos(angle) * dy) / placement.scale + rows / 2 - 0.5
            for j in (math.floor(v), math.floor(v) + 1):
                for i in (math.floor(u), math.floor(u) + 1):
                    weight = (1 - abs(v - j)) * (1 - abs(u - i))
                    inside = 0 <= j < rows and 0 <= i < columns
                    share[y, x] += weight * (inside and crop.mask[j, i])
                    pixels[y, x] += weight * crop.image[min(max(j, 0), rows - 1), min(max(i, 0), columns - 1)]
    return pixels, share


@pytest.mark.parametrize("seed", range(5))
def test_placing_equals_a_loop_over_all_pixels_of_the_image(seed):
    rng = np.random.default_rng(seed)
    bank = random_bank(rng, 1, largest=20)
    (placement,) = draw_placements(1, 1, 32, 48, rng, replace(PAPER, min_scale=0.5, max_scale=2))
    pixels, share = naive_place(bank.crop(0), placement, 32, 48)
    box, painted, mask = place(bank.crop(0), placement, 32, 48)
    whole = np.zeros((32, 48), bool)
    whole[box] = mask.view(bool)
    sure = abs(share - 0.5) > 0.05  # OpenCV interpolates in steps of 1/32 pixel
    assert sure.mean() > 0.9
    assert np.array_equal(whole[sure], (share > 0.5)[sure])
    assert abs(painted[mask.view(bool)] - pixels[box][mask.view(bool)]).max() < 12


@pytest.mark.parametrize("seed", range(10))
def test_composite_equals_a_loop_that_keeps_one_whole_mask_per_object(seed):
    rng = np.random.default_rng(seed)
    scene, bank, config = random_scene(rng), random_bank(rng), replace(PAPER, min_area=400)
    composite = paste(scene, bank, np.random.default_rng(seed), config)

    again = np.random.default_rng(seed)
    count = int(again.integers(0, 26))
    masks = [scene.ids == number for number in range(1, scene.ids.max() + 1)]
    image, ever = scene.image.copy(), np.zeros(scene.ids.shape, bool)
    for placement in draw_placements(count, len(bank), HEIGHT, WIDTH, again, config):
        box, pixels, mask = place(bank.crop(placement.index), placement, HEIGHT, WIDTH)
        whole, canvas = np.zeros(scene.ids.shape, bool), np.zeros_like(image)
        whole[box], canvas[box] = mask == 1, pixels
        image = np.where(whole[:, :, None], canvas, image)
        masks = [other & ~whole for other in masks] + [whole]
        ever |= whole
    assert np.array_equal(composite.image, image)
    assert np.array_equal(composite.pasted, ever)
    for number, mask in enumerate(masks, 1):
        large = mask.sum() >= 400 * (HEIGHT / 640) ** 2
        assert np.array_equal(composite.ids == number, mask & large)
    assert composite.ids.max() <= len(masks)


def test_inputs_are_not_changed():
    rng = np.random.default_rng(0)
    scene, bank = random_scene(rng), random_bank(rng)
    image, ids = scene.image.copy(), scene.ids.copy()
    crops = [(crop.image.copy(), crop.mask.copy()) for crop in bank.crops]
    paste(scene, bank, rng, replace(PAPER, min_objects=25))
    assert np.array_equal(scene.image, image)
    assert np.array_equal(scene.ids, ids)
    for crop, (pixels, mask) in zip(bank.crops, crops, strict=True):
        assert np.array_equal(crop.image, pixels)
        assert np.array_equal(crop.mask, mask)


def test_same_generator_same_composite_and_nothing_else_matters():
    rng = np.random.default_rng(0)
    scene, bank = random_scene(rng), random_bank(rng)
    np.random.seed(1)  # noqa: NPY002
    first = paste(scene, bank, np.random.default_rng(5), PAPER)
    np.random.seed(2)  # noqa: NPY002
    paste(random_scene(rng), bank, rng, PAPER)
    again, other = (paste(scene, bank, np.random.default_rng(seed), PAPER) for seed in (5, 6))
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.ids, again.ids)
    assert not np.array_equal(first.image, other.image)


@pytest.mark.parametrize("seed", range(20))
def test_every_label_has_pixels_and_boxes_and_areas_are_those_of_the_masks(seed):
    rng = np.random.default_rng(seed)
    composite = paste(random_scene(rng), random_bank(rng), rng, replace(SMALL, min_objects=15))
    masks, areas, boxes = instance_masks(composite.ids)
    assert (masks.sum(0) <= 1).all()  # a pixel has one owner at most
    assert np.array_equal(masks.any(0), composite.ids > 0)
    assert (areas >= 25 * (HEIGHT / 640) ** 2).all()
    for mask, area, (x0, y0, x1, y1) in zip(masks, areas, boxes, strict=True):
        ys, xs = np.nonzero(mask)
        assert area == mask.sum() == len(ys) > 0
        assert (x0, y0, x1, y1) == (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)


def test_no_phantom_an_object_that_another_covers_has_no_label():
    scene = LabelledScene("s", np.zeros((20, 30, 3), np.uint8), np.zeros((20, 30), np.uint16))
    scene.ids[9:11, 14:16] = 1
    tile = ObjectCrop(np.full((60, 90, 3), 200, np.uint8), np.ones((60, 90), bool))
    composite = paste(scene, Bank([tile]), np.random.default_rng(0), replace(STILL, min_objects=3, max_objects=3))
    # a crop larger than the image: the last one covers scene and predecessors wherever it reaches
    assert composite.pasted.any()
    assert set(np.unique(composite.ids[composite.pasted])) <= {2, 3, 4}
    masks, areas, _ = instance_masks(composite.ids)
    assert areas.sum() == (composite.ids > 0).sum()
    assert len(masks) == len(np.unique(composite.ids[composite.ids > 0]))


def test_partly_covered_object_loses_its_hidden_part():
    scene = LabelledScene("s", np.zeros((20, 30, 3), np.uint8), np.zeros((20, 30), np.uint16))
    scene.ids[5:15, 5:25] = 1
    tile = ObjectCrop(np.full((4, 4, 3), 255, np.uint8), np.ones((4, 4), bool))
    composite = paste(scene, Bank([tile]), np.random.default_rng(3), replace(STILL, min_objects=8, max_objects=8))
    assert np.array_equal(composite.ids == 1, (scene.ids == 1) & ~composite.pasted)
    assert 0 < (composite.ids == 1).sum() < 200


def test_slivers_lose_their_label_but_not_their_pixels():
    scene = LabelledScene("s", np.zeros((640, 960, 3), np.uint8), np.zeros((640, 960), np.uint16))
    scene.ids[:2, :10] = 1  # 20 pixels
    scene.ids[10:15, :5] = 2  # 25
    dot = ObjectCrop(np.full((4, 4, 3), 255, np.uint8), np.ones((4, 4), bool))
    composite = paste(scene, Bank([dot]), np.random.default_rng(0), replace(STILL, min_objects=3, max_objects=3))
    assert set(np.unique(composite.ids)) == {0, 2}
    assert (composite.image[composite.pasted] > 0).all()
    assert composite.pasted.sum() >= 3 * 9


def test_nothing_to_paste_leaves_the_scene_as_it_is():
    scene = random_scene(np.random.default_rng(0))
    composite = paste(scene, Bank([]), np.random.default_rng(0), replace(PAPER, max_objects=0, min_area=0))
    assert np.array_equal(composite.image, scene.image)
    assert np.array_equal(composite.ids, scene.ids)
    assert not composite.pasted.any()
    assert not boundary(composite, 5.0).any()


def test_empty_bank_is_an_error_where_something_shall_be_pasted():
    with pytest.raises(InputError, match="empty object bank"):
        paste(random_scene(np.random.default_rng(0)), Bank([]), np.random.default_rng(0), PAPER)


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_objects": -1},
        {"min_objects": 3, "max_objects": 2},
        {"min_scale": 0.0},
        {"min_scale": 2.0},
        {"max_scale": math.nan},
        {"rotation": -1.0},
        {"rotation": math.inf},
        {"min_area": -1},
    ],
)
def test_impossible_configuration_is_an_error(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        read_sections("selfsup", {"pasting": asdict(PAPER) | wrong})


def test_unturned_object_on_the_pixel_grid_keeps_its_exact_pixels():
    rng = np.random.default_rng(0)
    crop = random_bank(rng, 1).crop(0)
    rows, columns = crop.mask.shape
    (ys, xs), pixels, mask = place(crop, Placement(0, 0.0, 1.0, 10 + columns / 2, 7 + rows / 2), HEIGHT, WIDTH)
    assert (ys.start, ys.stop, xs.start, xs.stop) == (7, 7 + rows, 10, 10 + columns)
    assert np.array_equal(pixels, crop.image)
    assert np.array_equal(mask.view(bool), crop.mask)


def test_quarter_turn_is_clockwise_and_full_turn_is_none():
    crop = ObjectCrop(np.zeros((2, 6, 3), np.uint8), np.ones((2, 6), bool))
    crop.image[:, 0] = 255  # the left end, which a quarter turn brings to the top
    (ys, xs), pixels, mask = place(crop, Placement(0, 90.0, 1.0, 20, 20), 40, 40)
    ys, xs = np.nonzero(mask)
    assert (np.ptp(ys) + 1, np.ptp(xs) + 1) == (6, 2)
    assert (pixels[ys, xs][ys == ys.min()] == 255).all()
    assert (pixels[ys, xs][ys > ys.min()] == 0).all()
    for angle in (0.0, 360.0):
        assert place(crop, Placement(0, angle, 1.0, 20, 20), 40, 40)[2].sum() == 12


@pytest.mark.parametrize("corner", [(0.0, 0.0), (71.999, 0.0), (0.0, 47.999), (71.999, 47.999)])
def test_object_may_stick_out_at_every_corner(corner):
    crop = ObjectCrop(np.full((20, 30, 3), 9, np.uint8), np.ones((20, 30), bool))
    (ys, xs), pixels, mask = place(crop, Placement(0, 33.0, 1.0, *corner), HEIGHT, WIDTH)
    assert 0 <= ys.start < ys.stop <= HEIGHT
    assert 0 <= xs.start < xs.stop <= WIDTH
    assert pixels.shape == (*mask.shape, 3)
    assert 0.15 < mask.sum() / 600 < 0.35  # about a quarter of it


def test_one_pixel_image_and_object():
    scene = LabelledScene("s", np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1), np.uint16))
    dot = ObjectCrop(np.full((1, 1, 3), 7, np.uint8), np.ones((1, 1), bool))
    _, pixels, mask = place(dot, Placement(0, 0.0, 1.0, 0.5, 0.5), 1, 1)
    assert (pixels.tolist(), mask.tolist()) == ([[[7, 7, 7]]], [[1]])
    paste(scene, Bank([dot]), np.random.default_rng(0), replace(PAPER, min_objects=25))


def test_placements_follow_the_stated_distributions():
    placements = draw_placements(20000, 7, 48, 72, np.random.default_rng(0), PAPER)
    for field, low, high in (("angle", 0, 360), ("scale", 0.75, 1.25), ("x", 0, 72), ("y", 0, 48)):
        values = np.sort([getattr(placement, field) for placement in placements])
        assert low <= values[0] < values[-1] < high
        # Kolmogorov-Smirnov distance to the uniform distribution; 1.95 / sqrt(n) is exceeded once in 1000
        assert abs((values - low) / (high - low) - np.linspace(0, 1, len(values))).max() < 1.95 / math.sqrt(20000)
    counts = np.bincount([placement.index for placement in placements], minlength=7)
    assert abs(counts - 20000 / 7).max() < 5 * math.sqrt(20000 / 7)


def test_number_of_objects_is_uniform_from_the_fewest_to_the_most():
    scene = LabelledScene("s", np.zeros((40, 60, 3), np.uint8), np.zeros((40, 60), np.uint16))
    dot = Bank([ObjectCrop(np.zeros((3, 3, 3), np.uint8), np.ones((3, 3), bool))])
    rng = np.random.default_rng(0)
    few = PasteConfig(min_objects=2, max_objects=5, rotation=0, min_scale=2, max_scale=2, min_area=0)
    drawn = [paste(scene, dot, rng, few).ids.max() for _ in range(2000)]
    assert set(drawn) == {2, 3, 4, 5}  # the last one is never covered
    assert abs(np.bincount(drawn, minlength=6)[2:] - 500).max() < 120


def naive_boundary(owner, pasted, reach):
    height, width = owner.shape
    result = np.zeros(owner.shape, bool)
    for y in range(height):
        for x in range(width):
            neighbours = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
            inside = [(j, i) for j, i in neighbours if 0 <= j < height and 0 <= i < width]
            if pasted[y, x] and any(owner[j, i] != owner[y, x] for j, i in inside):
                result[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1] = True
    return result


@pytest.mark.parametrize(("seed", "dilate", "reach"), [(0, 5, 1), (1, 14, 1), (2, 27, 2), (3, 66, 5)])
def test_boundary_equals_a_loop_over_pixels_and_neighbours(seed, dilate, reach):
    rng = np.random.default_rng(seed)
    composite = paste(random_scene(rng), random_bank(rng), rng, replace(PAPER, min_objects=3, min_area=0))
    expected = naive_boundary(composite.ids, composite.pasted, reach)
    assert expected.any()
    assert np.array_equal(boundary(composite, dilate), expected)


def test_boundary_is_that_of_pasted_objects_only_and_never_the_edge_of_the_image():
    ids = np.zeros((40, 60), np.uint16)
    ids[5:15, 5:15], ids[:, 50:] = 1, 2
    pasted = ids == 2
    band = boundary(Composite(np.zeros((40, 60, 3), np.uint8), ids, pasted), 5.0)
    assert np.array_equal(np.flatnonzero(band.any(0)), [49, 50, 51])
    assert band[:, 49:52].all()


def test_boundary_sees_two_pasted_objects_that_touch_and_slivers_without_label():
    ids, pasted = np.zeros((20, 30), np.uint16), np.zeros((20, 30), bool)
    ids[:, 10:20], ids[:, 20:] = 3, 4
    pasted[:, 10:] = True
    pasted[5, 3] = True  # label dropped
    band = boundary(Composite(np.zeros((20, 30, 3), np.uint8), ids, pasted), 5.0)
    assert band[:, 19:21].all()
    assert band[4:7, 2:5].all()
    assert band.sum() == 20 * 3 + 20 * 4 + 9


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64])
def test_instance_masks_of_any_integer_type_and_with_gaps(dtype):
    ids = np.zeros((6, 8), dtype)
    ids[1:3, 2:5], ids[5, 7] = 4, 9
    masks, areas, boxes = instance_masks(ids)
    assert masks.shape == (2, 6, 8)
    assert masks.dtype == bool
    assert areas.tolist() == [6, 1]
    assert boxes.tolist() == [[2, 1, 5, 3], [7, 5, 8, 6]]
    masks, areas, boxes = instance_masks(ids, min_area=2)
    assert (len(masks), areas.tolist(), boxes.tolist()) == (1, [6], [[2, 1, 5, 3]])


def test_instance_masks_of_background_are_none():
    masks, areas, boxes = instance_masks(np.zeros((6, 8), np.uint16))
    assert (masks.shape, areas.shape, boxes.shape) == ((0, 6, 8), (0,), (0, 4))
