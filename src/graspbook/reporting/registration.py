"""Whether registered claims measure what the paper prints: each expression evaluated on the printed tables."""

import numpy as np

from graspbook.core.errors import InputError
from graspbook.papers import Paper
from graspbook.papers.registration import Registration
from graspbook.reporting.cells import Cells

ROUNDING = 6e-4
"""The printed value in the file and that of its expression may differ by this share, since the file rounds."""


def check_registration(registration: Registration, paper: Paper) -> None:
    """Refuse a claim whose measure names what is not there, or whose printed value is not what the tables give.

    Args:
        registration: The registered claims of the paper.
        paper: The paper with its tables and the claims of the first edition.

    Raises:
        InputError: The message names the file and the claim.
    """
    known = {claim.id for claim in paper.claims}
    for claim in registration.claims:
        where = f"registered/{paper.slug}.yaml: claim {claim.id}"
        if unknown := [one for one in claim.first if one not in known]:
            raise InputError(f"{where}: the first edition has no claim '{unknown[0]}'")
        table = registration.printed_table(paper, claim.table)
        try:
            value = float(Cells(table.frame, table).evaluate(claim.measure.value)[0])
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        if claim.printed is None and np.isfinite(value):
            raise InputError(f"{where}: printed is null, but the tables give {value:.4g}")
        if claim.printed is not None and not abs(value - claim.printed) <= ROUNDING * max(1.0, abs(claim.printed)):
            raise InputError(f"{where}: printed is {claim.printed:g}, but the tables give {value:.4g}")
