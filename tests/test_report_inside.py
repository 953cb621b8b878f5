"""What instruments showed, in the report: medians over reporting seeds, of the last epoch trained."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from fake_study import Fake, fake_study

from ladera.locale import translator
from ladera.report.html import page
from ladera.report.inside import inside_table
from ladera.store import CURVES, Store
from ladera.study import Study

VALUES = {  # of the last epoch, of two layers or of the whole network; seed by seed these grow
    "gradient_norm": [0.5, 0.25],
    "update_ratio": [1e-3, 4e-3],
    "effective_lr": [0.01, 0.02],
    "step_quality": [-0.5],
    "cosine": [0.75],
    "path_ratio": [3.0],
    "dead": [0.5],
    "saturated": [math.nan],
}


def filled(table: pa.Table) -> pa.Table:
    rows = table.to_pylist()
    for row in rows:
        epochs = len(row["epoch"])
        seed = int(row["run"].rpartition("-s")[2].partition("-")[0]) % 3
        for name, values in VALUES.items():
            early = [math.nan] * len(values) + [99.0] * (len(values) * (epochs - 2))
            row[name] = early + [value * (1 + seed) for value in values]
    return pa.Table.from_pylist(rows, schema=CURVES)


@pytest.fixture
def study(tmp_path: Path, monkeypatch) -> Study:
    found = Study(fake_study(tmp_path / "s", [Fake("adam", 0.98), Fake("sgd", 0.9)]).path)
    plain = Store.curves
    monkeypatch.setattr(Store, "curves", lambda self, cohorts: filled(plain(self, cohorts)))
    return found


def test_a_row_says_the_medians_of_the_last_epoch(study: Study):
    table: Any = inside_table(study.frames, study.recommendation(), translator("en"))
    assert [row[0] for row in table.rows] == ["Adam", "SGD"]
    seeds = sorted({run["seed"] % 3 for run in study.frames.purpose("report").to_dict("records")})
    middle = 1 + seeds[len(seeds) // 2]
    expected = [f"{v * middle:.2g}" for v in (0.5, 0.25, 1e-3, 4e-3, -0.5, 0.75, 3.0)]
    assert table.rows[0][1:6] == [
        f"{expected[0]} → {expected[1]}",
        f"{expected[2]} … {expected[3]}",
        *expected[4:],
    ]
    assert table.rows[0][6:] == [f"{50 * middle} %", "–"]


@pytest.mark.parametrize(
    ("lang", "heading"), [("en", "Inside the trainings"), ("es", "Dentro de los entrenamientos")]
)
def test_the_page_shows_them(study: Study, lang, heading):
    assert heading in page(study, lang)


def test_a_study_without_instruments_has_no_such_part(tmp_path: Path):
    bare = Study(fake_study(tmp_path / "s", [Fake("adam", 0.98), Fake("sgd", 0.9)]).path)
    assert inside_table(bare.frames, bare.recommendation(), translator("en")) is None
    assert "Inside the trainings" not in page(bare)


def test_the_frame_tells_layers_and_epochs_apart(study: Study):
    frame = study.instruments()
    [run] = set(frame["run"].head(1))
    own = frame[frame["run"] == run]
    assert set(own["instrument"]) == set(VALUES)
    assert set(own[own["instrument"] == "gradient_norm"]["layer"]) == {1, 2}
    assert set(own[own["instrument"] == "cosine"]["layer"]) == {0}
    assert own["epoch"].min() == 1
