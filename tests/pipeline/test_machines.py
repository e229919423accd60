import platform

from graspbook.pipeline.machines import Machine, read_machines, record_machine, this_machine

CPUINFO = """\
processor\t: 0
cpu family\t: 25
model\t\t: 17
model name\t: AMD EPYC
flags\t\t: fpu sse2 avx avx2 avx512f avx512_bf16
"""


def test_processor_instructions_threads_and_versions_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    (tmp_path / "cpuinfo").write_text(CPUINFO)
    (tmp_path / "gpus/0").mkdir(parents=True)
    (tmp_path / "gpus/0/information").write_text("Model: \t\t NVIDIA H100\nIRQ: 1\n")
    found = this_machine(tmp_path / "cpuinfo", tmp_path / "gpus")
    assert found.processor == "AMD EPYC (family 25, model 17) + NVIDIA H100"
    assert found.instructions == f"{platform.machine()} AVX-512"
    assert found.threads == "3"
    assert found.numpy == __import__("numpy").__version__ and found.torch[0].isdigit() and found.numba[0].isdigit()
    assert f"AVX-512, 3 threads, torch {found.torch}" in str(found)


def test_a_machine_that_says_nothing_has_a_name_all_the_same(tmp_path):
    assert this_machine(tmp_path / "none", tmp_path).processor


def test_the_last_machine_of_each_stage_is_kept_and_read_back(tmp_path):
    path = tmp_path / "reports/machines.csv"
    for stage in ("reports/a", "reports/b", "reports/a"):
        record_machine(path, stage, "standard")
    assert read_machines(path.read_text()) == dict.fromkeys(("reports/a", "reports/b"), this_machine())
    assert isinstance(read_machines(path.read_text())["reports/a"], Machine)
    assert read_machines("") == read_machines("stage,profile,speed\na,b,1\n") == {}
