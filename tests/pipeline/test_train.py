"""`graspbook train` leaves what the row's page finds: the page's own cells run after it, and may not train."""

import contextlib
import hashlib
import re
import shutil
from pathlib import Path

import matplotlib
import pytest
import torch
import yaml
from jaxtyping import TypeCheckError
from typer.testing import CliRunner

from graspbook.core.errors import InputError
from graspbook.data.coco import CocoScenes, write_scenes
from graspbook.don.scenes.collect import SETS, collect_scenes
from graspbook.instances.registry import build_instance_model, save_instance_model
from graspbook.joint.streets import SPLITS as STREETS
from graspbook.latent.apparel.collect import SPLITS, collect_totes
from graspbook.mlgsl.grasp_data.collect import collect_images
from graspbook.mlgsl.grasp_data.episode import TableWorld
from graspbook.pipeline.cli import app
from graspbook.pipeline.params import load_params, merge, profile_values
from graspbook.pipeline.sources import code_cells, read_notebook
from graspbook.pipeline.train import every_training, papers_with_rows, train
from graspbook.selfsup.instance_segmentation.generic_scenes import GenericScenes
from graspbook.selfsup.pasting.bank import bank_of_scenes
from graspbook.training import fit
from graspbook.world.aisle.collect import collect_streets
from graspbook.world.bin.collect import collect

ROOT = Path(__file__).parents[2]
TINY = {
    "don": {"trainings": {"table-1": {"cross": {"seeds": 1}}}},
    "joint": {"trainings": {"mobilenet": {"only": ["mobilenet-4"], "mobilenet-4": {"seeds": 1}}}},
    "latent": {"sets": {"trainings": {"aisle": {"only": ["aisle-latent"]}}}},
    "selfsup": {
        "collect": {"n_train": 16, "n_test": 4},
        "models": {name: {"labels": 4} for name in ("grasp-100-noaug", "grasp-100", "grasp-200")},
        "scenes": {"n_unlabelled": 96},
    },
}
"""What is smaller here than at `smoke`."""
TRAINS = re.compile(r"^\s*trained = ", re.MULTILINE)
"""The cell of a page in which it trains."""


def make_don(config):
    for name in SETS:
        collect_scenes(Path("artifacts/don/scenes") / name, name, config.scenes)


def make_joint(config):
    counts = {STREETS[name]: getattr(config.data, f"n_{name}") for name in STREETS}
    collect_streets(Path("artifacts/joint/aisle"), counts, config.world, config.data.seed)


def make_latent(config):
    for split in SPLITS:
        collect_totes(Path("artifacts/latent/apparel"), split, getattr(config.apparel, f"n_{split}"), config.apparel)


def make_mlgsl(config):
    world = TableWorld(config.world.camera, config.world.objects, config.world.gripper)
    for split in ("train", "validation", "test"):
        count = getattr(config.data, f"n_{split}")
        collect_images(Path("artifacts/mlgsl/grasps") / split, split, count, world, config.data)


def make_selfsup(config):
    """Grasps are collected; labelled images are pictures of shapes, which look alike to a training."""
    collect("artifacts/selfsup/grasps/train", "train", config.collect.n_train, config.collect.seed, config.world)
    here, height = Path("artifacts/selfsup"), config.network.height
    for seed, split in enumerate(("train", "validation", "test")):
        pictures = GenericScenes(8, height, seed)
        write_scenes(here / "scenes" / split, (pictures[k] for k in range(8)), range(8))
    bank_of_scenes(CocoScenes(here / "scenes/train/annotations.json", height), here / "banks/train.parquet")
    model = build_instance_model("mask2former", config.network.mask2former, None, 0)
    save_instance_model(model, "mask2former", here / "models/generic-start.safetensors")


MAKERS = {"don": make_don, "joint": make_joint, "latent": make_latent, "mlgsl": make_mlgsl, "selfsup": make_selfsup}


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A folder with the pipeline files and the parameters of a very small profile, called standard."""
    root = tmp_path_factory.mktemp("repository")
    values = merge(profile_values(ROOT, "smoke"), TINY)
    (root / "params").mkdir()
    (root / "params/book.yaml").write_text("profile: standard\n")
    for slug in papers_with_rows():
        (root / f"params/{slug}.yaml").write_text(yaml.safe_dump(values[slug], sort_keys=False))
    for path in (ROOT / "notebooks").rglob("dvc.yaml"):
        (root / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, root / path.relative_to(ROOT))
    shutil.copy(ROOT / "dvc.yaml", root)
    (root / "data").symlink_to(ROOT / "data")
    return root


@pytest.fixture(scope="module")
def made(repository):
    """A maker of a paper's data in that folder, once."""
    done = set()

    def make(slug):
        if slug not in done:
            with contextlib.chdir(repository):
                MAKERS[slug](getattr(load_params(repository, only=slug), slug))
            done.add(slug)

    return make


