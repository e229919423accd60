"""The parameters as committed: the only tests that may fail when a value of theirs changes."""

import dataclasses

import pytest

from graspbook.papers import load_paper
from graspbook.pipeline.params import PROFILES
from graspbook.selfsup.schema import Selfsup
from tests.conftest import committed


@pytest.fixture(scope="module", params=PROFILES)
def params(request):
    return committed(request.param)


@pytest.fixture(scope="module")
def standard():
    return committed()


def test_every_profile_is_valid(params):
    assert params.profile == params.values["profile"]
    assert isinstance(params.selfsup, Selfsup)
    assert dataclasses.asdict(params.selfsup.film) == params.values["selfsup"]["film"]


def test_the_paper_profile_has_the_printed_settings():
    selfsup = committed("paper").selfsup
    assert selfsup.world.height == 640
    assert selfsup.collect.n_train + selfsup.collect.n_test == 110_000
    assert selfsup.collect.n_test == 6000
    train = selfsup.train
    assert (train.learning_rate, train.batch_size) == (5e-6, 8)
    assert (train.network.backbone, train.weights, train.network.first_layer) == ("resnet50", "hub", "random")
    assert {name: (model.labels, model.augment) for name, model in selfsup.models.items()} == {
        "grasp-100-noaug": (100, False),
        "grasp-100": (100, True),
        "grasp-200": (200, True),
    }
    assert dataclasses.astuple(selfsup.evaluate.filter) == (0.95, 0.1, 1000, 1, 2)
    assert dataclasses.astuple(selfsup.pasting)[:5] == (0, 25, 360, 0.75, 1.25)


TABLES = {
    "latent": ("collapse",),
    "mlgsl": ("table_1", "figure_4", "figure_6", "images", "attention", "encoding", "clutter"),
    "joint": ("table_1", "table_2", "table_3", "focal"),
    "don": ("table_5",),
}
PRINTED = {"DeepWatershed", "FSUfAD", "PANet", "Mask R-CNN*", "PANet*"}  # with the paper's numbers only


@pytest.mark.parametrize("slug", TABLES)
def test_a_row_of_every_title_in_a_papers_tables_is_trained(slug, standard):
    titles = {row.title for rows in getattr(standard, slug).trainings.values() for row in rows.values()}
    tables = load_paper(slug).tables
    assert {name for table in TABLES[slug] for name in tables[table].rows} - PRINTED <= titles


def test_the_robot_of_don_grasps_with_the_rows_of_table_v_often_enough(standard):
    robot = standard.don.robot
    titles = {rows[name].title for rows in standard.don.trainings.values() for name in set(rows) & set(robot.rows)}
    assert set(load_paper("don").tables["table_5"].rows) <= titles
    assert robot.objects * robot.scenes * robot.turns >= 24


def test_both_models_of_latent_are_trained_on_both_sets(standard):
    rows = {(row.data, row.model) for family in standard.latent.sets.trainings.values() for row in family.values()}
    assert {(data, model) for data in ("objects", "aisle") for model in ("plain", "latent")} <= rows


def test_cells_of_selfsup_get_harder_dial_by_dial(standard):
    cells = (standard.selfsup.world, standard.selfsup.calibrated, standard.selfsup.unkind)
    default, calibrated, unkind = (dataclasses.asdict(cell.dials) for cell in cells)
    assert all(default[name] <= calibrated[name] <= unkind[name] for name in default)
    assert calibrated["light_flicker"] == default["light_flicker"]
    assert {name for name in default if default[name] < unkind[name]} == {
        "wall_reflectance",
        "light_flicker",
        "neighbour_movement",
        "clutter",
    }
