import copy
import dataclasses
from pathlib import Path

import pytest
import yaml

from graspbook.core.errors import InputError
from graspbook.core.yaml_files import read_yaml
from graspbook.pipeline.params import PROFILES, load_params, merge, paper_schema, read_sections, validate
from graspbook.selfsup.instance_segmentation.config import Row
from graspbook.selfsup.schema import Selfsup

ROOT = Path(__file__).parents[2]


@pytest.fixture
def values():
    return read_yaml(ROOT / "params.yaml")


def put(values, place, value):
    """Set a value at a dotted place below `selfsup`."""
    *outer, last = place.split(".")
    found = values["selfsup"]
    for key in outer:
        found = found[key]
    found[last] = value


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_valid(profile):
    params = load_params(ROOT / "params.yaml", profile)
    assert params.profile == params.values["profile"] == profile
    assert isinstance(params.selfsup, Selfsup)
    assert dataclasses.asdict(params.selfsup.film) == params.values["selfsup"]["film"]


def test_the_paper_profile_states_every_value_itself(values):
    def keys(values):
        return (
            {(key, *rest) for key, value in values.items() for rest in keys(value)}
            if isinstance(values, dict)
            else {()}
        )

    assert keys(read_yaml(ROOT / "profiles/paper.yaml")) == keys(values)


def test_the_paper_profile_has_the_printed_settings():
    selfsup = load_params(ROOT / "params.yaml", "paper").selfsup
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


