import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.data.bop import read_scene, scene_folders
from graspbook.don.scenes import collect as module
from graspbook.don.scenes.collect import ABOUT, SETS, SceneEpisodes, collect_scenes
from graspbook.don.scenes.episode import FIRST_UNKNOWN
from graspbook.don.scenes.objects import INKS, KNOWN, in_inks, known_item, with_prints
from graspbook.world.assets.catalogue import Catalogue
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


@pytest.mark.slow
def test_scenes_are_in_bops_layout_and_the_same_again(config, tmp_path):
    out = collect_scenes(tmp_path / "multi", "multi", config, 1, DATA, tmp_path / "scratch")
    scene = read_scene(scene_folders(out)[0])
    assert config.min_known - 2 <= len(scene.objects) <= config.max_known
    assert set(np.unique(scene.ids)) <= {0, *scene.objects}
    assert len(set(np.unique(scene.ids))) > 3 and (scene.depth > 0).mean() > 0.8
    assert json.loads((out / ABOUT).read_text())[0] == {"scene": "000000", "arrangement": "packed"}
    again = SceneEpisodes("multi", config, str(DATA)).store(0, tmp_path / "again")
    for path in sorted(again.rglob("*.*")):
        assert path.read_bytes() == (out / "000000" / path.relative_to(again)).read_bytes()


def test_the_image_agrees_with_the_objects_poses(config, tmp_path, catalogue):
    path = SceneEpisodes("single", config, str(DATA)).store(0, tmp_path)
    scene = read_scene(path)
    known, first = with_prints(catalogue)
    item, thing = known_item(known, first, 1), scene.objects[1]
    for view, camera in enumerate(scene.cameras):
        rows, columns = np.nonzero((scene.ids[view] == 1) & (scene.depth[view] > 0))
        points = camera.backproject(np.stack([columns, rows], 1), scene.depth[view][rows, columns])
        local = np.abs((points - thing.position) @ thing.rotation)
        assert (local <= item.shape.extent / 2 + 0.006).mean() > 0.98


@pytest.mark.slow
def test_sets_draw_apart_and_say_how_objects_lie(config):
    sets = [SceneEpisodes(name, config, str(DATA)) for name in SETS]
    assert len({scenes.seed(0) for scenes in sets}) == len({scenes.key() for scenes in sets}) == 4
    assert [scenes.count for scenes in sets] == [2, 1, 2, 1]
    assert sets[0].contents(1) == ("single", (2,))
    assert [sets[2].contents(k)[0] for k in (0, 1)] == ["packed", "single"]
    arrangement, known = sets[3].contents(1)
    assert arrangement == "loose" and len(set(known)) == len(known) <= config.max_known


def test_the_scratch_key_changes_with_all_that_decides_a_scene_and_not_with_how_many_are_wanted(config, tmp_path):
    scenes = SceneEpisodes("multi", config, str(DATA))
    (tmp_path / "catalogue").mkdir()
    changes = [{"seed": config.seed + 9}, {"curve": config.curve + 0.5}]
    others = [dataclasses.replace(scenes, config=dataclasses.replace(config, **change)) for change in changes]
    others += [dataclasses.replace(scenes, scenes="test"), dataclasses.replace(scenes, data_dir=str(tmp_path))]
    assert len({scenes.key(), *(other.key() for other in others)}) == 5
    counts = ("n_single", "n_multi", "n_validation_multi", "n_validation_single", "n_test")
    more = dataclasses.replace(config, **{name: getattr(config, name) + 1 for name in counts})
    assert dataclasses.replace(scenes, config=more).key() == scenes.key()


def test_which_validation_scenes_have_several_objects_is_in_the_scratch_key(config):
    more = dataclasses.replace(config, n_validation_multi=config.n_validation_multi + 1)
    scenes = [SceneEpisodes("validation", one, str(DATA)) for one in (config, more)]
    assert scenes[0].contents(config.n_validation_multi)[0] != scenes[1].contents(config.n_validation_multi)[0]
    assert scenes[0].key() != scenes[1].key()


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


def test_unknown_objects_of_the_test_are_of_its_own_split(config, monkeypatch, tmp_path):
    splits = []

    def record(studio, config, arrangement, known, split, seed):
        splits.append(split)
        raise InputError("enough")

    monkeypatch.setattr(module, "simulate_scene", record)
    for name in SETS:
        with pytest.raises(InputError, match="enough"):
            SceneEpisodes(name, config, str(DATA)).record(0, tmp_path)
    assert splits == ["train", "train", "train", "test"]


def test_scenes_of_a_set_show_objects_of_their_own(config):
    scenes = SceneEpisodes("multi", config, str(DATA))
    assert len({scenes.contents(number)[1] for number in range(10)}) > 5