def run_page(root, page, **parameters):
    """Run a page's cells in this process, as far as the one in which it trains."""
    with contextlib.chdir(root):
        names = {}
        for number, code in enumerate(code_cells(read_notebook(ROOT / "notebooks" / page))):
            with contextlib.suppress(TypeCheckError):  # tests check types at run time, pages do not
                exec(compile(code, page, "exec"), names)
            if number == 0:  # the cell tagged parameters
                names |= parameters
            if TRAINS.search(code):
                return
    raise AssertionError(f"{page}: no cell trains")


def hashes(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def threads():
    """What the page sets in this process is set back."""
    matplotlib.use("Agg")
    yield
    torch.set_flush_denormal(False)
    matplotlib.pyplot.close("all")


PAGES = [
    ("don", "don/03_training.ipynb", {"family": "table-1"}, ["cross", "nt-xent-multi-aug"]),
    ("don", "don/03_training.ipynb", {"family": "beyond"}, ["all-three"]),
    ("joint", "joint/04_training.ipynb", {"family": "mobilenet"}, ["mobilenet-4"]),
    ("joint", "joint/04_training.ipynb", {"family": "mask-rcnn"}, ["mask-rcnn"]),
    ("latent", "latent/03_a_code_that_is_used.ipynb", {"family": "items"}, ["items-coordinates"]),
    ("latent", "latent/07_two_more_sets.ipynb", {"family": "aisle"}, ["aisle-latent"]),
    ("mlgsl", "mlgsl/03_training.ipynb", {"family": "clutter"}, ["clutter-16"]),
    ("selfsup", "selfsup/03_training_grasp_segmentation.ipynb", {"variant": "grasp-100"}, ["grasp-100"]),
    ("selfsup", "selfsup/11_training_instance_segmentation.ipynb", {"variant": "paste-train"}, ["paste-train"]),
]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("slug", "page", "member", "rows"), PAGES)
def test_the_page_finds_what_the_command_has_trained(slug, page, member, rows, repository, made, monkeypatch, threads):
    made(slug)
    shutil.rmtree(repository / "scratch", ignore_errors=True)
    said = []
    for row in rows:
        train(repository, slug, row, None, None, said.append)
        assert ": trained, " in said[-1]
        train(repository, slug, row, None, None, said.append)
        assert ": found, " in said[-1]
    trainings = repository / "scratch/trainings"
    before = hashes(trainings)

    def never(*_):
        raise AssertionError("the page trains")

    monkeypatch.setattr(fit, "_train", never)
    run_page(repository, page, out="reports/page", **member)
    assert hashes(trainings) == before
    if slug == "don":  # and what the page would have trained has the same bytes
        monkeypatch.undo()
        shutil.rmtree(trainings)
        run_page(repository, page, out="reports/page", **member)
        assert hashes(trainings) == before


def test_every_row_that_params_name_can_be_trained():
    values = profile_values(ROOT)
    for slug in papers_with_rows():
        sections = values[slug]
        families = [*sections.get("trainings", {}).values(), *sections.get("sets", {}).get("trainings", {}).values()]
        rows = [name for family in families for name in family] or [*sections["models"], *sections["rows"]]
        assert list(dict.fromkeys(name for name, _ in every_training(ROOT, slug, None))) == rows
    assert ("cross", 5) in every_training(ROOT, "don", None)
    assert ("cross", 5) not in every_training(ROOT, "don", "smoke")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["don", "nonsense"], "error: don has no row 'nonsense': expected one of pixelwise, pixelwise-aug, "),
        (
            ["nobody", "row"],
            "error: no paper 'nobody' that trains rows: expected one of don, joint, latent, mlgsl, selfsup",
        ),
        (["don", "scenes-1", "--seed", "9"], "error: seed 9: the page of scenes-1 has seeds 1, 2, 3"),
        (["selfsup", "paste-grasp-filter", "--seed", "2"], "error: seed 2: the page of paste-grasp-filter has seed 1"),
        (
            ["don", "scenes-1", "--profile", "quick"],
            "error: runs/quick: there is no such workspace; `graspbook reproduce",
        ),
        (["don", "scenes-1"], "`dvc repro notebooks/don/dvc.yaml:scenes` makes it"),
        (["selfsup", "paste-grasp"], "`dvc repro notebooks/selfsup/dvc.yaml:scenes` makes it"),
    ],
)
def test_what_cannot_be_trained_is_one_error(arguments, message, tmp_path, monkeypatch):
    for name in ("params", "profiles", "notebooks"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(app, ["train", *arguments])
    assert said.exit_code == 1 and message in said.output
    assert not (tmp_path / "scratch").exists()


def test_a_workspace_of_other_parameters_is_refused(tmp_path, monkeypatch):
    for name in ("params", "profiles", "notebooks"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "params", tmp_path / "runs/quick/params")
    with pytest.raises(InputError, match=r"runs/quick/params: other parameters than profiles/quick\.yaml now says"):
        train(tmp_path, "don", "scenes-1", None, "quick", print)


def test_without_a_row_the_command_lists_rows_and_seeds(monkeypatch):
    monkeypatch.chdir(ROOT)
    lines = CliRunner().invoke(app, ["train", "mlgsl"]).output.splitlines()
    assert lines[:4] == ["mlgsl-16 1", "mlgsl-16 2", "mlgsl-16 3", "mlgsl-2 1"]
