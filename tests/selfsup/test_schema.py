import dataclasses

import pytest

from tests.conftest import standard

SELFSUP = standard("selfsup")


@pytest.mark.parametrize("cell", ["unkind", "calibrated"])
def test_each_cell_has_grasps_for_the_largest_model(cell):
    needed = 200 + SELFSUP.train.held_out
    enough = dataclasses.replace(getattr(SELFSUP, cell), n_train=needed)
    dataclasses.replace(SELFSUP, **{cell: enough})
    with pytest.raises(
        ValueError, match=f"{cell}.n_train is {needed - 1}, but the largest of the models needs {needed}"
    ):
        dataclasses.replace(SELFSUP, **{cell: dataclasses.replace(enough, n_train=needed - 1)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"singles": (1, 5)}, "single_share.singles: expected at most segment.batch_size, 4"),
        ({"grasps": SELFSUP.scenes.n_unlabelled + 1}, "single_share.grasps"),
    ],
)
def test_single_objects_must_fit_into_a_batch_and_exist(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SELFSUP, single_share=dataclasses.replace(SELFSUP.single_share, **change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": ("paste-train", "nobody")}, "calibrated_rows.rows: expected names of section rows, got 'nobody'"),
        ({"rows": ("paste-grasp-filter",)}, "calibrated_rows.rows: expected rows with .*, got paste-grasp-filter"),
        ({"rows": ("single-object-100",)}, "got single-object-100"),
        ({"rows": ("paste-grasp-inpaint",)}, "got paste-grasp-inpaint"),
        ({"rows": ("mask-rcnn-100",)}, "got mask-rcnn-100"),
        ({"n_labelled": 999}, "calibrated_rows.n_labelled is 999, but rows.mask2former-1000.labels is 1000"),
        ({"n_unlabelled": 899}, "labels of 900 unlabelled grasps, but calibrated_rows.n_unlabelled is 899"),
    ],
)
def test_rows_of_the_calibrated_cell_must_exist_and_find_what_they_learn_from(change, message):
    enough = dataclasses.replace(SELFSUP.calibrated_rows, n_unlabelled=900)
    dataclasses.replace(SELFSUP, calibrated_rows=enough)
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SELFSUP, calibrated_rows=dataclasses.replace(enough, **change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": ("nobody",)}, "fine.rows: expected names of section rows, got 'nobody'"),
        ({"rows": ("paste-train", "paste-grasp")}, "fine.rows: expected rows with .*, got paste-train"),
        ({"rows": ("mask-rcnn-100",)}, "fine.rows: expected rows with model mask2former .*, got mask-rcnn-100"),
        ({"n_labelled": 999}, "fine.n_labelled is 999, but rows.mask2former-1000.labels is 1000"),
        ({"n_unlabelled": 899}, "labels of 900 unlabelled grasps, but fine.n_unlabelled is 899"),
        ({"n_train": 259}, "fine.n_train is 259, but the largest of the models needs 260 grasps"),
        ({"height": 127}, "fine.height: expected at least world.height and network.height, 128 and 96, got 127"),
        ({"n_realism": 900}, "fine.n_realism: expected fewer than fine.n_unlabelled, 900"),
        ({"strengths": (0.5, 1.5)}, "fine.strengths: expected numbers above 0 and at most 1, got 1.5"),
        *(
            ({"rows": rows}, "fine.rows: expected a row with bank grasp-100, without robust and single, got")
            for rows in (
                ("mask2former-100", "single-object-100"),
                ("mask2former-100", "paste-grasp-robust"),
                ("mask2former-100", "paste-grasp-filter"),
            )
        ),
        ({"rows": ("paste-grasp",)}, "fine_robots.rows: expected names of fine.rows, got 'paste-subtract-robust'"),
    ],
)
def test_rows_that_are_pasted_at_a_larger_size_must_exist_and_find_what_they_learn_from(change, message):
    enough = dataclasses.replace(SELFSUP.fine, n_unlabelled=900, n_realism=800)
    dataclasses.replace(SELFSUP, fine=enough)
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SELFSUP, fine=dataclasses.replace(enough, **change))


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ("mask2former-300", "fine_loop.start: expected one of fine.rows with bank none, got 'mask2former-300'"),
        ("paste-grasp", "fine_loop.start: expected one of fine.rows with bank none, got 'paste-grasp'"),
        ("mask2former-1000", "fine_loop.start: expected a row with the labels of continual, 100, got mask2former-1000"),
    ],
)
def test_the_loop_of_the_calibrated_cell_goes_on_from_a_model_that_learned_there(start, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SELFSUP, fine_loop=dataclasses.replace(SELFSUP.fine_loop, start=start))


