import pytest

from graspbook.selfsup.instance_segmentation.areas import object_areas


def test_at_the_papers_height_the_ranges_are_those_of_coco():
    assert object_areas(640) == {"all": (0, 1e10), "medium": (1024, 9216), "large": (9216, 1e10)}


def test_areas_shrink_with_the_image():
    """A quarter of the height is a sixteenth of the area."""
    for name, (low, high) in object_areas(160).items():
        assert (low, high) == pytest.approx([pixels / 16 for pixels in object_areas(640)[name]])
