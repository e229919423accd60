import copy
import dataclasses
import functools
import inspect
import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from graspbook.core.errors import InputError
from graspbook.core.yaml_files import read_yaml
from graspbook.pipeline.params import (
    PROFILES,
    load_params,
    merge,
    paper_schema,
    profile_values,
    read_sections,
    validate,
    with_shared,
)
from graspbook.pipeline.stages import notebook_stages
from graspbook.selfsup.instance_segmentation.config import Row
from graspbook.selfsup.schema import Selfsup
from tests.conftest import settings_values

ROOT = Path(__file__).parents[2]
SLUGS = ("don", "joint", "latent", "mlgsl", "selfsup")


@pytest.fixture
def values():
    return {"profile": "standard"} | {slug: settings_values(slug) for slug in ("selfsup", "don")}


def put(values, place, value):
    """Set a value at a dotted place below `selfsup`."""
    *outer, last = place.split(".")
    found = values["selfsup"]
    for key in outer:
        found = found[key]
    found[last] = value


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


@pytest.mark.slow
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
        validate(values, "params")


def test_the_robot_that_goes_on_learning_needs_its_weights(values):
    del values["selfsup"]["grasp_errors"]["robots"]["mask2former-100"]
    put(values, "rows.mask2former-100.keep_weights", False)
    with pytest.raises(InputError, match="continual: none of the rows with keep_weights is 'mask2former-100'"):
        validate(values, "params")


def test_a_missing_key_and_a_paper_that_does_not_exist_are_named(values):
    del values["selfsup"]["train"]["steps"]
    with pytest.raises(InputError, match=r"key 'selfsup\.train\.steps' is missing"):
        validate(values, "params")
    with pytest.raises(InputError, match="unknown key 'slefsup'"):
        validate({"profile": "quick", "slefsup": {}}, "params")
    with pytest.raises(InputError, match=r"key 'profile'.*'fast'"):
        validate({"profile": "fast"}, "params")


def test_papers_are_found_by_their_module():
    assert paper_schema("selfsup") is Selfsup
    assert paper_schema("latent").__module__ == "graspbook.latent.schema", "a schema of more sections comes first"
    assert paper_schema("nowhere") is None
    assert paper_schema("errors") is None, "a module without a configuration"
    assert paper_schema("world") is None, "a room without a paper"
    with pytest.raises(AttributeError, match="no paper 'nowhere'"):
        _ = load_params(ROOT).nowhere


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


@pytest.fixture
def root(tmp_path, values):
    """A folder with the parameters of two papers, which share a block, and a profile."""
    (tmp_path / "params").mkdir()
    (tmp_path / "profiles").mkdir()
    write(tmp_path / "params/book.yaml", {"profile": "standard"})
    write(tmp_path / "params/shared.yaml", {"box": {"width": 1, "height": 2}})
    write(tmp_path / "params/don.yaml", {"train": {"box": {"shared": "box", "width": 3}}})
    write(tmp_path / "params/joint.yaml", {"box": {"shared": "box"}, "steps": 4})
    write(tmp_path / "profiles/quick.yaml", {"shared": {"box": {"height": 5}}, "joint": {"box": {"width": 6}}})
    return tmp_path


def write(path, content):
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def test_a_file_for_each_paper_makes_one_mapping_in_which_shared_blocks_stand_in_full(root):
    assert profile_values(root) == {
        "profile": "standard",
        "don": {"train": {"box": {"width": 3, "height": 2}}},
        "joint": {"box": {"width": 1, "height": 2}, "steps": 4},
    }
    assert list(profile_values(root)["don"]["train"]["box"]) == ["width", "height"], "in the order of the block"


def test_a_profile_changes_a_shared_block_for_all_and_a_paper_its_own(root):
    assert profile_values(root, "quick") == {
        "profile": "quick",
        "don": {"train": {"box": {"width": 3, "height": 5}}},
        "joint": {"box": {"width": 6, "height": 5}, "steps": 4},
    }


def test_shared_blocks_are_copies_and_have_to_be_there():
    blocks = {"a": {"list": [1]}}
    made = with_shared({"one": {"shared": "a"}, "two": {"shared": "a"}}, blocks)
    made["one"]["list"].append(2)
    assert made["two"] == blocks["a"] == {"list": [1]}
    with pytest.raises(InputError, match=r"params/shared\.yaml: no block 'c' among a"):
        with_shared({"one": {"shared": "c"}}, blocks)
    with pytest.raises(InputError, match="no block '\\['a'\\]'"):
        with_shared({"one": {"shared": ["a"]}}, blocks)