@pytest.mark.parametrize("name", ["nobody", "paste-grasp"])
def test_models_that_look_at_bins_apart_must_have_been_kept(name):
    changed = dataclasses.replace(SELFSUP.known_apart, rows=("mask2former-100", name))
    with pytest.raises(ValueError, match=f"known_apart.rows: expected .* with keep_weights, got '{name}'"):
        dataclasses.replace(SELFSUP, known_apart=changed)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pasted": "nobody"}, "repeats.pasted: expected a row of section rows with model mask2former, got 'nobody'"),
        ({"pasted": "mask2former-50"}, "repeats.pasted: expected a row with a bank, .*, got mask2former-50"),
        ({"pasted": "paste-grasp-robust"}, "repeats.pasted: .*, got paste-grasp-robust"),
        ({"alone": "paste-train"}, "repeats.alone: expected a row with no bank, .*, got paste-train"),
        ({"models": ("mask-rcnn-100",)}, "repeats.models: expected a row .* with model mask2former"),
        ({"models": ("paste-grasp",)}, "repeats.models: expected rows with keep_weights, got paste-grasp"),
        ({"max_objects": (5, 25)}, "repeats.max_objects: expected fewer than pasting.max_objects, 25"),
        ({"steps": (4800,)}, "repeats.steps: expected fewer than segment.steps, 4800"),
    ],
)
def test_repeats_are_looked_for_in_rows_that_exist_and_differ_in_one_thing(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SELFSUP, repeats=dataclasses.replace(SELFSUP.repeats, **change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": ("paste-train", "nobody")}, "luck.rows: expected rows of section rows with .*, got 'nobody'"),
        ({"rows": ("mask-rcnn-100",)}, "luck.rows: .* model mask2former, .*, got 'mask-rcnn-100'"),
        ({"rows": ("single-object-100",)}, "luck.rows: .* without single, got 'single-object-100'"),
        ({"seeds": (2, 2)}, "luck.seeds: expected seeds that differ .*, got 2, 2"),
        ({"seeds": (2, 1)}, "luck.seeds: expected seeds that differ .* from segment.seed, 1, got 2, 1"),
    ],
)
def test_luck_is_looked_for_in_rows_that_exist_with_seeds_that_differ(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SELFSUP, luck=dataclasses.replace(SELFSUP.luck, **change))


@pytest.mark.parametrize("steps", [(500, 3000), (1500, 500), (500, 1500, 1500)])
def test_lengths_of_training_rise_and_hold_that_of_table_1(steps):
    with pytest.raises(
        ValueError, match=r"converged.steps: expected rising lengths with train.steps, 1500, among them"
    ):
        dataclasses.replace(SELFSUP, converged=dataclasses.replace(SELFSUP.converged, steps=steps))


def test_the_loop_runs_again_with_another_seed_and_something_to_learn_in():
    same = dataclasses.replace(SELFSUP.again, seed=SELFSUP.continual.seed)
    with pytest.raises(ValueError, match=r"again.seed: expected another than continual.seed, 5"):
        dataclasses.replace(SELFSUP, again=same)
    rounds = {"0": SELFSUP.continual.rounds["0"]}
    once = dataclasses.replace(SELFSUP.continual, rounds=rounds, enter_round=0)
    with pytest.raises(ValueError, match="again: expected at least two rounds"):
        dataclasses.replace(SELFSUP, continual=once)


def test_further_trainings_have_other_seeds_than_table_1():
    with pytest.raises(ValueError, match=r"converged.seeds: expected seeds other than train.seed, 1"):
        dataclasses.replace(SELFSUP, converged=dataclasses.replace(SELFSUP.converged, seeds=(2, 1)))


def test_robots_among_mirrors_are_those_of_table_3():
    changed = dataclasses.replace(SELFSUP.mirrors, robots=("paste-train",))
    with pytest.raises(ValueError, match=r"expected names of grasp_errors\.robots, got 'paste-train'"):
        dataclasses.replace(SELFSUP, mirrors=changed)
