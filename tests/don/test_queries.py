import dataclasses

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.data.bop import SceneObject
from graspbook.don.queries import draw_queries, draw_tracks, map_across, to_object, to_scene, visible
from tests.conftest import standard
from tests.don.flat import flat_scene

TOLERANCE = 0.005


@pytest.fixture
def scenes():
    return [flat_scene(seed) for seed in range(3)]


@pytest.fixture
def config():
    return dataclasses.replace(standard("don").evaluate, pairs=3, queries=15, travel=0.05, tracked=3)


def point_of(scene, view, uv):
    """The object's id and the point in its frame that a pixel shows, from rays alone."""
    camera = scene.cameras[view]
    direction = camera.world_from_camera[:3, :3] @ [(uv[0] - camera.cx) / camera.fx, (uv[1] - camera.cy) / camera.fy, 1]
    point = camera.centre - camera.centre[2] / direction[2] * direction
    for number, thing in scene.objects.items():
        local = (point - thing.position) @ thing.rotation
        if (np.abs(local[:2]) < 0.05).all():
            return number, local
    return 0, None


@pytest.mark.parametrize("across", [False, True])
def test_a_query_and_its_answer_are_the_same_point_of_the_same_object(scenes, config, across):
    queries = draw_queries(scenes, config, config.pairs, TOLERANCE, across=across)
    assert len(queries) == 6
    for query in queries:
        assert (query.a[0] != query.b[0]) == across
        for pixel, answer in zip(query.pixels, query.answers, strict=True):
            (number, here), (other, there) = (
                point_of(scenes[s], v, uv) for (s, v), uv in ((query.a, pixel), (query.b, answer))
            )
            assert number == other == query.number and np.abs(here - there).max() < 1e-4


def test_tracked_points_stay_the_same_point(scenes, config):
    for query in draw_tracks(scenes, config, TOLERANCE):
        assert query.a[0] == query.b[0] and query.a != query.b
        for pixel, answer in zip(query.pixels, query.answers, strict=True):
            here, there = (point_of(scenes[s], v, uv) for (s, v), uv in ((query.a, pixel), (query.b, answer)))
            assert here[0] == there[0] == query.number and np.abs(here[1] - there[1]).max() < 1e-4


def test_points_of_a_bent_object_go_to_its_frame_at_rest_and_back():
    thing = SceneObject(np.eye(3)[[1, 2, 0]], np.array([0.1, 0.2, 0.3]), {"squeeze": [1.2, 0.8, 1.0], "curve": 2.0})
    points = np.random.default_rng(0).normal(0, 0.1, (9, 3))
    assert np.allclose(to_scene(thing, to_object(thing, points)), points)


def test_an_object_that_is_not_there_is_named(scenes):
    with pytest.raises(InputError, match="field obj_id: object 9"):
        map_across(scenes[0], 0, scenes[1], 0, 9, TOLERANCE)


def test_scenes_without_masks_cannot_be_asked(scenes, config):
    bare = [dataclasses.replace(scene, objects={}) for scene in scenes]
    with pytest.raises(InputError, match="field mask_visib"):
        draw_queries(bare, config, 1, TOLERANCE)


def test_views_within_a_scene_are_apart_in_place_and_in_direction(scenes, config):
    far = dataclasses.replace(config, travel=0.3, turn=15.0)  # neighbours are turned enough, and too near
    for query in draw_queries(scenes, far, 3, TOLERANCE):
        poses = [scenes[s].cameras[v].world_from_camera for s, v in (query.a, query.b)]
        assert np.linalg.norm(poses[0][:3, 3] - poses[1][:3, 3]) >= 0.3


def test_a_point_before_or_behind_what_the_camera_sees_is_not_visible(scenes):
    depth = np.float64(scenes[0].depth[0][20, 24])
    points = np.array([depth - 0.1, depth, depth + 0.1])
    assert visible(scenes[0], 0, np.full((3, 2), (24.0, 20.0)), points, TOLERANCE).tolist() == [False, True, False]


def test_an_object_that_shows_few_pixels_is_not_asked_for(scenes, config):
    ids = scenes[0].ids.copy()
    for view in ids:
        view.ravel()[np.flatnonzero(view == 1)[10:]] = 0
    queries = draw_queries([dataclasses.replace(scenes[0], ids=ids)], config, 3, TOLERANCE)
    assert {query.number for query in queries} == {2}
