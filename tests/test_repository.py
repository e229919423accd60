"""What is true of the repository's files as a whole."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
# Spelt in two halves, so that this file does not find itself.
MACHINE_PATH = re.compile(r"(?:/ho" r"me/|/Us" r"ers/|/ro" r"ot/|/wo" r"rk/|/t" r"mp/|[A-Z]:\\\\Us" r"ers)[\w.]")
REGISTRY = re.compile(r"(?:py" r"pi\.org|pythonho" r"sted\.org|index-" r"url|files\.python" r"hosted)")
BINARY = {".png", ".gif", ".webp", ".parquet", ".npz", ".safetensors", ".jpg"}


def tracked_files():
    """Files in git, or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [p for p in paths if p.is_file() and p.suffix not in BINARY and ".dvc/store/" not in p.as_posix()]


@pytest.fixture(scope="module")
def texts():
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in tracked_files()}


@pytest.fixture(scope="module")
def pyproject():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def requirements(pyproject):
    return [*pyproject["project"]["dependencies"], *pyproject["dependency-groups"]["dev"]]


def package_name(requirement):
    return re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower().replace("_", "-").replace(".", "-")


def offenders(texts, pattern, allowed=()):
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in texts.items()
        if name not in allowed
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_file_names_a_path_of_one_machine(texts):
    assert offenders(texts, MACHINE_PATH) == []


def test_no_file_names_a_package_registry(texts):
    # The lock's header repeats the command that made it, with an option that leaves the registry out.
    assert [line for line in offenders(texts, REGISTRY) if "--no-emit-index-" not in line] == []


def test_the_lock_pins_every_package_of_pyproject(texts, pyproject):
    locked = {package_name(line) for line in texts["requirements.lock"].splitlines() if "==" in line}
    assert {package_name(requirement) for requirement in requirements(pyproject)} <= locked


def test_the_lock_has_a_hash_for_every_package(texts):
    entries = re.split(r"\n(?=[a-z0-9])", texts["requirements.lock"], flags=re.IGNORECASE)
    pinned = [entry for entry in entries if re.match(r"[A-Za-z0-9._-]+==", entry)]
    assert len(pinned) > 50
    assert all("--hash=sha256:" in entry for entry in pinned)


def test_conda_users_get_the_same_packages(texts, pyproject):
    environment = yaml.safe_load(texts["environment.yml"])
    pip = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert pip == ["--editable .", *requirements(pyproject)]


def test_the_citation_names_this_software_and_the_five_papers(texts, pyproject):
    citation = yaml.safe_load(texts["CITATION.cff"])
    assert citation["version"] == pyproject["project"]["version"]
    assert len(citation["references"]) == 5
    assert all(reference["title"] and reference["authors"] for reference in citation["references"])


def test_no_source_file_unpickles(texts):
    source = {name: text for name, text in texts.items() if name.startswith("src/")}
    assert offenders(source, re.compile(r"import pickle|from pickle|allow_pickle=True|weights_only=False")) == []


def test_dvc_sends_no_usage_data_and_keeps_its_store_in_the_repository(texts):
    config = texts[".dvc/config"]
    assert "analytics = false" in config
    assert "url = store" in config
