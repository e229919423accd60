import io

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from graspbook.book.pictures import caption, describe_pictures, plain_text, thumbnail
from graspbook.core.errors import InputError
from tests.book.conftest import drawn


def alt_texts(*cells):
    notebook = new_notebook(cells=list(cells))
    describe_pictures(notebook)
    return [cell.metadata["mystnb"]["image"]["alt"] for cell in notebook.cells if "mystnb" in cell.metadata]


def test_the_caption_below_a_picture_is_its_alternative_text():
    following = new_markdown_cell("*The `sum` of [two](a.md) **things**.*\n\nMore.")
    assert alt_texts(drawn("a"), following) == ["The sum of two things."]


def test_without_a_caption_the_heading_is():
    assert alt_texts(new_markdown_cell("# A\n\n## What *we* see"), drawn("a"), drawn("b")) == [
        "Figure: What we see",
        "Figure: What we see",
    ]


def test_emphasis_within_a_paragraph_is_no_caption():
    assert caption(new_markdown_cell("*One* word.")) == ""
    assert caption(new_markdown_cell("**Bold.**")) == ""
    assert caption(new_code_cell("*x*")) == ""
    assert caption(None) == ""


def test_a_long_text_is_cut_after_a_whole_word():
    text = plain_text("word " * 100)
    assert text.endswith("word …")
    assert len(text) < 303


def test_a_thumbnail_is_the_first_picture_small_and_on_white():
    notebook = new_notebook(cells=[drawn("a", "red"), drawn("b", "blue")])
    image = Image.open(io.BytesIO(thumbnail(notebook, "n")))
    assert image.size == (480, 150)
    assert image.getpixel((240, 75))[0] > 200 > image.getpixel((240, 75))[2]
    clear = new_notebook(cells=[drawn("a", (0, 0, 0))])
    clear.cells[0].outputs[0].data["image/png"] = transparent()
    assert min(Image.open(io.BytesIO(thumbnail(clear, "n"))).getpixel((1, 1))) > 250


def transparent():
    import base64

    file = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_a_page_without_pictures_has_no_thumbnail():
    assert thumbnail(new_notebook(cells=[new_code_cell("1")]), "n") is None


def test_a_broken_picture_is_named():
    broken = new_code_cell("a", outputs=[new_output("display_data", {"image/png": "AAAA"})])
    with pytest.raises(InputError, match="n: its first picture cannot be read"):
        thumbnail(new_notebook(cells=[broken]), "n")
