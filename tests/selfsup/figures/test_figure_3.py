from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np

from graspbook.data.coco import LabelledScene
from graspbook.selfsup.figures import figure_3
from graspbook.selfsup.pasting.paste import Composite


def composite():
    ids = np.zeros((32, 48), np.uint16)
    ids[2:10, 2:20] = 3  # the longest outline
    ids[15:20, 5:9] = 4
    ids[20:28, 30:45] = 1  # not pasted
    rng = np.random.default_rng(0)
    return Composite(rng.integers(0, 256, (32, 48, 3), np.uint8), ids, ids >= 3)


def test_enlarged_places_are_on_the_longest_outlines_of_pasted_objects_only():
    places = figure_3.zoom_centres(composite(), 3)
    assert [int(composite().ids[tuple(place)]) for place in places] == [3, 4]
    assert len(figure_3.zoom_centres(composite(), 1)) == 1


def test_the_figure_has_every_step_and_pairs_of_enlargements(make_grasp):
    made, grasp = composite(), make_grasp()
    sample = SimpleNamespace(before=grasp.before, after=grasp.after, suction=grasp.suction)
    crops = [np.full((5, 9, 3), 80, np.uint8)] * 3
    band = made.pasted & ~np.roll(made.pasted, 1, 0)
    scene = LabelledScene("one", made.image, made.ids)
    example = figure_3.Example(sample, grasp.visible, crops, scene, made, band, made.image)
    figure = figure_3.draw(example)
    titles = [axis.get_title() for axis in figure.axes]
    assert len(titles) == 8 + 2 * 2
    assert titles[7] == "7  inpainted" and titles[8:] == ["pasted", "inpainted"] * 2
    plt.close(figure)