def test_a_missing_file_and_an_unknown_profile_are_named(tmp_path, root):
    with pytest.raises(InputError, match=r"params/book\.yaml: no such file"):
        load_params(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"unknown profile 'fast'.*quick, deep, standard, paper"):
        load_params(ROOT, "fast")
    write(root / "params/book.yaml", {"profile": "quick"})
    with pytest.raises(InputError, match="the profile is 'quick', and overlays are made for 'standard'"):
        profile_values(root, "smoke")


def leaves(overlay, *where):
    for key, value in overlay.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, *where, key)
        else:
            yield (*where, key)


def redundant(base, overlay):
    """The places of an overlay without which what comes out would be the same."""

    def laid_over(overlay):
        values = merge(base, overlay)
        return json.dumps(with_shared(values, values.pop("shared")))

    found = []
    for *outer, last in leaves(overlay):
        less = copy.deepcopy(overlay)
        del functools.reduce(dict.__getitem__, outer, less)[last]
        if laid_over(less) == laid_over(overlay):
            found.append(".".join(map(str, (*outer, last))))
    return found


def folder_values(root):
    return {path.stem: read_yaml(path) for path in (root / "params").glob("*.yaml")}


@pytest.mark.parametrize("profile", sorted({*PROFILES} - {"standard"}))
def test_an_overlay_holds_only_what_differs(profile):
    assert redundant(folder_values(ROOT), read_yaml(ROOT / "profiles" / f"{profile}.yaml")) == []


def test_a_value_of_an_overlay_that_differs_from_nothing_is_found(root):
    overlay = {"joint": {"steps": 4, "box": {"height": 2, "width": 7}}, "don": {"train": {"box": {"width": 3.0}}}}
    assert redundant(folder_values(root), overlay) == ["joint.steps", "joint.box.height"]


@pytest.mark.parametrize("slug", SLUGS)
def test_a_parameter_file_names_the_file_that_its_schema_is_in(slug):
    text = (ROOT / "params" / f"{slug}.yaml").read_text()
    [named] = re.findall(r"^# Schema: (\S+\.py);", text, re.MULTILINE)
    assert ROOT / named == Path(inspect.getfile(paper_schema(slug)))


@pytest.mark.parametrize("slug", SLUGS)
def test_below_the_heading_stand_sections_that_no_page_of_the_papers_own_experiments_reads(slug):
    text = (ROOT / "params" / f"{slug}.yaml").read_text()
    _, _, ours = text.partition("# --- Experiments of ours")
    _, _, ours = ours.partition("\n")
    sections = set(yaml.safe_load(ours) or {})
    stages = [stage for stage in notebook_stages(ROOT) if stage.slug == slug]
    readers = {section: [one for one in stages if section in one.sections] for section in sections}
    for section, reading in readers.items():
        assert len(reading) == 1 or {one.pipeline.parent.name for one in reading} == {"why"}, section
    assert bool(sections) == (slug != "don")


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


@pytest.mark.slow
def test_a_paper_that_is_being_changed_does_not_stop_another_one(tmp_path):
    shutil.copytree(ROOT / "params", tmp_path / "params")
    text = (tmp_path / "params/selfsup.yaml").read_text()
    (tmp_path / "params/selfsup.yaml").write_text(text.replace("\nbank:", "\nbank:\n  misspelt: 1"))
    params = load_params(tmp_path, only="don")
    assert set(params.papers) == {"don"} and set(params.values) == {"profile", "don"}
    assert load_params(tmp_path, only="").papers == {}
    for only in (None, "selfsup"):
        with pytest.raises(InputError, match=r"selfsup\.bank\.misspelt"):
            load_params(tmp_path, only=only)
    (tmp_path / "params/don.yaml").unlink()
    with pytest.raises(InputError, match="'don' is missing"):
        load_params(tmp_path, only="don")


def stated_defaults(config, values, *where):
    """The places where a file states what a class would take by default."""
    if isinstance(config, dict):
        for key, value in config.items():
            yield from stated_defaults(value, values[key], *where, key)
    if dataclasses.is_dataclass(config):
        for field in dataclasses.fields(config):
            if field.name in values:
                value = getattr(config, field.name)
                if value is not None and value == field.default:  # null says that nothing holds
                    yield ".".join((*where, field.name))
                yield from stated_defaults(value, values[field.name], *where, field.name)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_value_stands_in_the_parameters_or_is_the_default_of_a_class_and_never_both(slug):
    params = load_params(ROOT, only=slug)
    assert [*stated_defaults(params.papers[slug], params.values[slug])] == []
