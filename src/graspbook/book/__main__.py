"""`python -m graspbook.book`: build the book into `site/`, saying what is wrong in one line where something is."""

import argparse
import sys
from pathlib import Path

from graspbook.book.site import build
from graspbook.core.errors import InputError
from graspbook.pipeline.root import find_root


def main() -> int:
    """Build; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m graspbook.book", description="Build the book into a folder.")
    parser.add_argument("--out", type=Path, help="the folder, by default site/; what is there is replaced")
    arguments = parser.parse_args()
    try:
        build(find_root(), arguments.out)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
