"""What a notebook opens with: its parameters, typed and checked, and the folder that it writes to."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from graspbook.core.progress import TERMINAL_VARIABLE
from graspbook.pipeline.params import merge, profile_values, read_sections
from graspbook.pipeline.root import find_root


@dataclass(frozen=True)
class Page:
    """A notebook that has been opened.

    Attributes:
        profile: The name of the profile: `quick`, `standard` or `paper`.
        config: The paper's parameters, one attribute per section. Run by the pipeline, a page has those
            sections only that its stage depends on.
        out: The folder for whatever the page writes for readers, relative to the repository.
    """

    profile: str
    config: SimpleNamespace
    out: Path


def open_page(slug: str, profile: str, config: dict[str, Any], out: str | Path) -> Page:
    """Open a notebook: go to the repository's root, set the look of figures, read and check the parameters.

    Args:
        slug: The paper's short name; "" for a page of the book itself, which has no parameters.
        profile: The name of the profile whose parameters hold.
        config: The parameters. Run by the pipeline: the sections that the stage depends on. Opened by a person: what
            shall differ from `params/<slug>.yaml`, such as `{"train": {"steps": 300}}`.
        out: The folder for what the page writes, relative to the repository; it is created.

    Returns:
        The opened page.

    Raises:
        InputError: The working directory is not inside the repository, or a parameter does not exist or cannot work.
    """
    root = find_root()
    os.chdir(root)
    run_by_pipeline = TERMINAL_VARIABLE in os.environ
    if slug and not run_by_pipeline:
        config = merge(profile_values(root, profile)[slug], config)
    checked = read_sections(slug, config) if slug else SimpleNamespace()
    _set_up_libraries()
    Path(out).mkdir(parents=True, exist_ok=True)
    return Page(profile, checked, Path(out))


def _set_up_libraries() -> None:
    if "matplotlib" in sys.modules:
        from graspbook.reporting import plotting

        plotting.use_theme()
    if "torch" in sys.modules:
        import torch

        # the gradients of sure pixels underflow, and arithmetic on such numbers is several times slower
        torch.set_flush_denormal(True)
