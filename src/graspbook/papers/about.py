"""What the book and the tour show of a paper beside its claims, `about/<slug>.yaml`."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from graspbook.papers import Name, Part, read_part

PLACES = (
    "https://arxiv.org/abs/",
    "https://arxiv.org/search/?searchtype=title&query=",
    "https://doi.org/10.",
    "https://dblp.org/rec/",
)
"""What a link to a paper starts with; a search of titles only where no identifier is known."""


class Substitution(Part):
    """One departure from the paper, a row of the page's table.

    Attributes:
        paper: What the paper does, with the section that says so.
        here: What is done here, at the profile `standard`.
        why: Why, or what it may change, in one short sentence.
    """

    paper: Name
    here: Name
    why: Name


class Tour(Part):
    """What the tour shows of a paper: one comparison, from simulation to a figure, in minutes.

    Attributes:
        stage: The stage that it ends with, whose folder holds table and picture.
        table: The table of the first edition that the number is from.
        value: The arithmetic over table cells that gives it (`graspbook.reporting.cells`).
        words: What stands behind the number, true whatever it is.
        picture: The picture that shows it, a file in the folder of the stage.
    """

    stage: Name
    table: Name
    value: Name
    words: Name
    picture: Name


class About(Part):
    """What a paper's page shows beside its claims.

    Attributes:
        tour: What the tour shows of the paper.
        links: Where the paper can be found: addresses by the words that stand for them.
        picture: The picture that shows best what the paper is about, a file below `reports/<slug>/`.
        caption: One sentence that says what to see in it.
        substitutions: Every departure from the paper.
    """

    tour: Tour
    links: Annotated[dict[Name, str], Field(min_length=1)]
    picture: Annotated[str, Field(pattern=r"^\w[\w/-]*\.(png|webp)$")]
    caption: Name
    substitutions: Annotated[list[Substitution], Field(min_length=1)]

    @field_validator("links")
    @classmethod
    def _links_lead_to_papers(cls, links: dict[str, str]) -> dict[str, str]:
        for words, address in links.items():
            if not any(address.startswith(place) and len(address) > len(place) for place in PLACES):
                raise ValueError(
                    f"'{words}' is '{address}', expected an address that starts with {' or '.join(PLACES)}"
                )
        return links


def load_about(slug: str, folder: Path | None = None) -> About:
    """Read `about/<slug>.yaml`.

    Args:
        slug: The short name of the paper.
        folder: The folder of the file, by default `about/` beside this module.

    Raises:
        InputError: There is no such file, or it breaks the schema; the message names the file and the field.
    """
    path = (folder or Path(__file__).parent / "about") / f"{slug}.yaml"
    return read_part(About, path, f"about/{slug}.yaml")
