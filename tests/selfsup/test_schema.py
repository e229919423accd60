"""What one section of the parameters asks of another: the least change that breaks it is refused by the key's name."""

from dataclasses import replace

import pytest

from tests.conftest import standard

SELFSUP = standard("selfsup")


def changed(section, **change):
    return replace(SELFSUP, **{section: replace(getattr(SELFSUP, section), **change)})


@pytest.mark.parametrize(
    ("section", "change"),
    [
        ("unkind", {"n_train": 260}),
        ("calibrated", {"n_train": 260}),
        ("single_share", {"singles": (1, 4)}),
        ("calibrated_rows", {"n_unlabelled": 900}),
        ("fine", {"n_unlabelled": 900, "n_realism": 800}),
        ("fine", {"height": 128, "n_train": 260}),
        ("luck", {"seeds": (3, 2)}),
    ],
)
def test_what_is_just_enough_is_accepted(section, change):
    changed(section, **change)


@pytest.mark.parametrize(
    ("section", "change"),
    [
        ("unkind", {"n_train": 259}),  # too few for the largest model
        ("calibrated", {"n_train": 259}),
        ("single_share", {"singles": (1, 5)}),  # more than a batch
        ("single_share", {"grasps": 3001}),
        ("calibrated_rows", {"rows": ("paste-train", "nobody")}),
        ("calibrated_rows", {"rows": ("paste-grasp-filter",)}),
        ("calibrated_rows", {"rows": ("single-object-100",)}),
        ("calibrated_rows", {"rows": ("paste-grasp-inpaint",)}),
        ("calibrated_rows", {"rows": ("mask-rcnn-100",)}),
        ("calibrated_rows", {"n_labelled": 999}),
        ("calibrated_rows", {"n_unlabelled": 899}),
        ("fine", {"rows": ("nobody",)}),
        ("fine", {"rows": ("paste-train", "paste-grasp")}),
        ("fine", {"rows": ("mask-rcnn-100",)}),
        ("fine", {"rows": ("mask2former-100", "single-object-100")}),  # none pasted plainly from grasp-100
        ("fine", {"rows": ("mask2former-100", "paste-grasp-robust")}),
        ("fine", {"rows": ("mask2former-100", "paste-grasp-filter")}),
        ("fine", {"n_labelled": 999}),
        ("fine", {"n_unlabelled": 899, "n_realism": 800}),
        ("fine", {"n_train": 259}),
        ("fine", {"height": 127}),
        ("fine", {"n_realism": 2400}),
        ("fine", {"strengths": (0.5, 1.5)}),
        ("fine_robots", {"rows": ("paste-train",)}),
        ("fine_loop", {"start": "mask2former-300"}),  # not trained in that cell
        ("fine_loop", {"start": "paste-grasp"}),
        ("fine_loop", {"start": "mask2former-1000"}),  # other labels than the loop's
        ("known_apart", {"rows": ("mask2former-100", "nobody")}),
        ("known_apart", {"rows": ("mask2former-100", "paste-grasp")}),  # weights not kept
        ("repeats", {"pasted": "nobody"}),
        ("repeats", {"pasted": "mask2former-50"}),
        ("repeats", {"pasted": "paste-grasp-robust"}),
        ("repeats", {"alone": "paste-train"}),
        ("repeats", {"models": ("mask-rcnn-100",)}),
        ("repeats", {"models": ("paste-grasp",)}),
        ("repeats", {"max_objects": (5, 25)}),
        ("repeats", {"steps": (4800,)}),
        ("luck", {"rows": ("paste-train", "nobody")}),
        ("luck", {"rows": ("mask-rcnn-100",)}),
        ("luck", {"rows": ("single-object-100",)}),
        ("luck", {"seeds": (2, 2)}),
        ("luck", {"seeds": (2, 1)}),  # that of `segment`
        ("converged", {"steps": (500, 3000)}),  # without that of Table I
        ("converged", {"steps": (1500, 500)}),
        ("converged", {"steps": (500, 1500, 1500)}),
        ("converged", {"seeds": (2, 1)}),
        ("again", {"seed": 5}),  # that of `continual`
        ("mirrors", {"robots": ("paste-train",)}),
    ],
)
def test_a_section_that_does_not_fit_the_others_is_refused_by_its_key(section, change):
    with pytest.raises(ValueError, match=rf"\b{section}\.{next(iter(change))}"):
        changed(section, **change)


def test_the_loop_that_runs_again_needs_a_second_round_to_learn_in():
    with pytest.raises(ValueError, match="again: "):
        changed("continual", rounds={"0": SELFSUP.continual.rounds["0"]}, enter_round=0)
    with pytest.raises(ValueError, match=r"fine_robots\.rows"):
        changed("fine", rows=("paste-grasp",))


@pytest.mark.parametrize("change", [{"strong": 0.5}, {"levels": (0.7, 0.2)}, {"levels": (0.2, 0.2, 0.7)}])
def test_walls_mirror_more_and_more_and_robots_pick_at_one_of_the_settings(change):
    with pytest.raises(ValueError, match="levels"):
        replace(SELFSUP.mirrors, **change)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"nudge": None}, "ranges"),
        ({"mog2": (1.0, 2.0)}, "mog2"),
        ({"nudge": (0.2, 0.1)}, r"ranges\.nudge"),
        ({"mog": (-1.0, 0.1)}, r"ranges\.mog"),
    ],
)
def test_the_search_needs_a_rising_range_for_each_of_its_values(change, named):
    ranges = {name: pair for name, pair in (dict(SELFSUP.calibrated.ranges) | change).items() if pair is not None}
    with pytest.raises(ValueError, match=named):
        replace(SELFSUP.calibrated, ranges=ranges)
