"""Which trainings there are, and what must be made before; `tests/pipeline/test_train.py` runs some."""

from pathlib import Path

from graspbook.selfsup.trainings import START, trainings
from tests.conftest import standard


def test_every_model_and_every_row_is_a_training_of_its_own_stage():
    settings = standard("selfsup")
    found = trainings(settings)
    assert list(found) == [*settings.models, *settings.rows]
    assert found["grasp-100"].stage == "train@grasp-100"
    assert found["paste-grasp"].stage == "segment@paste-grasp"


def test_a_row_that_pastes_needs_its_bank_and_every_row_its_start():
    settings = standard("selfsup")
    found = trainings(settings)
    for name, row in settings.rows.items():
        bank = Path(f"artifacts/selfsup/banks/{row.bank}.parquet")
        assert (bank in found[name].needs) == (row.bank != "none")
        assert START in found[name].needs or row.model != "mask2former" or settings.segment.start != "generic"
