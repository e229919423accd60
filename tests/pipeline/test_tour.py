import numpy as np
import pandas as pd
import pytest

from graspbook.papers import load_paper
from graspbook.papers.about import load_about
from graspbook.papers.order import READING_ORDER
from graspbook.pipeline import tour
from graspbook.pipeline.root import find_root
from graspbook.pipeline.stages import notebook_stages


@pytest.fixture
def run(tmp_path):
    """The reports that a run of the tour leaves: each table is the paper's, times 1.1."""
    for slug in READING_ORDER:
        paper, shown = load_paper(slug), load_about(slug).tour
        printed, table = paper.tables[shown.table], paper.table_file(tmp_path / "reports", shown.table)
        frame = printed.frame().fillna(10.0)
        frame[list(printed.metrics)] *= 1.1
        table.parent.mkdir(parents=True)
        frame.to_csv(table, index=False)
        noise = np.random.default_rng(0)
        versions = [
            frame.assign(replicate=k, **{m: frame[m] * noise.normal(1, 0.01) for m in printed.metrics})
            for k in range(50)
        ]
        pd.concat(versions).to_parquet(table.with_suffix(".replicates.parquet"))
    return tmp_path


def test_the_tour_ends_with_a_stage_of_each_paper():
    known = {stage.address for stage in notebook_stages(find_root())}
    assert len(tour.stages()) == len(READING_ORDER) and set(tour.stages()) <= known


def test_a_finding_has_the_number_of_this_run_the_committed_one_and_the_papers(run):
    found = {one.paper.slug: one for one in tour.find_all(run, find_root())}
    assert list(found) == list(READING_ORDER)
    don = found["don"]
    assert don.printed == "0.201" and don.here.startswith("0.221 [") and don.committed.startswith("0.265 [")
    assert found["latent"].printed == ""  # the paper prints no number


def test_the_screen_names_every_question_the_page_and_how_to_go_on(run):
    found = tour.find_all(run, find_root())
    text = tour.screen(found, run)
    assert all(one.paper.question in text and f"{one.here} {one.tour.words}" in text for one in found)
    assert "; the paper 0.201)" in text
    assert str(run / "reports/tour.html") in text and "ALL=1" in text
    assert len(text.splitlines()) < 30


def test_the_page_shows_each_finding_with_its_picture_and_needs_nothing_but_the_reports_beside_it(run):
    found = tour.find_all(run, find_root())
    page = tour.write_page(run, found).read_text()
    for one in found:
        assert f"<strong>{one.here}</strong>" in page
        assert f"src='{one.paper.slug}/{one.tour.stage}/{one.tour.picture}'" in page
    assert "http" not in page
