from concurrent.futures import ThreadPoolExecutor

from graspbook.pipeline.timings import record_timing


def test_the_last_time_of_each_stage_and_profile_is_kept_in_order(tmp_path):
    path = tmp_path / "reports/timings.csv"
    record_timing(path, "b", "quick", 2.04)
    record_timing(path, "a", "standard", 1)
    record_timing(path, "a", "quick", 3)
    record_timing(path, "b", "quick", 4)
    assert path.read_text() == "stage,profile,seconds\na,quick,3.0\nb,quick,4.0\na,standard,1.0\n"


def test_stages_that_end_at_once_lose_no_line(tmp_path):
    path = tmp_path / "reports/timings.csv"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: record_timing(path, f"s{number:02d}", "quick", number), range(40)))
    assert len(path.read_text().splitlines()) == 41


def test_a_table_of_another_form_is_replaced(tmp_path):
    path = tmp_path / "reports/timings.csv"
    path.parent.mkdir()
    path.write_text("notebook,profile,seconds\na,quick,1\n")
    record_timing(path, "b", "quick", 2)
    assert path.read_text() == "stage,profile,seconds\nb,quick,2.0\n"
