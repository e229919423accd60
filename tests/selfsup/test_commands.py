from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from graspbook.pipeline.cli import app
from graspbook.selfsup import commands
from graspbook.selfsup.grasp_segmentation import inference
from graspbook.selfsup.instance_segmentation import own_data
from tests.conftest import committed

ROOT = Path(__file__).parents[2]
SELFSUP = committed().selfsup


def call(monkeypatch, *arguments):
    monkeypatch.chdir(ROOT)
    return CliRunner().invoke(app, ["selfsup", *map(str, arguments)])


def segmenter(model):
    """In place of a model, its name as the network."""
    return SimpleNamespace(network=model, settings=SimpleNamespace(filter=SELFSUP.evaluate.filter))


@pytest.fixture
def trained_with(monkeypatch):
    """What `selfsup train` is called with, given options: its configuration."""
    given = []

    def train(labels, grasps, segmenter, out, config, pretrained, start, images):
        given.append(config)
        return SimpleNamespace(n_objects=3, n_grasps=4, n_labelled=5, best_ap=6.0, n_held_out=7)

    monkeypatch.setattr(own_data, "train_on_own_data", train)
    monkeypatch.setattr(commands, "_segmenter", segmenter)
    monkeypatch.setattr("graspbook.instances.registry.load_instance_model", lambda path: path)

    def with_options(*options):
        result = call(monkeypatch, "train", "--labels", "l", "--grasps", "g", "--out", "o", "--start", "s", *options)
        assert result.exit_code == 0, result.output
        assert "3 objects cut out of 4 grasps" in result.output
        return given[-1]

    return with_options


def test_training_on_own_images_is_that_of_table_2_where_no_option_says_otherwise(trained_with):
    config = trained_with()
    assert config.training == SELFSUP.segment
    assert config.pasting == SELFSUP.pasting
    assert config.model == SELFSUP.network.mask2former
    assert (config.height, config.filter, config.filtered) == (SELFSUP.network.height, SELFSUP.evaluate.filter, False)


def test_options_take_the_place_of_what_params_yaml_says(trained_with):
    config = trained_with(
        "--steps", 7, "--batch-size", 3, "--learning-rate", 0.5, "--seed", 9, "--max-objects", 2, "--height", 64,
        "--filter", "--held-out", 0.5,
    )  # fmt: skip
    training = config.training
    assert (training.steps, training.batch_size, training.learning_rate, training.seed) == (7, 3, 0.5, 9)
    assert training.clip == SELFSUP.segment.clip
    assert (config.pasting.max_objects, config.height, config.filtered, config.held_out) == (2, 64, True, 0.5)


def test_masks_are_filtered_by_the_thresholds_of_params_yaml(monkeypatch, tmp_path):
    given = []

    def segment(*arguments):
        given.append(arguments)
        return {"kept": SimpleNamespace(sum=lambda: 2)}

    monkeypatch.setattr(inference, "segment_grasps", segment)
    monkeypatch.setattr(commands, "_segmenter", segmenter)
    monkeypatch.setattr("graspbook.data.folder.open_grasps", lambda path: path)
    result = call(monkeypatch, "segment-grasps", tmp_path, "--model", "m", "--out", "o", "--batch-size", 3)
    assert result.exit_code == 0, result.output
    assert given == [("m", tmp_path, Path("o"), SELFSUP.evaluate.filter, 3)]
    assert "2 pass the filter" in result.output


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--learning-rate", 0), "key 'training.learning_rate': Input should be greater than 0, found 0"),
        (("--learning-rate", 1e30), "key 'training.learning_rate': Input should be less than or equal to 1"),
        (("--learning-rate", "inf"), "key 'training.learning_rate'"),
        (("--seed", 2**70), "key 'training.seed': Input should be less than 9223372036854775808"),
        (("--max-objects", 100_000), "key 'pasting.max_objects': Input should be less than or equal to 1000"),
        (("--height", 10**9), "key 'height'"),
    ],
)
def test_options_that_cannot_work_are_refused_before_anything_is_read(monkeypatch, options, complaint):
    result = call(monkeypatch, "train", "--labels", "none", "--grasps", "none", "--out", "o", *options)
    assert result.exit_code == 1
    assert result.output.startswith("error: options: ") and complaint in result.output


def test_a_seed_below_0_is_refused(monkeypatch):
    result = call(monkeypatch, "train", "--labels", "none", "--grasps", "none", "--out", "o", "--seed", -1)
    assert result.exit_code == 2 and "--seed" in result.output
