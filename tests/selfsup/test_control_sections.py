"""What the sections about controls ask of others: what does not fit is refused by the key's name."""

import pytest

from tests.selfsup.test_schema import changed


@pytest.mark.parametrize(
    ("section", "change"),
    [
        ("single_share", {"singles": (1, 5)}),  # more than a batch
        ("single_share", {"grasps": 3001}),
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
    ],
)
def test_a_control_that_does_not_fit_the_other_sections_is_refused_by_its_key(section, change):
    with pytest.raises(ValueError, match=rf"\b{section}\.{next(iter(change))}"):
        changed(section, **change)
