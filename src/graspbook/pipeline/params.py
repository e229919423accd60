"""`params.yaml`, its schema, and the profiles that override it.

`params.yaml` holds the `standard` profile. `profiles/quick.yaml` and `profiles/paper.yaml` override it, key
by key. Everything is validated once, at the start, so that a misspelt key or a wrong type is refused before
any work is done; values are taken as they stand, never converted (`"5"` is not 5).
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from graspbook.errors import InputError
from graspbook.yaml_files import read_yaml

PROFILES = ("quick", "standard", "paper")

Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Grid = Annotated[list[Positive], Field(min_length=1)]
VariantName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]


class Section(BaseModel):
    """A part of the parameters; refuses unknown keys and silent conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _hub_weights_have_a_location(section: Any) -> Any:
    """Shared by every section with `weights` and `location` of a backbone."""
    if (section.weights == "hub") != (section.location is not None):
        raise ValueError("location must name the weights if, and only if, weights is 'hub'")
    return section


class World(Section):
    """The simulated bin-picking cell (`graspbook.world.config.WorldConfig` checks the details)."""

    height: Annotated[int, Field(ge=32)]
    samples: Count
    dials: dict[str, float]

    @model_validator(mode="after")
    def _accepted_by_the_world(self) -> "World":
        from graspbook.world.config import WorldConfig

        WorldConfig.from_mapping(self.model_dump())
        return self


class Collect(Section):
    """§IV-A: how many successful grasps to record, and from which seed."""

    seed: Annotated[int, Field(ge=0)]
    n_train: Count
    n_test: Count
    workers: Count


class Baselines(Section):
    """§IV-B: the thresholds among which each classical method chooses on training grasps."""

    n_grasps: Count
    kernel: Count
    subtract: Grid
    mog: Grid
    mog2: Grid
    lsbp: Grid


class Variant(Section):
    """One trained model of Table I."""

    labels: Count
    augment: bool


class Train(Section):
    """§III-A: the grasp segmentation network and how it is trained."""

    seed: Annotated[int, Field(ge=0)]
    steps: Count
    batch_size: Count
    learning_rate: Positive
    schedule: Literal["constant", "cosine"]
    normalise: Literal["pixels", "weight"]
    precision: Literal["float32", "bfloat16"]
    held_out: Count
    evaluate_every: Count
    patience: Count | None
    backbone: Literal["mobilenet_v2", "resnet50"]
    weights: Literal["bundled", "hub", "random"]
    location: str | None
    fpn_channels: Annotated[int, Field(ge=4, multiple_of=4)]
    first_layer: Literal["random", "inflated"]
    freeze_norm: bool
    variants: Annotated[dict[VariantName, Variant], Field(min_length=1)]

    _check_location = model_validator(mode="after")(_hub_weights_have_a_location)


class Evaluate(Section):
    """§III-B.1 and §IV-C: the filter's thresholds and the bootstrap behind every interval."""

    seed: Annotated[int, Field(ge=0)]
    replicates: Annotated[int, Field(ge=20)]
    t_occ: Fraction
    t_ent: Positive
    contour_area: Positive


class DialCurves(Section):
    """The dial figure: how many levels of each dial, and how many test grasps at each."""

    seed: Annotated[int, Field(ge=0)]
    levels: Annotated[int, Field(ge=2, le=5)]
    n_grasps: Count
    workers: Count


class ScenesSection(Section):
    """§V: how many grasps stay unlabelled, and how many images are labelled."""

    seed: Annotated[int, Field(ge=0)]
    n_unlabelled: Count
    n_labelled: Count
    workers: Count


class Bank(Section):
    """§III-B.1: how the object banks are judged against the simulator's truth."""

    seed: Annotated[int, Field(ge=0)]
    replicates: Annotated[int, Field(ge=20)]
    n_compared: Count


class Paste(Section):
    """§III-B.2: how many composites the notebook on cut and paste makes."""

    seed: Annotated[int, Field(ge=0)]
    shown: Count
    n_composites: Count


