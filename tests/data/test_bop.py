import json
import shutil

import cv2
import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.data.bop import CAMERA, TRUTH, SceneObject, read_scene, scene_folders, write_scene
from graspbook.world.render.camera import Camera

HEIGHT, WIDTH = 8, 10
TURN = [0, -1, 0, 1, 0, 0, 0, 0, 1]


@pytest.fixture
def by_hand(tmp_path):
    """Two views of BOP's own making: written with json and OpenCV alone."""
    folder = tmp_path / "000003"
    camera, truth = {}, {}
    for name in ("rgb", "depth", "mask_visib"):
        (folder / name).mkdir(parents=True)
    for view in (0, 7):
        camera[str(view)] = {
            "cam_K": [9.0, 0, 4.5, 0, 9.5, 3.5, 0, 0, 1],
            "cam_R_w2c": TURN,
            "cam_t_w2c": [100.0 * view, 0, 500.0],
            "depth_scale": 0.5,
        }
        truth[str(view)] = [{"obj_id": 4, "cam_R_m2c": TURN, "cam_t_m2c": [0.0, 0, 500.0]}]
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        mask[2:4, 3:5] = 255
        cv2.imwrite(str(folder / f"rgb/{view:06d}.png"), np.full((HEIGHT, WIDTH, 3), (1, 2, 3), np.uint8))
        cv2.imwrite(str(folder / f"depth/{view:06d}.png"), np.full((HEIGHT, WIDTH), 1000, np.uint16))
        cv2.imwrite(str(folder / f"mask_visib/{view:06d}_000000.png"), mask)
    (folder / CAMERA).write_text(json.dumps(camera))
    (folder / TRUTH).write_text(json.dumps(truth))
    return folder


def test_a_scene_made_by_hand_is_read_in_metres_and_in_world_coordinates(by_hand):
    scene = read_scene(by_hand)
    assert scene.images.shape == (2, HEIGHT, WIDTH, 3) and scene.images[0, 0, 0].tolist() == [3, 2, 1]
    assert np.allclose(scene.depth, 0.5)
    assert (scene.ids == 4).sum(axis=(1, 2)).tolist() == [4, 4]
    # the camera turns the world by a quarter: what lies half a metre before it is the origin
    assert np.allclose(scene.cameras[0].centre, [0, 0, -0.5])
    assert np.allclose(scene.cameras[0].project(np.zeros(3))[0], [4.5, 3.5])
    assert np.allclose(scene.cameras[1].centre, [0, 0.7, -0.5])
    assert np.allclose(scene.objects[4].position, [0, 0.7, 0])  # of the last view that has it


def test_a_recording_without_masks_and_poses_can_be_read(by_hand):
    (by_hand / TRUTH).unlink()
    shutil.rmtree(by_hand / "mask_visib")
    scene = read_scene(by_hand)
    assert not scene.ids.any() and scene.objects == {}


def test_views_are_in_the_order_of_their_numbers_not_of_their_digits(by_hand):
    for old, new in (("000000", "000009"), ("000007", "000010")):
        for path in sorted(by_hand.rglob(f"{old}*.png")):
            path.rename(path.with_name(new + path.name.removeprefix(old)))
    for name in (CAMERA, TRUTH):
        text = (by_hand / name).read_text()
        (by_hand / name).write_text(text.replace('"0":', '"9":').replace('"7":', '"10":'))
    assert np.allclose([camera.centre[1] for camera in read_scene(by_hand).cameras], [0, 0.7])


def test_what_is_written_is_read_back(tmp_path):
    rng = np.random.default_rng(0)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = np.reshape(TURN, (3, 3)), (0.1, -0.2, 0.6)
    cameras = (Camera(90.0, 91.0, 4.0, 3.0, pose, HEIGHT, WIDTH),) * 2
    images = rng.integers(0, 256, (2, HEIGHT, WIDTH, 3), dtype=np.uint8)
    depth = rng.uniform(0, 1, (2, HEIGHT, WIDTH)).astype(np.float32)
    ids = rng.integers(0, 3, (2, HEIGHT, WIDTH)).astype(np.uint8)
    objects = {
        1: SceneObject(np.eye(3), np.array([0.1, 0.2, 0.3])),
        2: SceneObject(np.reshape(TURN, (3, 3)), np.zeros(3), {"squeeze": [1.1, 0.9, 1.0], "curve": -1.0}),
    }
    write_scene(tmp_path / "000000", images, depth, cameras, ids, objects)
    assert scene_folders(tmp_path) == [tmp_path / "000000"]
    scene = read_scene(tmp_path / "000000")
    assert (scene.images == images).all() and (scene.ids == ids).all()
    assert np.abs(scene.depth - depth).max() < 6e-5
    assert np.allclose(scene.cameras[1].world_from_camera, pose)
    for number, thing in objects.items():
        assert np.allclose(scene.objects[number].rotation, thing.rotation)
        assert np.allclose(scene.objects[number].position, thing.position)
        assert scene.objects[number].extra == thing.extra


def change(path, field, value):
    content = json.loads(path.read_text())
    entry = content["7"][0] if isinstance(content["7"], list) else content["7"]
    entry[field] = value
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("file", "field", "value", "message"),
    [
        (CAMERA, "cam_R_w2c", [1, 0, 0, 0, 1, 0, 0, 0, -1], "no rotation"),
        (CAMERA, "cam_R_w2c", [2, 0, 0, 0, 2, 0, 0, 0, 2], "no rotation"),
        (CAMERA, "cam_K", [9, 0, 320, 0, 9, 240, 0, 0, 1], "lies outside the image of 10x8"),
        (CAMERA, "cam_K", [9, 0, 4, 0, -9, 3, 0, 0, 1], "positive focal lengths"),
        (CAMERA, "cam_t_w2c", [0, 0], "expected 3 finite numbers"),
        (CAMERA, "depth_scale", 0, "more than 0"),
        (TRUTH, "cam_R_m2c", [0] * 9, "no rotation"),
        (TRUTH, "obj_id", 0, "from 1 to 255"),
    ],
)
def test_what_cannot_be_used_is_named_by_file_and_field(by_hand, file, field, value, message):
    change(by_hand / file, field, value)
    with pytest.raises(InputError, match=message) as error:
        read_scene(by_hand)
    assert f"{by_hand / file}: image 7" in str(error.value) and f"field {field}" in str(error.value)


def test_a_view_without_depth_is_named(by_hand):
    path = by_hand / "depth/000007.png"
    cv2.imwrite(str(path), np.zeros((HEIGHT, WIDTH), np.uint16))
    with pytest.raises(InputError, match="field depth: not one pixel"):
        read_scene(by_hand)
    path.unlink()
    with pytest.raises(InputError, match=r"000007\.png: field depth"):
        read_scene(by_hand)


def test_a_folder_without_scenes_is_refused(tmp_path):
    with pytest.raises(InputError, match="no scene in BOP's layout"):
        scene_folders(tmp_path)
    (tmp_path / CAMERA).write_text("[")
    with pytest.raises(InputError, match="not JSON"):
        read_scene(tmp_path)
