import dataclasses

import numpy as np
import pytest

from graspbook.instances.types import of_one_class
from graspbook.reporting import plotting
from graspbook.selfsup.figures import film as film_module
from graspbook.selfsup.figures.film import BAR, DURATIONS, durations, frames
from graspbook.world.bin.picking import Pick

SIZE = (32, 48)


@dataclasses.dataclass(frozen=True)
class After:
    """All of a grasp that a film shows."""

    after: np.ndarray


def make_pick(outcome, rng, pressed=True, n_masks=2):
    masks = np.zeros((n_masks, *SIZE), bool)
    for number, mask in enumerate(masks):
        mask[4:12, 4 + 16 * number : 14 + 16 * number] = True
    return Pick(
        episode=0,
        attempt=0,
        bin=0,
        image=rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8),
        depth=np.ones(SIZE, np.float32),
        ids=np.zeros(SIZE, np.uint8),
        detections=of_one_class(masks, np.linspace(1, 0.6, n_masks)),
        chosen=0 if n_masks else -1,
        planned_cups=2,
        outcome=outcome,
        n_objects=3,
        held=False,
        cup_sealed=np.array([True, True, False, False, False]),
        cup_ids=np.array([1, 1, 0, 0, 0]),
        cup_uv=np.float32([[9, 8], [12, 8], [9, 11], [6, 8], [9, 5]]),
        grasp=After(rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8)) if pressed else None,
    )


@pytest.fixture
def picks():
    rng = np.random.default_rng(0)
    return [make_pick("success", rng), make_pick("no_mask", rng, pressed=False, n_masks=0), make_pick("dropped", rng)]


def test_an_attempt_has_three_frames_and_one_that_never_pressed_has_two(picks):
    shots = frames(picks, scale=2)
    assert [len(pictures) for pictures in shots] == [3, 2, 3]
    for picture in (picture for pictures in shots for picture in pictures):
        assert picture.shape == (2 * SIZE[0] + BAR, 2 * SIZE[1], 3) and picture.dtype == np.uint8


def test_masks_and_cups_are_drawn_in_and_what_is_far_from_them_is_left(picks):
    found, aimed, _ = frames([picks[0]], scale=1)[0]
    image = picks[0].image
    for drawn in (found, aimed):
        assert not np.array_equal(drawn[4:12, 4:14], image[4:12, 4:14])
        assert np.array_equal(drawn[20 : SIZE[0]], image[20:])


def captions(picks, monkeypatch):
    told = []
    monkeypatch.setattr(film_module, "_captioned", lambda picture, caption: told.append(caption) or picture)
    frames(picks)
    return told


def test_captions_count_masks_and_the_objects_that_there_are(picks, monkeypatch):
    rng = np.random.default_rng(1)
    lonely = dataclasses.replace(make_pick("fell", rng, n_masks=1), n_objects=1)
    assert captions([*picks, lonely], monkeypatch) == [
        *("2 masks of 3 objects", "2 of 5 cups hold", "success · 1 placed"),
        *("0 masks of 3 objects", "no mask · 1 placed"),
        *("2 masks of 3 objects", "2 of 5 cups hold", "dropped · 1 placed"),
        *("1 mask of 1 object", "2 of 5 cups hold", "fell · 1 placed"),
    ]


def test_cups_that_hold_are_discs_of_the_right_colour_and_the_others_rings(picks):
    scale = 4
    aimed = frames([picks[0]], scale=scale)[0][1]
    for (u, v), sealed in zip(picks[0].cup_uv, picks[0].cup_sealed, strict=True):
        centre = aimed[int((v + 0.5) * scale), int((u + 0.5) * scale)]
        filled = np.abs(centre - np.round(255 * np.array(plotting.RIGHT_COLOUR))).max() <= 1
        assert filled == sealed


def test_frames_are_shown_for_as_long_as_it_says(picks):
    assert durations(frames(picks)) == [*DURATIONS, *DURATIONS[::2], *DURATIONS]
    assert durations(frames([])) == []
