"""Fingerprints of the book's own code: moves and names change none, no edit that changes a result goes unnoticed."""

import ast
import hashlib
import multiprocessing
import pickle
import random
import re
import shutil
import signal
import sys
from pathlib import Path

import pytest

from graspbook.core.fingerprint import code_hashes, page_fingerprint, page_reaches
from graspbook.core.modules import Definition
from graspbook.core.syntax import dotted_imports
from graspbook.pipeline.sources import code_cells, notebook_fingerprints, read_notebook, source_notebooks

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGE = """
import numpy as np
import torch
from graspbook.don.losses import match_loss, non_match_loss, nt_xent
from graspbook.joint.superpixels import superpixels, to_lab, under_segmentation_error
from graspbook.mlgsl import losses
from graspbook.statistics.bootstrap import bootstrap_weights
from graspbook.statistics.intervals import interval
from graspbook.training.schedule import cosine_rate

rng, draw = np.random.default_rng(1), torch.Generator().manual_seed(1)
maps, targets = torch.rand(2, 4, 12, 12, generator=draw), torch.rand(2, 4, 12, 12, generator=draw)
labels = torch.tensor([[[3.0, 4.0, 0.3, 5.0], [7.0, 2.0, -0.4, 4.0]], [[1.0, 9.0, 1.1, 6.0], [torch.nan] * 4]])
results = [f(maps, labels) for f in (losses.mlgsl, losses.mlgsl_log, losses.pixmse)]
results += [losses.imgmse(maps, targets), losses.imgbce(maps, targets)]
a, b = torch.rand(2, 6, 3, generator=draw)
results += [match_loss(a, b), nt_xent(a, b, 0.1), nt_xent(a, b, 0.2, a)]
results.append(non_match_loss(a, b[None].repeat(6, 1, 1), torch.rand(6, 6, generator=draw) > 0.3, 0.5))
image = (255 * torch.rand(16, 24, 3, generator=draw)).to(torch.uint8)
found = superpixels(image, 4)
results += [to_lab(image), found, torch.tensor(under_segmentation_error(found, (image[..., 0] > 128).int()))]
weights = bootstrap_weights(np.repeat(np.arange(5), 3), 50, rng)
results += [torch.from_numpy(weights), torch.tensor([float(end) for end in interval(weights @ rng.random(15))])]
results.append(torch.tensor([cosine_rate(0.1, step, 10, 0.2) for step in range(10)]))
"""
SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.Pow: ast.Mult}
SWAPS |= {ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
SWAPS |= {ast.And: ast.Or, ast.Or: ast.And}


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A copy of what fingerprints are made of, which tests leave as they found it."""
    root = tmp_path_factory.mktemp("copy")
    for name in ("src", "notebooks"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "dvc.lock"))
    shutil.copyfile(ROOT / "dvc.yaml", root / "dvc.yaml")
    return root


@pytest.fixture(scope="module")
def before(copied):
    """The fingerprints of all pages, one below another."""
    return of_pages(copied)


def of_pages(root):
    found = notebook_fingerprints(root)
    return {f"{slug}/{name}" if slug else name: one for slug, pages in found.items() for name, one in pages.items()}


def replace(root, old, new):
    """Replace a word in all code of a copy, also in its notebooks; returns the files as they were."""
    before = {}
    for path in [*(root / "src").rglob("*.py"), *(root / "notebooks").rglob("*.ipynb")]:
        text = path.read_text()
        changed = re.sub(rf"\b{old}\b", new, text)
        if changed != text:
            before[path] = text
            path.write_text(changed)
    assert before, old
    return before


def restore(*replaced):
    for before in reversed(replaced):
        for path, text in before.items():
            path.write_text(text)


def test_a_moved_module_a_renamed_loss_and_two_merged_modules_change_no_page(copied, before):
    package = copied / "src/graspbook"
    moved, target = package / "reporting/plotting.py", package / "drawing.py"
    merged, into = package / "training/schedule.py", package / "training/seeds.py"
    kept = {path: path.read_text() for path in (moved, merged, into)}
    changed = [
        replace(copied, "graspbook.reporting.plotting", "graspbook.drawing"),
        replace(copied, "graspbook.reporting import plotting", "graspbook import drawing as plotting"),
        replace(copied, "nt_xent", "contrastive_loss"),
        replace(copied, "graspbook.training.schedule", "graspbook.training.seeds"),
    ]
    moved.rename(target)
    into.write_text(into.read_text() + "\n\n" + merged.read_text())
    merged.unlink()
    try:
        assert of_pages(copied) == before
    finally:
        target.unlink()
        restore(*changed, kept)


def test_a_constant_in_a_loss_changes_the_pages_that_reach_it_and_no_other(copied, before):
    hashes, smallest = code_hashes(copied / "src"), Definition("graspbook.mlgsl.losses", "SMALLEST")
    reaching = {
        path.relative_to(copied / "notebooks").with_suffix("").as_posix()
        for path in source_notebooks(copied)
        if smallest in page_reaches(code_cells(read_notebook(path)), hashes)
    }
    loss = copied / "src/graspbook/mlgsl/losses.py"
    text = loss.read_text()
    loss.write_text(text.replace("SMALLEST = 1e-4", "SMALLEST = 1e-3"))
    try:
        after = of_pages(copied)
    finally:
        loss.write_text(text)
    assert {page for page in before if before[page] != after[page]} == reaching
    assert "mlgsl/03_training" in reaching and {page.split("/")[0] for page in reaching} == {"mlgsl"}


def run(src):
    """What the page computes with the package in a folder, as a hash, or that it fails; in a process of its own."""
    ours, theirs = multiprocessing.get_context("fork").Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_compute, args=(src, theirs))
    process.start()
    theirs.close()
    try:
        return ours.recv()
    except EOFError:  # it hung, and was ended
        return "no result"
    finally:
        process.join()


def _compute(src, pipe):
    signal.alarm(20)
    for name in [name for name in sys.modules if name.split(".")[0] == "graspbook"]:
        del sys.modules[name]
    sys.path.insert(0, str(src))
    names = {}
    try:
        exec(PAGE, names)
        values = [result.detach().numpy() for result in names["results"]]
        content = hashlib.sha256(
            pickle.dumps([(one.dtype.str, one.shape, one.tobytes()) for one in values])
        ).hexdigest()
    except Exception as error:
        content = f"{type(error).__name__}: {error}"
    pipe.send(content)


def edits(tree):
    """All small edits of a module: functions that make one, and undo it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            yield node, "value", node.value + 1
        if isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in SWAPS:
            yield node, "op", SWAPS[type(node.op)]()
        if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
            yield node, "ops", [SWAPS[type(node.ops[0])](), *node.ops[1:]]
        if isinstance(node, ast.FunctionDef) and len(node.body) > 2:
            yield node, "body", [*node.body[:-2], node.body[-1]]


@pytest.mark.parametrize("seed", range(4))
def test_no_random_edit_changes_what_a_page_computes_and_not_its_name(copied, seed):
    rng, src = random.Random(seed), copied / "src"
    exec(PAGE, {})  # what it needs of other packages is then there in every process
    hashes = code_hashes(src)
    before, result = page_fingerprint([PAGE], hashes), run(src)
    assert ":" not in result, result
    imported = hashes.package.imported_by(dotted_imports(ast.parse(PAGE), ""))
    reached = sorted(one.module for one in page_reaches([PAGE], hashes))
    modules = [hashes.package.file(name) for name in [*imported, *reached]]
    told = 0
    for _ in range(12):
        path = rng.choice(modules)
        text = path.read_text()
        tree = ast.parse(text)
        found = list(edits(tree))
        if not found:
            continue
        node, field, value = rng.choice(found)
        setattr(node, field, value)
        path.write_text(ast.unparse(tree))
        try:
            if run(src) != result:
                told += 1
                assert page_fingerprint([PAGE], code_hashes(src)) != before, f"{path}: {ast.unparse(node)}"
        finally:
            path.write_text(text)
    assert told, "some edits change the result"
