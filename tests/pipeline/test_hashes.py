import subprocess
import sys

import pytest
import yaml

from graspbook.pipeline.hashes import Summary, summarise


@pytest.mark.slow
def test_files_and_folders_have_the_hashes_that_dvc_gives_them(tmp_path):
    (tmp_path / "tree/b").mkdir(parents=True)
    for name, content in {"b/c.txt": "c", "b.txt": "b", "a-b": "x" * 5000, "B": "", "é": "e"}.items():
        (tmp_path / "tree" / name).write_text(content)
    (tmp_path / "alone").write_text("alone")
    for command in (["init", "--no-scm", "--quiet"], ["add", "--quiet", "tree", "alone"]):
        subprocess.run([sys.executable, "-m", "dvc", *command], cwd=tmp_path, check=True, capture_output=True)
    for name in ("tree", "alone"):
        [out] = yaml.safe_load((tmp_path / f"{name}.dvc").read_text())["outs"]
        assert summarise(tmp_path / name) == Summary(out["md5"], out["size"], out.get("nfiles", 1))


def test_nothing_has_no_files(tmp_path):
    (tmp_path / "empty").mkdir()
    assert summarise(tmp_path / "empty").files == summarise(tmp_path / "none").files == 0
