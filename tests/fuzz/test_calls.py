"""Arrays, numbers and names of any kind: each entry point gives an InputError or a right answer, and nothing else."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from graspbook.core.atomic import new_file, new_folder
from graspbook.core.configuration import check_seed
from graspbook.core.errors import InputError
from graspbook.don.commands import read_point
from graspbook.don.config import NetworkConfig, Row
from graspbook.don.find import find_point
from graspbook.don.network import build_network
from graspbook.instances.average_precision import average_precision, match_detections
from graspbook.instances.detection_table import tabulate
from graspbook.instances.set_loss import robust_target
from graspbook.instances.types import of_one_class
from graspbook.nn.model_file import Model
from graspbook.pipeline.cli import app
from graspbook.pipeline.run_notebook import read_settings
from graspbook.selfsup.grasp_segmentation.inference import segment_arrays
from graspbook.selfsup.grasp_segmentation.model import build_grasp_segmenter
from graspbook.selfsup.instance_segmentation import own_data
from tests.conftest import standard
from tests.fuzz.strategies import floats, json_values, quick

SELFSUP = standard("selfsup")


@pytest.fixture(scope="module")
def model():
    network = replace(SELFSUP.train.network, fpn_channels=4, first_layer="random", freeze_norm=False)
    return build_grasp_segmenter(network, None, seed=0).eval()


def arrays(*shapes):
    """Arrays of zeros, some seen in a mirror."""
    kinds = st.sampled_from([np.uint8, np.bool_, np.float32, np.int64])
    made = st.builds(lambda shape, kind, step: np.zeros(shape, kind)[::step], st.sampled_from(shapes), kinds, STEPS)
    return st.one_of(made, st.just([[0]]), st.none())


STEPS = st.sampled_from([1, -1])
COLOUR = arrays((1, 5, 7, 3), (1, 5, 7, 3), (2, 5, 7, 3), (1, 5, 7), (1, 0, 7, 3), (0, 5, 7, 3))


@pytest.mark.slow
@quick
@given(COLOUR, COLOUR, arrays((1, 5, 7), (1, 5, 7), (2, 5, 7), (1, 0, 7), (0, 5, 7)))
def test_segmenting_arrays(model, before, after, suction):
    with suppress(InputError):
        found = segment_arrays(model, before, after, suction, SELFSUP.evaluate.filter)
        assert before.dtype == after.dtype == np.uint8 and suction.dtype == np.bool_
        assert found.visible.shape == suction.shape == before.shape[:3]


@pytest.mark.slow
@quick
@given(st.lists(st.integers(0, 1), min_size=1, max_size=7), floats, st.sampled_from([0.3, 0.6, 0.7, None]), st.data())
def test_the_robust_target(bits, anything, margin, data):
    margin = anything if margin is None else margin
    logits = torch.tensor(
        data.draw(st.lists(st.floats(-9, 9, width=32, allow_subnormal=False), min_size=len(bits), max_size=len(bits)))
    )
    target = torch.tensor(bits, dtype=torch.bool)
    with suppress(InputError):
        found = robust_target(logits, target, margin)
        assert 0 < margin <= 1
        assert not target.any() or (found & target).sum() / (found | target).sum() >= margin - 1e-6


@quick
@given(st.lists(st.floats(width=32, allow_subnormal=False), max_size=3), st.lists(floats, min_size=1, max_size=2))
def test_average_precision(scores, weights):
    truth = {"images": [{"id": 1, "file_name": "a", "height": 2, "width": 3}], "annotations": []}
    masks = np.ones((len(scores), 2, 3), bool)
    areas = {"all": (0, 9), "medium": (0, 9), "large": (0, 9)}
    with suppress(InputError):
        matches = match_detections(truth, tabulate(["a"], [of_one_class(masks, np.array(scores, np.float32))]), areas)
        assert np.isnan(average_precision(matches, np.array([weights]).T)["ap"]).all()


@pytest.fixture(scope="module")
def described():
    row = Row("a", "nt-xent", "multi", 1, matches=128, dimensions=3)
    return Model(build_network(NetworkConfig("mobilenet_v2", "random", None), 3, 1).eval(), row)


VIEW = arrays((32, 40, 3), (32, 40, 3), (32, 40), (32, 40, 4), (0, 40, 3))


@quick
@given(VIEW, VIEW, st.tuples(floats, floats))
def test_finding_a_point(described, reference, picture, point):
    with suppress(InputError):
        match = find_point(described, reference, point, picture)
        assert reference.dtype == picture.dtype == np.uint8
        assert 0 <= match.found[0] < 40 and 0 <= match.found[1] < 32


@pytest.mark.slow
@quick
@given(st.one_of(st.text("0123456789.,-e ", max_size=12), st.text(max_size=6)))
def test_the_option_of_a_point(text):
    with suppress(InputError):
        assert len(read_point(text)) == 2


@quick
@given(json_values)
def test_seeds(seed):
    with suppress(InputError):
        check_seed(seed)
        np.random.default_rng([seed, 0, True])
        torch.Generator().manual_seed(seed)


NAMES = st.text("ab./~ \0*é", max_size=12)


@quick
@given(NAMES)
def test_folders_and_files_of_any_name(tmp_path_factory, name):
    below = tmp_path_factory.getbasetemp() / "names"
    (below / "deep").mkdir(parents=True, exist_ok=True)
    (below / "deep/a").touch()
    out = below / "deep" / name.lstrip("/").replace("..", "b")
    for make in (new_folder, new_file):
        with suppress(InputError), make(out) as partial:
            partial.touch() if make is new_file else (partial / "made").touch()
    assert (below / "deep/a").is_file()


@quick
@given(
    st.lists(st.one_of(st.text("x=[]{}:,1-&*!'\" ", max_size=12), st.text(max_size=6).map("x={}".format)), max_size=3)
)
def test_settings_of_a_notebook(assignments):
    with suppress(InputError):
        assert all(name.isidentifier() for name in read_settings(assignments))


OPTIONS = {
    "--learning-rate": floats,
    "--seed": st.integers(),
    "--steps": st.integers(),
    "--batch-size": st.integers(),
    "--max-objects": st.integers(),
    "--height": st.integers(),
    "--held-out": floats,
}


@pytest.mark.slow
@quick
@given(st.data())
def test_options_of_training(data):
    given_options = []
    for option in data.draw(st.lists(st.sampled_from(list(OPTIONS)), max_size=3)):
        given_options += [option, str(data.draw(OPTIONS[option]))]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(Path(__file__).parents[2])
        patch.setattr(own_data, "train_on_own_data", lambda *_: pytest.fail("labels are read before they are there"))
        arguments = ["selfsup", "train", "--labels", "none", "--grasps", "none", "--out", "o", "--model", "none"]
        result = CliRunner().invoke(app, [*arguments, *given_options])
    assert result.exit_code in (1, 2) and isinstance(result.exception, SystemExit), result.output
