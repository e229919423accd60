import pytest

from graspbook.book.bibliography import bibliography_page
from graspbook.book.contents import read_contents
from graspbook.book.links import Links
from graspbook.book.paper_page import chapter_page, paper_page, papers_list, sidebar, thumbnail_name
from graspbook.core.errors import InputError


@pytest.fixture
def contents(repository):
    return read_contents(repository)


def page_of(contents, pictures=()):
    return paper_page(contents, Links(contents), "mock", set(pictures))


def test_a_paper_s_page_has_its_links_its_question_a_picture_its_headline_and_its_share_of_claims(contents):
    page = page_of(contents)
    people = "*Nobody and Somebody* ([arXiv](https://arxiv.org/abs/2305.06305))"
    assert page.startswith(f"# A Paper That Does Not Exist\n\n{people}\n\n**Does it exist?**\n\n")
    assert "![What to see.](../files/reports/mock/sum/picture.png)" in page
    assert "**60 points of mIoU** [55.2, –]; the paper: 51.1 — *holds*." in page
    assert "1 of 1 tested claims hold." in page


def test_its_scoreboard_and_its_substitutions_stand_below_its_pages(contents):
    page = page_of(contents)
    order = [page.index(text) for text in ("## The pages", "## What of it holds", '<tr id="X1">', "## What is done")]
    assert order == sorted(order)
    assert "| real robots (§II) | simulated ones | The recordings are private. |" in page


def test_its_chapters_stand_in_reading_order_with_a_picture_each(contents):
    pictures = {thumbnail_name(page) for page in contents.pages()}
    page = page_of(contents, pictures)
    order = [page.index(title) for title in ("1. A sum", "2. A family", "3. Later")]
    assert order == sorted(order)
    assert ":img-top: ../pictures/mock-sum.webp\n:img-alt: The first picture of the page A sum\n" in page
    assert ":img-top: ../pictures/mock-family-a.webp" in page
    assert "What numbers add up to.\n\n*2 pages*\n:::" in page
    assert "3. Later\n\n*Not run yet.*" in page
    assert "1. A sum <sum>\n2. A family <02_family>\n```" in page


def test_a_family_s_page_lists_its_members(contents):
    page = chapter_page(contents.chapters["mock"][1], set())
    assert "runs 2 times" in page
    assert ":link: family/a\n" in page
    assert "a <family/a>\nb <family/b>" in page


def test_the_first_page_and_the_sidebar_name_every_paper(contents):
    assert ":link: mock/index" in papers_list(contents)
    assert "1 of 1 tested claims hold. **60 points of mIoU**" in papers_list(contents)
    assert "mock/index\n```" in sidebar(contents)
    assert "claims/notebook" not in sidebar(contents)


def test_the_bibliography_is_made_of_the_citation_file(contents):
    page = bibliography_page(contents)
    assert (
        "1. Nora Body and Some Body: *A Paper That Does Not Exist*, 2023. Replicated in [this book](mock/index.md)."
        in page
    )
    assert "The founders: *The book*, 0.1.0." in page


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("A Paper That", "Another That", "does not name the paper 'A Paper That Does Not Exist'"),
        ("authors: [{name: The founders}]", "year: 1", "lacks a title or authors"),
    ],
)
def test_a_faulty_citation_file_is_named(contents, old, new, says):
    path = contents.root / "CITATION.cff"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(InputError, match=rf"CITATION\.cff: .*{says}"):
        bibliography_page(contents)


def test_a_missing_citation_file_is_named(contents):
    (contents.root / "CITATION.cff").unlink()
    with pytest.raises(InputError, match=r"CITATION\.cff: no such file"):
        bibliography_page(contents)
