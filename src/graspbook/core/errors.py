"""The one exception that bad input raises."""


class InputError(ValueError):
    """Input that cannot be used; the message names the file, the field and what was expected."""
