import numpy as np
import pytest

from graspbook.data.coco import CocoScenes, LabelledScene, write_scenes
from graspbook.instances.average_precision import AREAS, match_detections
from graspbook.instances.detection_table import tabulate
from graspbook.instances.drawing import choose_scenes, draw, draw_scene, judge_detections
from graspbook.instances.types import of_one_class

SIZE = (24, 36)


def scene(name="s", objects=3):
    """Squares of 6x6 pixels side by side."""
    ids = np.zeros(SIZE, np.uint16)
    for number in range(objects):
        ids[4:10, 2 + 8 * number : 8 + 8 * number] = number + 1
    return LabelledScene(name, np.full((*SIZE, 3), 100, np.uint8), ids)


def detections(*masks, scores=None):
    stack = np.stack(masks) if masks else np.zeros((0, *SIZE), bool)
    return of_one_class(stack, np.asarray(scores or np.linspace(0.9, 0.6, len(masks)), np.float32))


def test_detections_are_right_wrong_or_unsure_and_objects_missed():
    shown = scene()
    first, second, third = (shown.ids == value for value in (1, 2, 3))
    elsewhere = np.zeros(SIZE, bool)
    elsewhere[15:20, 3:9] = True
    found = detections(first, first, elsewhere, second, third, scores=[0.9, 0.8, 0.7, 0.6, 0.4])
    judged = judge_detections(shown, found)
    assert judged.right.tolist() == [True, False, False, True]  # doubled, elsewhere; the last is not sure enough
    assert judged.missed.tolist() == [False, False, True]


def test_half_an_object_is_right_and_less_is_not():
    shown = scene(objects=1)
    half = shown.ids == 1
    half[4:7] = False
    assert judge_detections(shown, detections(half)).right.tolist() == [True]
    half[7, 2] = False
    judged = judge_detections(shown, detections(half))
    assert (judged.right.tolist(), judged.missed.tolist()) == ([False], [True])


@pytest.mark.parametrize("objects", [0, 2])
def test_scenes_without_objects_or_detections(objects):
    shown = scene(objects=objects)
    assert judge_detections(shown, detections()).missed.tolist() == [True] * objects
    judged = judge_detections(shown, detections(np.ones(SIZE, bool)))
    assert judged.right.tolist() == [False]
    assert draw_scene(shown, judged).shape == (72, 108, 3)


def test_a_drawing_shows_right_wrong_and_missed_where_they_are():
    shown = scene()
    wrong = np.zeros(SIZE, bool)
    wrong[15:20, 3:9] = True
    judged = judge_detections(shown, detections(shown.ids == 1, wrong))
    picture = draw_scene(shown, judged).astype(int)
    green, red, missed = picture[3 * 7, 3 * 5], picture[3 * 17, 3 * 6], picture[3 * 4, 3 * 12]
    assert green[1] > green[0] and red[0] > red[2]
    assert missed.tolist() == [255, 255, 255]
    assert picture[0, 0].tolist() == [100, 100, 100]
    truth = draw_scene(shown, None)
    assert truth[3 * 4, 3 * 4].tolist() == [255, 255, 255]


def test_scenes_are_chosen_by_the_baseline_and_one_shows_the_methods_worst(tmp_path):
    path = write_scenes(tmp_path / "scenes", [scene(f"s{k}", 1 + k % 4) for k in range(9)], range(9))
    scenes = CocoScenes(path)

    def found(number):
        """The first `number` objects of each scene."""
        every = []
        for index in range(len(scenes)):
            ids = scenes.ids(index)
            every.append(detections(*(ids == value for value in range(1, min(number, ids.max()) + 1))))
        return every

    perfect = found(4)
    weak = list(perfect)
    weak[6] = detections()  # far behind there, and there alone
    rows = {name: tabulate(scenes.names, part) for name, part in (("a", found(1)), ("b", weak), ("c", perfect))}
    matches = {name: match_detections(scenes.truth(), table, AREAS) for name, table in rows.items()}
    choices = choose_scenes(matches, "a", "b", "c")
    # one object of k found: the scenes with fewer objects are easier
    assert [len(np.unique(scenes.ids(choice.image))) - 1 for choice in choices[:3]] == [1, 2, 3]
    assert choices[3].image == 6 and "worst for b" in choices[3].reason
    figure = draw(scenes, choices, rows)
    assert len(figure.axes) == 4 * 4
    assert figure.axes[1].get_title() == "a"
