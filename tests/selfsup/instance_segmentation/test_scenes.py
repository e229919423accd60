import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.data.coco import CocoScenes
from graspbook.data.grasps import GraspDataset
from graspbook.data.writer import write_grasps
from graspbook.selfsup.instance_segmentation.scenes import scene_before, write_grasp_scenes


@pytest.fixture
def grasps(tmp_path, make_grasp):
    def grasp(number):
        ids = np.zeros((32, 48), np.uint8)
        ids[2:9, 3:9], ids[4:9, 20:30], ids[20:25, 3:40] = 255, 1 + number, 77
        return make_grasp(number, ids_before=ids)

    write_grasps(tmp_path / "set", [grasp(number) for number in range(6)])
    return GraspDataset(tmp_path / "set")


def test_a_scene_is_the_image_before_with_its_instances_numbered(grasps):
    for index in range(6):
        scene, ids = scene_before(grasps, index, "u_"), grasps.ids(index)[0]
        assert scene.name == "u_" + grasps.table["grasp_id"][index]
        assert np.array_equal(scene.image, grasps[index].before)
        assert scene.ids.dtype == np.uint16 and np.unique(scene.ids).tolist() == [0, 1, 2, 3]
        pairs = np.unique(np.stack([scene.ids, ids]).reshape(2, -1), axis=1)
        assert pairs.shape[1] == 4, "one number for each id"
        assert not ids[scene.ids == 0].any()


def test_parts_follow_each_other_and_share_no_bin(tmp_path, grasps):
    path = write_grasp_scenes(tmp_path / "scenes", {"": grasps.subset([5, 0]), "u_": grasps.subset([0, 1, 4])})
    scenes = CocoScenes(path)
    assert scenes.names == ("e00001g01", "e00000g00", "u_e00000g00", "u_e00000g01", "u_e00001g00")
    assert scenes.groups.tolist() == [1, 0, 2, 2, 3]
    assert np.array_equal(scenes[4].ids, scene_before(grasps, 4).ids)


def test_parts_with_the_same_prefix_collide_and_missing_columns_are_named(tmp_path, grasps):
    with pytest.raises(InputError, match="e00000g00 is added twice"):
        write_grasp_scenes(tmp_path / "scenes", {"": grasps.subset([0, 0])})
    for column in ("ids_before", "episode"):
        view = grasps.subset([0, 1])
        del view.table[column]
        with pytest.raises(InputError, match=column):
            write_grasp_scenes(tmp_path / "scenes", {"": view})