def test_no_configuration_has_a_second_default():
    def parts(kind):
        """The dataclasses that a type is made of."""
        if dataclasses.is_dataclass(kind):
            yield kind
            for field in dataclasses.fields(kind):
                yield from parts(field.type)
        for inner in getattr(kind, "__args__", ()):
            yield from parts(inner)

    found = set(parts(Selfsup)) - {Row}  # what a row does not mention, it does not use
    assert len(found) > 20
    for kind in found:
        for field in dataclasses.fields(kind):
            assert field.default is field.default_factory is dataclasses.MISSING, (kind, field.name)


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        ("collect.n_trian", 3, "unknown key 'selfsup.collect.n_trian'"),
        ("train.steps", "100", "key 'selfsup.train.steps'.*valid integer.*'100'"),
        ("train.steps", True, "key 'selfsup.train.steps'"),
        ("train.steps", 10.0, "key 'selfsup.train.steps'"),
        ("train.steps", 0, "key 'selfsup.train.steps'.*greater than or equal to 1"),
        ("train.learning_rate", "5e-6", "write an exponent with a decimal point"),
        ("train.learning_rate", -1.0, "key 'selfsup.train.learning_rate'"),
        ("train.network.backbone", "vgg", "key 'selfsup.train.network.backbone'.*mobilenet_v2"),
        ("train.network.fpn_channels", 30, "key 'selfsup.train.network.fpn_channels'.*multiple of 4"),
        ("train.weights", "hub", "key 'selfsup.train': location must name the weights"),
        ("network.location", "resnet50", "key 'selfsup.network': location must name the weights"),
        ("inpainter.engine", "stable-diffusion", "key 'selfsup.inpainter': location must name the pipeline"),
        ("models.grasp-100.augment", "false", "models.grasp-100.augment"),
        ("models", {}, "key 'selfsup.models'"),
        ("baselines.mog", [], "key 'selfsup.baselines.mog'"),
        ("evaluate.filter.t_occ", 1.5, "key 'selfsup.evaluate.filter.t_occ'"),
        ("world.dials.wall_reflectence", 0.1, "wall_reflectence"),
        ("world.dials.wall_reflectance", 7.0, "wall_reflectance"),
        ("students.margins", [1.0, 0.5], r"margins.*expected 1 .*and 0.7.*\[1.0, 0.5\]"),
        ("rows", {7: {"title": "Seven", "labels": 7}}, "key 'selfsup.rows.7': expected text"),
    ],
)
def test_a_wrong_value_is_refused_by_file_and_key(values, place, value, complaint):
    put(values, place, value)
    with pytest.raises(InputError, match=complaint) as raised:
        validate(values, "some.yaml")
    assert str(raised.value).startswith("some.yaml: ")


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        ("pasting.min_objects", 26, "min_objects 26 is above max_objects 25"),
        ("pasting.min_scale", 2.0, "min_scale 2.0 is above max_scale 1.25"),
        ("evaluate.filter.min_contours", 3, "min_contours 3 is above max_contours 2"),
        ("pasting.max_objects", 100_000, "key 'selfsup.pasting.max_objects'.*less than or equal to 1000"),
        ("segment.learning_rate", 1e30, "key 'selfsup.segment.learning_rate'.*less than or equal to 1"),
        ("continual.learning_rate", 0.0, "key 'selfsup.continual.learning_rate'.*greater than 0"),
        ("baselines.n_grasps", 301, "baselines.n_grasps is 301, but with collect.n_train there are only 300"),
        ("inpaint.n_realism", 3000, "inpaint.n_realism is 3000, but with inpaint.n_scenes there are only 2999"),
        ("rows.paste-train.title", "Paste-Grasp", "rows: expected every title once"),
        ("segment.margin", 0.0, "key 'selfsup.segment.margin'.*greater than 0"),
        ("segment.learning_rate", float("inf"), "key 'selfsup.segment.learning_rate'.*finite"),
        ("train.learning_rate", float("nan"), "key 'selfsup.train.learning_rate'.*finite"),
        ("collect.seed", -1, "key 'selfsup.collect.seed'.*greater than or equal to 0"),
        ("train.seed", 2**63, "key 'selfsup.train.seed'.*less than 9223372036854775808"),
        ("collect.n_train", 100, "largest of the models needs 200 labelled and 60 held-out"),
        ("models", {"grasp-200": {"labels": 200, "augment": True}}, "models has no 'grasp-100'"),
        ("models.Grasp_100", {"labels": 1, "augment": True}, "'Grasp_100' becomes a file's name"),
        ("scenes.n_labelled", 999, "rows.mask2former-1000.labels is 1000, but scenes.n_labelled is 999"),
        ("continual.labels", 1001, "continual.labels is 1001, but scenes.n_labelled is 1000"),
        ("scenes.n_unlabelled", 800, "asks for labels of 900 unlabelled grasps, but scenes.n_unlabelled is 800"),
        ("rows.paste-grasp.grasps", 3001, "rows.paste-grasp.grasps is 3001, but scenes.n_unlabelled is 3000"),
        ("rows.paste-grasp.grasps", None, "grasps must be given if, and only if, the bank is cut out of grasps"),
        ("rows.mask2former-100.inpaint", True, "inpaint and single need a bank"),
        ("rows.mask-rcnn-100.robust", True, "robust and single need the model mask2former"),
        ("bank.sources", ["train", "grasp-100"], "'subtract-filter', which is not among bank.sources"),
        ("instances.labels_of.Mask2Former-70", 70, "labels_of: none of the rows has the title 'Mask2Former-70'"),
        ("instances.grasps_of.Paste", 70, "grasps_of: none of the rows has the title 'Paste'"),
        ("instances.labels_of.Mask2Former-50", 70, "labels_of: 'Mask2Former-50' has 50 in its row, not 70"),
        ("instances.grasps_of.Paste-Grasp", 70, "grasps_of: 'Paste-Grasp' has 3000 in its row, not 70"),
        ("film.robot", "paste-grasp", "film.robot: none of the rows with keep_weights is 'paste-grasp'"),
        ("film.robot", "true-masks", "film.robot: none of the rows with keep_weights is 'true-masks'"),
        ("grasp_errors.robots.r2", {"title": "R2", "sees": "r2"}, "grasp_errors.robots: none of .* is 'r2'"),
        ("rows.mask2former-1000.keep_weights", False, "grasp_errors.robots: none of .* is 'mask2former-1000'"),
        ("without_choice.bins", 65, "without_choice.bins is 65, but pick.bins is 64"),
        ("continual.enter_round", 6, "enter_round 6 never comes: the last round is 5"),
        ("continual.rounds", {"0": "a", "2": "b"}, "rounds: expected them to be numbered 0, 1, 2"),
        ("network.mask_rcnn.anchors", [[8.0], [16.0]], "anchors: expected four strides"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_runs(values, place, value, complaint):
    put(values, place, value)
    with pytest.raises(InputError, match=complaint):
        validate(values, "params.yaml")


def test_the_robot_that_goes_on_learning_needs_its_weights(values):
    del values["selfsup"]["grasp_errors"]["robots"]["mask2former-100"]
    put(values, "rows.mask2former-100.keep_weights", False)
    with pytest.raises(InputError, match="continual: none of the rows with keep_weights is 'mask2former-100'"):
        validate(values, "params.yaml")


def test_a_missing_key_and_a_paper_that_does_not_exist_are_named(values):
    del values["selfsup"]["train"]["steps"]
    with pytest.raises(InputError, match=r"key 'selfsup\.train\.steps' is missing"):
        validate(values, "params.yaml")
    with pytest.raises(InputError, match="unknown key 'slefsup'"):
        validate({"profile": "quick", "slefsup": {}}, "params.yaml")
    with pytest.raises(InputError, match=r"key 'profile'.*'fast'"):
        validate({"profile": "fast"}, "params.yaml")


def test_papers_are_found_by_their_module():
    assert paper_schema("selfsup") is Selfsup
    assert paper_schema("latent").__module__ == "graspbook.latent.schema", "a schema of more sections comes first"
    assert paper_schema("nowhere") is None
    assert paper_schema("errors") is None, "a module without a configuration"
    assert paper_schema("world") is None, "a room without a paper"
    with pytest.raises(AttributeError, match="no paper 'nowhere'"):
        _ = load_params(ROOT / "params.yaml").nowhere


def test_some_sections_are_checked_alone(values):
    train, models = values["selfsup"]["train"], values["selfsup"]["models"]
    sections = read_sections("selfsup", {"train": train, "models": {"grasp-100": models["grasp-100"]}})
    assert (sections.train.steps, sections.train.network.backbone) == (train["steps"], "mobilenet_v2")
    assert list(sections.models) == ["grasp-100"] and sections.models["grasp-100"].labels == 100
    assert not hasattr(sections, "world")


@pytest.mark.parametrize(
    ("slug", "sections", "complaint"),
    [
        ("selfsup", {"trian": {}}, "notebook: unknown key 'selfsup.trian'"),
        ("selfsup", {"film": {"seed": 1}}, "key 'selfsup.film.robot' is missing"),
        ("selfsup", {"film": {1: 1}}, "key 'selfsup.film.1': expected text, found 1"),
        ("nowhere", {}, r"no paper 'nowhere'.*graspbook\.nowhere\.config"),
    ],
)
def test_wrong_sections_are_named(slug, sections, complaint):
    with pytest.raises(InputError, match=complaint):
        read_sections(slug, sections, "notebook")


def test_a_missing_file_and_an_unknown_profile_are_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_params(tmp_path / "params.yaml")
    with pytest.raises(InputError, match=r"unknown profile 'fast'.*quick, standard, paper"):
        load_params(ROOT / "params.yaml", "fast")


def test_a_profile_file_that_names_another_profile_is_refused(tmp_path, values):
    (tmp_path / "profiles").mkdir()
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(values))
    (tmp_path / "profiles/quick.yaml").write_text("profile: paper\n")
    with pytest.raises(InputError, match="'profile' says 'paper', expected 'quick'"):
        load_params(tmp_path / "params.yaml", "quick")


