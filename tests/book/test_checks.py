import pytest

from graspbook.book.checks import check_site


@pytest.fixture
def site(tmp_path):
    """A site without faults, and a way to add to its first page."""

    def make(html):
        (tmp_path.parent / "outside.html").write_text("")
        (tmp_path / "a").mkdir()
        (tmp_path / "index.html").write_text(f'<h1 id="top-of-it">x</h1>{html}')
        (tmp_path / "a/b.html").write_text('<p id="part">y</p><a href="../index.html#top-of-it">up</a>')
        (tmp_path / "p.png").write_bytes(b"")
        return check_site(tmp_path)

    return make


@pytest.mark.parametrize(
    "html",
    [
        '<a href="a/b.html">b</a>',
        '<a href="a/b.html#part">b</a>',
        '<a href="a/b.html?x=1&amp;y=2">b</a>',
        '<a href="#top-of-it">b</a>',
        '<a href="https://example.org">b</a>',
        '<img src="p.png" alt="A picture">',
        '<img src="data:image/png;base64,AA" alt="A picture">',
    ],
)
def test_what_works_is_no_fault(site, html):
    assert site(html) == []


@pytest.mark.parametrize(
    ("html", "says"),
    [
        ('<a class="x" href="gone.html">b</a>', "a dead link to gone.html"),
        ('<a href="../outside.html">b</a>', "a dead link to ../outside.html"),
        ('<a href="a/b.html#gone">b</a>', "a link to a/b.html#gone, where there is no such part"),
        ('<a href="/a/b.html">b</a>', "a link to /a/b.html, which is not relative"),
        ('<img src="gone.png" alt="A picture">', "a dead link to gone.png"),
        ('<img src="p.png">', "a picture without an alternative text: p.png"),
        ('<img src="p.png" alt=" ">', "a picture without an alternative text: p.png"),
        (
            '<script src="https://example.org/x.js"></script>',
            "fetches https://example.org/x.js from outside the folder",
        ),
        ('<link rel="stylesheet" href="//example.org/x.css">', "fetches //example.org/x.css from outside the folder"),
    ],
)
def test_a_fault_is_named_with_its_page(site, html, says):
    assert site(html) == [f"index.html: {says}"]
