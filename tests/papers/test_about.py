"""What a paper's page shows beside its claims: what the schema refuses, and what the committed files hold."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from PIL import Image

from graspbook.core.errors import InputError
from graspbook.papers import load_paper, slugs
from graspbook.papers.about import load_about
from graspbook.reporting.cells import Cells

REPORTS = Path(__file__).parents[2] / "reports"
ABOUT = {
    "links": {"arXiv 2305.06305": "https://arxiv.org/abs/2305.06305"},
    "picture": "evaluate/figure_2.webp",
    "caption": "What to see.",
    "tour": {
        "stage": "evaluate",
        "table": "table_1",
        "value": 'miou["MOG"]',
        "words": "points",
        "picture": "figure_2.webp",
    },
    "substitutions": [{"paper": "A robot (§IV).", "here": "A simulation.", "why": "The data are private."}],
}


@pytest.fixture
def load(tmp_path):
    """A reader of a file that holds `ABOUT` with changes."""

    def read(**changes):
        (tmp_path / "selfsup.yaml").write_text(yaml.safe_dump(ABOUT | changes))
        return load_about("selfsup", tmp_path)

    return read


def test_a_file_is_read_as_it_is_written(load):
    about = load()
    assert about.model_dump() == ABOUT


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"colour": "red"}, "about/selfsup.yaml: 'colour': Extra inputs are not permitted"),
        ({"caption": ""}, "about/selfsup.yaml: 'caption': String should have at least 1 character"),
        ({"links": {}}, "about/selfsup.yaml: 'links': Dictionary should have at least 1 item"),
        ({"links": {"here": "http://arxiv.org/abs/2305.06305"}}, "about/selfsup.yaml: 'links': 'here' is 'http://"),
        ({"links": {"here": "https://arxiv.org/abs/"}}, "expected an address that starts with https://arxiv.org/abs/"),
        ({"links": {"here": "https://example.org/paper"}}, "'here' is 'https://example.org/paper', expected"),
        ({"picture": "../secret.png"}, "about/selfsup.yaml: 'picture': String should match pattern"),
        ({"substitutions": []}, "about/selfsup.yaml: 'substitutions': List should have at least 1 item"),
        (
            {"substitutions": [ABOUT["substitutions"][0] | {"why": ""}]},
            "about/selfsup.yaml: 'substitutions.0.why': String should have at least 1 character",
        ),
        (
            {"substitutions": [ABOUT["substitutions"][0] | {"topic": "data"}]},
            "about/selfsup.yaml: 'substitutions.0.topic': Extra inputs are not permitted",
        ),
    ],
)
def test_what_breaks_the_schema_is_refused_by_file_and_field(load, changes, complaint):
    with pytest.raises(InputError, match=re.escape(complaint)):
        load(**changes)


def test_a_paper_without_a_file_is_refused_by_its_name(tmp_path):
    with pytest.raises(InputError, match=re.escape("about/unknown.yaml: no such file")):
        load_about("unknown", tmp_path)


@pytest.mark.parametrize("slug", slugs())
def test_each_paper_has_links_to_where_papers_are_kept(slug):
    for address in load_about(slug).links.values():
        parts = urlsplit(address)
        assert parts.scheme == "https"
        assert parts.netloc in ("arxiv.org", "doi.org", "dblp.org")
        assert re.search(r"^/abs/\d{4}\.\d{5}$|^/search/$|^/10\.\d{4,}/\S+$|^/rec/\S+$", parts.path)


@pytest.mark.parametrize("slug", slugs())
def test_each_paper_has_a_picture_that_fills_a_page(slug):
    with Image.open(REPORTS / slug / load_about(slug).picture) as picture:
        assert picture.width >= 700


@pytest.mark.parametrize("slug", slugs())
def test_each_paper_has_eight_to_sixteen_substitutions_and_names_where_the_paper_says_what_it_does(slug):
    substitutions = load_about(slug).substitutions
    assert 8 <= len(substitutions) <= 16
    for one in substitutions:
        assert re.search(r"\((§[IVX]+|appendix)", one.paper)
        for text in (one.paper, one.here, one.why):
            assert text == text.strip() and text.endswith(".")
    assert len({one.paper for one in substitutions}) == len(substitutions)


def test_only_papers_of_the_book_have_a_file():
    folder = Path(load_about.__code__.co_filename).parent / "about"
    assert sorted(path.stem for path in folder.glob("*")) == slugs()


@pytest.mark.parametrize("slug", slugs())
def test_the_tour_shows_a_number_and_a_picture_that_its_stage_writes(slug):
    tour, paper = load_about(slug).tour, load_paper(slug)
    folder = REPORTS / slug / tour.stage
    assert paper.table_file(REPORTS, tour.table).parent == folder
    assert (folder / tour.picture).is_file()
    printed = paper.tables[tour.table]
    Cells(printed.frame().assign(replicate=0), printed).evaluate(tour.value)