def test_merging_goes_into_mappings_replaces_lists_and_changes_neither_side():
    base = {"a": {"b": 1, "c": [1, 2]}, "d": 1}
    override = {"a": {"c": [3]}, "d": {"e": 2}}
    before = copy.deepcopy((base, override))
    assert merge(base, override) == {"a": {"b": 1, "c": [3]}, "d": {"e": 2}}
    assert (base, override) == before


def test_a_profile_keeps_only_some_members_of_a_family_and_may_change_them():
    rows = {"a": {"labels": 1}, "b": {"labels": 2}, "c": {"labels": 3}}
    assert merge({"rows": rows}, {"rows": {"only": ["b", "c"], "c": {"labels": 4}}}) == {
        "rows": {"b": {"labels": 2}, "c": {"labels": 4}}
    }
    with pytest.raises(InputError, match="only: no 'd' among a, b, c"):
        merge(rows, {"only": ["a", "d"]})


def test_nothing_in_place_of_a_value_is_a_value():
    assert merge({"patience": 3}, {"patience": None}) == {"patience": None}


def test_a_paper_that_is_being_changed_does_not_stop_another_one(values, tmp_path):
    values["selfsup"]["bank"] = {"misspelt": 1}
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(values))
    params = load_params(path, only="don")
    assert set(params.papers) == {"don"} and set(params.values) == {"profile", "don"}
    assert load_params(path, only="").papers == {}
    for only in (None, "selfsup"):
        with pytest.raises(InputError, match=r"selfsup\.bank\.misspelt"):
            load_params(path, only=only)
    del values["don"]
    path.write_text(yaml.safe_dump(values))
    with pytest.raises(InputError, match="'don' is missing"):
        load_params(path, only="don")
