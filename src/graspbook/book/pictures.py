"""Pictures of the executed pages: alternative texts for those who do not see them, thumbnails for the lists."""

import base64
import binascii
import io
import re

import nbformat

from graspbook.book.contents import without_links
from graspbook.core.errors import InputError

IMAGES = ("image/png", "image/jpeg", "image/gif")
LONGEST = 300
"""Characters of an alternative text."""
SIZE = (480, 270)
"""Of a thumbnail, in pixels: width, and the most height."""


def describe_pictures(notebook: nbformat.NotebookNode) -> None:
    """Give every picture an alternative text: the caption that follows it, else the heading that it stands under.

    Args:
        notebook: The notebook, changed in place in the metadata of its cells.
    """
    heading = ""
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            headings = re.findall(r"^#+ (.+)$", cell.source, re.MULTILINE)
            heading = headings[-1] if headings else heading
        elif pictures_of(cell):
            following = notebook.cells[number + 1] if number + 1 < len(notebook.cells) else None
            text = caption(following) or f"Figure: {heading}"
            cell.metadata.setdefault("mystnb", {})["image"] = {"alt": plain_text(text)}


def pictures_of(cell: nbformat.NotebookNode) -> list[str]:
    """The pictures among a cell's outputs, in base 64."""
    outputs = cell.get("outputs", []) if cell.cell_type == "code" else []
    return [output.data[kind] for output in outputs for kind in IMAGES if kind in output.get("data", {})]


def caption(cell: nbformat.NotebookNode | None) -> str:
    """The italic paragraph that a cell begins with; "" where there is none."""
    if cell is None or cell.cell_type != "markdown":
        return ""
    found = re.match(r"\s*\*(?!\*)(.+?)(?<!\*)\*(?:\n\s*\n|\s*$)", cell.source, re.DOTALL)
    return found[1] if found else ""


def plain_text(markdown: str) -> str:
    """Markdown as one line of plain words, cut after a whole word where it is long."""
    text = re.sub(r"[*`$]", "", without_links(markdown))
    text = " ".join(text.split())
    if len(text) <= LONGEST:
        return text
    return text[:LONGEST].rsplit(" ", 1)[0] + " …"


def thumbnail(notebook: nbformat.NotebookNode, name: str) -> bytes | None:
    """The first picture of a page, small, as WebP; None where the page has none.

    Args:
        notebook: The executed notebook.
        name: The name of its file, for the error message.

    Raises:
        InputError: The picture cannot be read.
    """
    from PIL import Image, UnidentifiedImageError

    first = next((picture for cell in notebook.cells for picture in pictures_of(cell)), None)
    if first is None:
        return None
    try:
        image = Image.open(io.BytesIO(base64.b64decode(first)))
        image.load()
    except (UnidentifiedImageError, binascii.Error, OSError):
        raise InputError(f"{name}: its first picture cannot be read") from None
    on_white = Image.new("RGB", image.size, "white")
    on_white.paste(image, mask=image.convert("RGBA").getchannel("A"))
    on_white.thumbnail(SIZE, Image.Resampling.LANCZOS)
    file = io.BytesIO()
    on_white.save(file, "WEBP", quality=80, method=6)
    return file.getvalue()
