"""The claims table on the README's first screen: copied from the ledger, never typed."""

from graspbook.errors import InputError

BEGIN, END = "<!-- claims: copied from reports/claims.md by `make readme` -->", "<!-- end of claims -->"


def with_claims(readme: str, ledger: str) -> str:
    """The README with the ledger's table between its two marks.

    Args:
        readme: Text of README.md.
        ledger: Text of reports/claims.md.

    Raises:
        InputError: The README lacks a mark, or the ledger a table.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise InputError(f"README.md: expected the marks {BEGIN!r} and {END!r}")
    table = [line for line in ledger.splitlines() if line.startswith("|")]
    if not table:
        raise InputError("reports/claims.md: expected a table")
    return before + "\n".join([BEGIN, "", *table, "", END]) + after
