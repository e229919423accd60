"""Run every benchmark in this folder and write reports/benchmarks.csv; `make bench` calls it.

Each `bench_*.py` has a `main()` that returns rows of name, value, unit and note. Nothing else should be running.
"""

import importlib.util
import os
import platform
from pathlib import Path

import pandas as pd

from graspbook.reporting.tables import write_csv

ROOT = Path(__file__).parents[2]
COLUMNS = ("name", "value", "unit", "note")


def rows(path: Path) -> list[dict]:
    """What the `main()` of one benchmark file returns."""
    specification = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return [row if isinstance(row, dict) else dict(zip(COLUMNS, row, strict=True)) for row in module.main()]


def main() -> None:
    """Measure, show, write."""
    os.chdir(ROOT)
    measured = []
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        print(f"[bench] {path.stem}", flush=True)
        measured += [{"benchmark": path.stem.removeprefix("bench_")} | row for row in rows(path)]
    table = pd.DataFrame(measured, columns=["benchmark", *COLUMNS])
    table["machine"] = f"{platform.machine()}, {os.cpu_count()} cores"
    print(table.to_string(index=False))
    write_csv(table, ROOT / "reports/benchmarks.csv", float_format="%.4g")


if __name__ == "__main__":
    main()