class Inpainter(Section):
    """§III-B.3: what repaints the outlines of pasted objects."""

    dilate: Positive
    denoising_steps: Count
    strength: Annotated[float, Field(gt=0, le=1)]
    engine: Literal["bundled", "stable-diffusion"]
    location: str | None

    @model_validator(mode="after")
    def _location_where_needed(self) -> "Inpainter":
        if (self.engine == "stable-diffusion") != (self.location is not None):
            raise ValueError("location must name the pipeline if, and only if, engine is 'stable-diffusion'")
        return self


class Inpaint(Section):
    """§III-B.3: how the bundled inpainting model is trained, and how real its outlines look."""

    seed: Annotated[int, Field(ge=0)]
    channels: Annotated[list[Annotated[int, Field(ge=8, multiple_of=8)]], Field(min_length=1)]
    train_steps: Count
    batch_size: Count
    learning_rate: Positive
    n_scenes: Count
    n_realism: Count
    classifier_steps: Count


class Start(Section):
    """What every Mask2Former starts from: a training on pictures of random shapes (ours)."""

    seed: Annotated[int, Field(ge=0)]
    scenes: Count
    steps: Count
    batch_size: Count
    learning_rate: Positive


class Row(Section):
    """One row of Table II, or of a curve beside it."""

    title: str
    labels: Count
    model: Literal["mask2former", "mask_rcnn"] = "mask2former"
    bank: Literal["none", "train", "subtract-filter", "grasp-100", "grasp-100-filter"] = "none"
    grasps: Count = 1
    inpaint: bool = False
    robust: bool = False
    single: bool = False
    keep_weights: bool = False


class Network(Section):
    """§III-B.4: the instance segmentation network (`Mask2FormerSettings`)."""

    height: Annotated[int, Field(ge=32)]
    backbone: Literal["mobilenet_v2", "resnet50"]
    weights: Literal["bundled", "hub", "random"]
    location: str | None
    queries: Count
    hidden: Annotated[int, Field(ge=8, multiple_of=8)]
    encoder_layers: Count
    encoder_feedforward: Count
    decoder_layers: Annotated[int, Field(ge=2)]
    feedforward: Count
    points: Count
    positions: bool

    _check_location = model_validator(mode="after")(_hub_weights_have_a_location)


class Segment(Section):
    """§V: how every row of Table II is trained."""

    seed: Annotated[int, Field(ge=0)]
    start: Literal["generic", "none"]
    steps: Count
    batch_size: Annotated[int, Field(ge=2)]
    learning_rate: Positive
    backbone_factor: Positive
    weight_decay: Annotated[float, Field(ge=0)]
    warm_up: Fraction
    clip: Positive
    evaluate_every: Count
    patience: Count | None
    validation: Count
    precision: Literal["float32", "bfloat16"]
    margin: Fraction
    min_objects: Annotated[int, Field(ge=0)]
    max_objects: Annotated[int, Field(ge=0)]
    min_area: Annotated[float, Field(ge=0)]
    variants: Annotated[dict[VariantName, Row], Field(min_length=1)]


class Instances(Section):
    """§V-B: the bootstrap behind Table II, and which rows are points of the two curves."""

    seed: Annotated[int, Field(ge=0)]
    replicates: Annotated[int, Field(ge=20)]
    labels_of: dict[str, Annotated[int, Field(ge=0)]]
    grasps_of: dict[str, Annotated[int, Field(ge=0)]]


class Students(Section):
    """The experiment behind the robust set loss: students taught by the masks of a bank, one per margin."""

    seed: Annotated[int, Field(ge=0)]
    masks: Annotated[int, Field(ge=4)]
    steps: Count
    students: Count
    margins: list[Annotated[float, Field(gt=0, le=1)]]

    @field_validator("margins")
    @classmethod
    def _with_the_two_compared(cls, margins: list[float]) -> list[float]:
        if not {1.0, 0.7} <= set(margins):
            raise ValueError(f"expected 1 (the plain loss) and 0.7 (the paper's) among the margins, got {margins}")
        return margins


