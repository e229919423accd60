import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.data.bop import read_scene, scene_folders
from graspbook.don.scenes.collect import ABOUT, SETS, Job, collect_scenes, store_scene
from graspbook.don.scenes.episode import FIRST_UNKNOWN
from graspbook.don.scenes.objects import INKS, KNOWN, in_inks, known_item, with_prints
from graspbook.world.catalogue import Catalogue
from tests.conftest import standard

DATA = Path(__file__).parents[3] / "data"


@pytest.fixture
def config():
    whole = standard("don").scenes
    camera = dataclasses.replace(whole.camera, height=48, width=64, focal=64.0, turn=60.0, samples=1)
    return dataclasses.replace(whole, n_single=2, n_multi=1, n_validation_single=1, n_test=1, camera=camera)


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue.load(DATA)


def test_scenes_are_in_bops_layout_and_the_same_again(config, tmp_path):
    out = collect_scenes(tmp_path / "multi", "multi", config, 1, DATA, tmp_path / "scratch")
    scene = read_scene(scene_folders(out)[0])
    assert config.min_known - 2 <= len(scene.objects) <= config.max_known
    assert set(np.unique(scene.ids)) <= {0, *scene.objects}
    assert len(set(np.unique(scene.ids))) > 3 and (scene.depth > 0).mean() > 0.8
    assert json.loads((out / ABOUT).read_text())[0] == {"scene": "000000", "arrangement": "packed"}
    again = store_scene(Job("multi", config, str(DATA)), 0, tmp_path / "again")
    for path in sorted(again.rglob("*.*")):
        assert path.read_bytes() == (out / "000000" / path.relative_to(again)).read_bytes()


def test_the_image_agrees_with_the_objects_poses(config, tmp_path, catalogue):
    path = store_scene(Job("single", config, str(DATA)), 0, tmp_path)
    scene = read_scene(path)
    known, first = with_prints(catalogue)
    item, thing = known_item(known, first, 1), scene.objects[1]
    for view, camera in enumerate(scene.cameras):
        rows, columns = np.nonzero((scene.ids[view] == 1) & (scene.depth[view] > 0))
        points = camera.backproject(np.stack([columns, rows], 1), scene.depth[view][rows, columns])
        local = np.abs((points - thing.position) @ thing.rotation)
        assert (local <= item.shape.extent / 2 + 0.006).mean() > 0.98


def test_sets_draw_apart_and_say_how_objects_lie(config):
    jobs = [Job(name, config, str(DATA)) for name in SETS]
    assert len({job.seed(0) for job in jobs}) == len({job.key() for job in jobs}) == 4
    assert [job.count for job in jobs] == [2, 1, 2, 1]
    assert jobs[0].contents(1) == ("single", (2,))
    assert [jobs[2].contents(k)[0] for k in (0, 1)] == ["packed", "single"]
    arrangement, known = jobs[3].contents(1)
    assert arrangement == "loose" and len(set(known)) == len(known) <= config.max_known


def test_look_alikes_share_inks_and_shapes_but_no_print(catalogue):
    for ink in INKS:
        colours = in_inks(catalogue.texture_pool[52], ink).reshape(-1, 3)
        assert (colours.min(0) >= np.min(INKS[ink], 0)).all() and (colours.max(0) <= np.max(INKS[ink], 0)).all()
    known, first = with_prints(catalogue)
    a, b = (known_item(known, first, number) for number in (1, 2))
    assert a.shape is b.shape and (known.texture_pool[a.texture] != known.texture_pool[b.texture]).any()
    assert len({(k.shape, k.print_of, k.ink) for k in KNOWN}) == len(KNOWN) < FIRST_UNKNOWN
    with pytest.raises(InputError, match="from 1 to 12"):
        known_item(known, first, 13)
