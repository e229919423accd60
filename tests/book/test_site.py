import importlib.util
import re
import shutil
import tomllib
from pathlib import Path

import pytest

from graspbook.book.site import build, write_sources
from graspbook.core.errors import InputError
from tests.book.conftest import make_repository

ROOT = Path(__file__).parents[2]
with_sphinx = pytest.mark.skipif(
    importlib.util.find_spec("sphinx_book_theme") is None,
    reason="Skipped because Sphinx is not installed here: `make checkbook` installs it in scratch/book/venv.",
)


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_repository_gives_the_same_sources_wherever_it_lies(tmp_path):
    made = []
    for name in ("one", "another"):
        write_sources(make_repository(tmp_path / name), tmp_path / name / "out")
        made.append(tree(tmp_path / name / "out"))
    assert made[0] == made[1]
    assert {"mock/index.md", "mock/sum.ipynb", "mock/02_family.md", "claims/ledger.md", "where.md"} <= set(made[0])
    assert {"pictures/mock-sum.webp", "files/reports/mock/sum/numbers.csv", "bibliography.md"} <= set(made[0])


def test_what_was_there_before_goes(repository):
    source = repository / "scratch/source"
    write_sources(repository, source)
    shutil.rmtree(repository / "reports/mock/family/b")
    write_sources(repository, source)
    assert not (source / "mock/family/b.ipynb").exists()


def test_a_picture_has_an_anchor_before_it(repository):
    write_sources(repository, repository / "out")
    assert '<span id=\\"figure-mock-sum-1\\"></span>' in (repository / "out/mock/sum.ipynb").read_text()


def test_a_dead_link_in_a_hand_written_page_stops_the_build(repository):
    (repository / "book/index.md").write_text("# B\n\n[gone](gone.md)\n")
    with pytest.raises(InputError, match=r"book/index\.md: a link to gone\.md"):
        write_sources(repository, repository / "out")


def test_a_folder_that_is_no_site_is_never_replaced(repository):
    theirs = repository / "mine"
    theirs.mkdir()
    (theirs / "thesis.tex").write_text("years")
    with pytest.raises(InputError, match="is no site that this has built"):
        build(repository, theirs)
    assert (theirs / "thesis.tex").read_text() == "years"


@with_sphinx
def test_the_same_repository_gives_the_same_site_and_faults_stop_the_build(tmp_path, capfd):
    made = []
    for name in ("one", "another"):
        root = make_repository(tmp_path / name)
        shutil.copy(ROOT / "book/conf.py", root / "book")
        shutil.copytree(ROOT / "book/static", root / "book/static")
        build(root)
        made.append(tree(root / "site"))
    assert made[0] == made[1]
    assert not any(str(tmp_path).encode() in data for data in made[0].values())
    assert b"Show the parameters of this run" in made[0]["mock/sum.html"]
    (root / "book/index.md").write_text("# B\n\n{nonsense}`x`\n\n<!-- papers -->\n\n<!-- sidebar -->\n")
    with pytest.raises(InputError, match="Sphinx found faults"):
        build(root)


def test_the_book_s_lock_pins_every_package_of_its_groups_as_the_main_lock_does():
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    wanted = [entry for group in ("book", "browser") for entry in groups[group] if isinstance(entry, str)]
    book, main = (pins(ROOT / name) for name in ("requirements-book.lock", "requirements.lock"))
    assert {re.match(r"[\w-]+", entry)[0] for entry in wanted} <= set(book)
    assert {name: (book[name], main[name]) for name in book.keys() & main.keys() if not book[name] <= main[name]} == {}


def pins(path):
    """The versions of each package; a package may have one for each Python."""
    found = {}
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", path.read_text(), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found