class Pick(Section):
    """§VI-A: how long each robot picks, and what it believes."""

    seed: Annotated[int, Field(ge=0)]
    bins: Annotated[int, Field(ge=2)]
    attempts: Count
    threshold: Fraction
    workers: Count


class GraspErrors(Section):
    """§VI-B, §VI-C: the robots of Table III, the bootstrap behind it, and Figure 4."""

    seed: Annotated[int, Field(ge=0)]
    replicates: Annotated[int, Field(ge=20)]
    robots: Annotated[dict[VariantName, str], Field(min_length=1)]
    shown: Count
    looked_at: Count


class WithoutChoice(Section):
    """Ours: the robots of Table III, given one mask at random, and true masks, some of them spoilt."""

    bins: Annotated[int, Field(ge=2)]
    rates: Annotated[list[Fraction], Field(min_length=1)]
    replicates: Annotated[int, Field(ge=20)]
    workers: Count


class Continual(Section):
    """Ours: how a robot goes on learning from its own grasps, round by round."""

    seed: Annotated[int, Field(ge=0)]
    bins: Annotated[int, Field(ge=1)]
    enter_round: Count
    share_new: Fraction
    labels: Count
    inpaint: bool
    steps: Count
    batch_size: Annotated[int, Field(ge=2)]
    learning_rate: Positive
    test_bins: Annotated[int, Field(ge=2)]
    test_images: Count
    attempts: Count
    threshold: Fraction
    replicates: Annotated[int, Field(ge=20)]
    workers: Count


class Film(Section):
    """The film strip: which bin is emptied, by which robot."""

    seed: Annotated[int, Field(ge=0)]
    robot: VariantName
    attempts: Count
    threshold: Fraction


class Selfsup(Section):
    """Parameters of the paper "Self-Supervised Instance Segmentation by Grasping"."""

    world: World
    collect: Collect
    baselines: Baselines
    train: Train
    evaluate: Evaluate
    dials: DialCurves
    scenes: ScenesSection
    bank: Bank
    paste: Paste
    inpainter: Inpainter
    inpaint: Inpaint
    network: Network
    start: Start
    segment: Segment
    instances: Instances
    students: Students
    pick: Pick
    grasp_errors: GraspErrors
    without_choice: WithoutChoice
    continual: Continual
    film: Film

    @model_validator(mode="after")
    def _enough_training_grasps(self) -> "Selfsup":
        most = max(variant.labels for variant in self.train.variants.values())
        if most + self.train.held_out > self.collect.n_train:
            raise ValueError(
                f"collect.n_train is {self.collect.n_train}, but the largest variant needs {most} "
                f"labelled and {self.train.held_out} held-out grasps (train.held_out)"
            )
        return self

    @model_validator(mode="after")
    def _enough_labelled_images(self) -> "Selfsup":
        most = max(row.labels for row in self.segment.variants.values())
        if most > self.scenes.n_labelled:
            raise ValueError(f"scenes.n_labelled is {self.scenes.n_labelled}, but a row of segment needs {most}")
        bought = self.scenes.n_labelled - self.train.variants["grasp-100"].labels
        if bought > self.scenes.n_unlabelled:
            raise ValueError(
                f"scenes.n_labelled asks for labels of {bought} unlabelled grasps, "
                f"but scenes.n_unlabelled is {self.scenes.n_unlabelled}"
            )
        return self


class Params(Section):
    """Everything that `params.yaml` may say."""

    profile: Literal["quick", "standard", "paper"]
    selfsup: Selfsup


