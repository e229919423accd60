import copy
from pathlib import Path

import pytest
import yaml

from graspbook.errors import InputError
from graspbook.pipeline.params import PROFILES, load_params, merge, section_parameters, validate
from graspbook.yaml_files import read_yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture
def standard():
    return read_yaml(ROOT / "params.yaml")


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_valid(profile):
    assert load_params(ROOT / "params.yaml", profile).profile == profile


def test_the_paper_profile_states_every_value_itself(standard):
    def keys(values):
        return (
            {(key, *rest) for key, value in values.items() for rest in keys(value)}
            if isinstance(values, dict)
            else {()}
        )

    assert keys(read_yaml(ROOT / "profiles/paper.yaml")) == keys(standard)


def test_the_paper_profile_has_the_printed_settings():
    selfsup = load_params(ROOT / "params.yaml", "paper").selfsup
    assert selfsup.world.height == 640
    assert selfsup.collect.n_train + selfsup.collect.n_test == 110_000
    assert selfsup.collect.n_test == 6000
    assert (selfsup.train.learning_rate, selfsup.train.batch_size) == (5e-6, 8)
    assert (selfsup.train.backbone, selfsup.train.weights, selfsup.train.first_layer) == ("resnet50", "hub", "random")
    assert {name: (v.labels, v.augment) for name, v in selfsup.train.variants.items()} == {
        "grasp-100-noaug": (100, False),
        "grasp-100": (100, True),
        "grasp-200": (200, True),
    }
    assert (selfsup.evaluate.t_occ, selfsup.evaluate.t_ent, selfsup.evaluate.contour_area) == (0.95, 0.1, 1000)


def test_the_profiles_train_the_same_models(standard):
    names = [list(load_params(ROOT / "params.yaml", p).selfsup.train.variants) for p in PROFILES]
    assert names[0] == names[1] == names[2]


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("selfsup", "collect", "n_trian"), 3, "unknown key 'selfsup.collect.n_trian'"),
        (("selfsup", "train", "steps"), "100", "key 'selfsup.train.steps'.*valid integer.*'100'"),
        (("selfsup", "train", "steps"), True, "key 'selfsup.train.steps'"),
        (("selfsup", "train", "steps"), 0, "key 'selfsup.train.steps'.*greater than or equal to 1"),
        (("selfsup", "train", "learning_rate"), "5e-6", "write an exponent with a decimal point"),
        (("selfsup", "train", "learning_rate"), -1.0, "key 'selfsup.train.learning_rate'"),
        (("selfsup", "train", "backbone"), "vgg", "key 'selfsup.train.backbone'.*mobilenet_v2"),
        (("selfsup", "train", "weights"), "hub", "location must name the weights"),
        (("selfsup", "train", "variants", "grasp-100", "augment"), "false", "variants.grasp-100.augment"),
        (("selfsup", "train", "variants"), {}, "key 'selfsup.train.variants'"),
        (("selfsup", "baselines", "mog"), [], "key 'selfsup.baselines.mog'"),
        (("selfsup", "evaluate", "t_occ"), 1.5, "key 'selfsup.evaluate.t_occ'"),
        (("selfsup", "collect", "n_train"), 100, "largest variant needs 200 labelled and 60 held-out"),
        (("selfsup", "world", "dials", "wall_reflectence"), 0.1, "wall_reflectence"),
        (("selfsup", "world", "dials", "wall_reflectance"), 7.0, "wall_reflectance"),
        (("selfsup", "students", "margins"), [1.0, 0.5], "margins.*expected 1 .*and 0.7"),
        (("profile",), "fast", "key 'profile'"),
    ],
)
def test_a_wrong_value_is_refused_by_file_and_key(standard, path, value, complaint):
    place = standard
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(InputError, match=complaint) as raised:
        validate(standard, "some.yaml")
    assert str(raised.value).startswith("some.yaml: ")


def test_a_missing_key_is_named(standard):
    del standard["selfsup"]["train"]["steps"]
    with pytest.raises(InputError, match=r"key 'selfsup\.train\.steps' is missing"):
        validate(standard, "params.yaml")


@pytest.mark.parametrize(
    ("text", "complaint"), [("a: [", "not valid YAML"), ("- 1\n", "expected a mapping"), ("", "expected a mapping")]
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path, text, complaint):
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(InputError, match=complaint):
        load_params(tmp_path / "params.yaml")


def test_a_missing_file_and_an_unknown_profile_are_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_params(tmp_path / "params.yaml")
    with pytest.raises(InputError, match=r"unknown profile 'fast'.*quick, standard, paper"):
        load_params(ROOT / "params.yaml", "fast")


def test_a_profile_file_that_names_another_profile_is_refused(tmp_path, standard):
    (tmp_path / "profiles").mkdir()
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(standard))
    (tmp_path / "profiles/quick.yaml").write_text("profile: paper\n")
    with pytest.raises(InputError, match="'profile' says 'paper', expected 'quick'"):
        load_params(tmp_path / "params.yaml", "quick")


def test_merging_goes_into_mappings_replaces_lists_and_changes_neither_side():
    base = {"a": {"b": 1, "c": [1, 2]}, "d": 1}
    override = {"a": {"c": [3]}, "d": {"e": 2}}
    before = copy.deepcopy((base, override))
    assert merge(base, override) == {"a": {"b": 1, "c": [3]}, "d": {"e": 2}}
    assert (base, override) == before


def test_a_section_arrives_as_its_own_keys_and_the_profile(standard):
    params = validate(standard, "params.yaml")
    assert section_parameters(params, "selfsup.evaluate") == {"profile": "standard"} | standard["selfsup"]["evaluate"]
    assert section_parameters(params, "") == {"profile": "standard"}


def test_a_whole_section_and_settings_arrive_beside_it(standard):
    params = validate(standard, "params.yaml")
    given = section_parameters(params, "selfsup.collect", {"extra": [1]}, ("selfsup.world",))
    assert given["world"] == standard["selfsup"]["world"]
    assert given["extra"] == [1]
    assert given["n_train"] == standard["selfsup"]["collect"]["n_train"]


def test_a_variant_takes_the_place_of_the_table_of_variants(standard):
    params = validate(standard, "params.yaml")
    given = section_parameters(params, "selfsup.train", {"variant": "grasp-100-noaug"})
    assert (given["variant"], given["labels"], given["augment"]) == ("grasp-100-noaug", 100, False)
    assert "variants" not in given
    with pytest.raises(InputError, match="has no 'grasp-9', expected one of grasp-100-noaug"):
        section_parameters(params, "selfsup.train", {"variant": "grasp-9"})


def test_an_unknown_section_is_named(standard):
    with pytest.raises(InputError, match=r"no section 'selfsup\.trian' \(stopped at 'trian'\)"):
        section_parameters(validate(standard, "params.yaml"), "selfsup.trian")
