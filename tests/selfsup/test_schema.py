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