def merge(base: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    """`base` with the values of `override` in place of its own, mapping by mapping; neither is changed."""
    merged = dict(base)
    for key, value in override.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def validate(values: dict[str, Any], source: str) -> Params:
    """The validated parameters.

    Args:
        values: Nested mapping, as read from YAML.
        source: File name for the error message.

    Raises:
        InputError: Names `source`, the key and what was expected there.
    """
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        complaints = [_complaint(detail) for detail in error.errors()]
        raise InputError(f"{source}: " + "; ".join(complaints)) from None


def _complaint(detail: Any) -> str:
    key = ".".join(str(part) for part in detail["loc"] if part != "[key]") or "(whole file)"
    match detail["type"]:
        case "extra_forbidden":
            return f"unknown key '{key}'"
        case "missing":
            return f"key '{key}' is missing"
    message = detail["msg"].removeprefix("Value error, ")
    found = detail["input"]
    if isinstance(found, dict):
        return f"key '{key}': {message}"
    hint = ""
    if isinstance(found, str) and detail["type"] == "float_type":
        # YAML 1.1 reads 5e-6 as text: only a decimal point makes it a number.
        hint = " (write an exponent with a decimal point: 5.0e-6)"
    return f"key '{key}': {message}, found {found!r}{hint}"


def profile_values(root: Path, profile: str) -> dict[str, Any]:
    """The nested mapping of `profile`, unvalidated: `params.yaml` with the profile's file merged over it.

    Raises:
        InputError: Unknown profile, or an unreadable file.
    """
    if profile not in PROFILES:
        raise InputError(f"unknown profile '{profile}': expected one of {', '.join(PROFILES)}")
    values = read_yaml(root / "params.yaml")
    if profile == values.get("profile"):
        return values
    if profile == "standard":
        raise InputError(f"{root / 'params.yaml'}: key 'profile' is {values.get('profile')!r}, not 'standard'")
    return merge(values, read_yaml(root / "profiles" / f"{profile}.yaml"))


def load_params(path: Path = Path("params.yaml"), profile: str | None = None) -> Params:
    """Read and validate a parameter file.

    Args:
        path: A complete parameter file, normally `params.yaml`.
        profile: Where given, merge `profiles/<profile>.yaml`, beside `path`, over it first.

    Raises:
        InputError: Names the file, the key and what was expected there.
    """
    path = Path(path)
    if profile is None:
        return validate(read_yaml(path), str(path))
    source = str(path) if profile == "standard" else f"{path} with profiles/{profile}.yaml"
    params = validate(profile_values(path.parent, profile), source)
    if params.profile != profile:
        raise InputError(f"{source}: key 'profile' says '{params.profile}', expected '{profile}'")
    return params


def section_parameters(
    params: Params, section: str, settings: dict[str, Any] | None = None, extra_sections: tuple[str, ...] = ()
) -> dict[str, Any]:
    """What a notebook is given: the keys of one section, `profile`, and settings from the command line.

    Where the section has `variants` and the settings name one (`variant`), the entries of that variant take
    the place of the whole table, so that the notebook cannot depend on its siblings.

    Args:
        params: Validated parameters.
        section: Dotted name such as `selfsup.train`; "" for none.
        settings: Further parameters, such as `{"variant": "grasp-100"}`.
        extra_sections: Sections passed whole, as one mapping named by their last part (`selfsup.world`
            arrives as `world`).

    Raises:
        InputError: No such section or variant.
    """
    settings = dict(settings or {})
    values = _find(params, section) if section else {}
    if "variant" in settings and "variants" in values:
        variants = values.pop("variants")
        if settings["variant"] not in variants:
            raise InputError(
                f"params.yaml: '{section}.variants' has no '{settings['variant']}', "
                f"expected one of {', '.join(variants)}"
            )
        values |= variants[settings["variant"]]
    values |= {name.rpartition(".")[2]: _find(params, name) for name in extra_sections}
    return {"profile": params.profile} | values | settings


def _find(params: Params, section: str) -> dict[str, Any]:
    found: Any = params
    for part in section.split("."):
        found = getattr(found, part, None) if part in type(found).model_fields else None
        if not isinstance(found, BaseModel):
            raise InputError(f"params.yaml: no section '{section}' (stopped at '{part}')")
    return found.model_dump(mode="json")
