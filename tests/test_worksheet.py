"""Worksheets: what is blank, what counts as right, and what is said of a sheet that does not fit."""

from __future__ import annotations

import csv

import pytest

from ladera.base import UsageError
from ladera.locale import languages, translator
from ladera.rules import SGD, Adam
from ladera.tracing import check_worksheet, trace, write_worksheet


@pytest.fixture
def adam():
    return trace("x^2", 5, Adam(lr=0.1), 3)


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def fill(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize("lang", languages())
def test_everything_is_blank_but_the_start(adam, tmp_path, lang):
    rows = rows_of(write_worksheet(adam, tmp_path / "sheet.csv", lang))
    assert list(rows[0]) == list(adam.table(lang))
    assert [row["k"] for row in rows] == ["1", "2", "3"]
    assert rows[0]["x"] == "5"
    blank = [value for row in rows for name, value in row.items() if name not in ("k", "x")]
    assert not any(blank)
    assert rows[1]["x"] == rows[2]["x"] == ""


@pytest.mark.parametrize("digits", [2, 3, 5, 12])
def test_right_answers_in_any_number_of_digits_are_right(adam, tmp_path, digits):
    path = write_worksheet(adam, tmp_path / "sheet.csv")
    table = adam.table()
    rows = rows_of(path)
    for k, row in enumerate(rows):
        for name in row:
            row[name] = f"{table[name][k]:.{digits}f}" if name != "k" else row[name]
    fill(path, rows)
    marks = check_worksheet(adam, path)
    assert len(marks) == 3 * (len(table.columns) - 1) - 1
    assert {mark.verdict for mark in marks} == {"right"}


@pytest.mark.parametrize("wrong", ["4", "4.8", "4.95", "-4.9", "inf", "nan", "49", "5"])
def test_wrong_answers_are_wrong(adam, tmp_path, wrong):
    """4 is what a slip in a course's own solution gave: a step of gradient descent."""
    path = write_worksheet(adam, tmp_path / "sheet.csv")
    rows = rows_of(path)
    rows[0]["x_new"] = wrong
    fill(path, rows)
    marks = {(mark.row, mark.column): mark for mark in check_worksheet(adam, path)}
    assert marks[1, "x_new"].verdict == "wrong"
    assert marks[1, "m"].verdict == "blank"
    for lang in languages():
        assert "4.9" in marks[1, "x_new"].sentence(translator(lang))


@pytest.mark.parametrize("written", ["4.9", "4,9", "4.90", " 4.9 ", "49e-1", "4.900", "4.902"])
def test_numbers_may_be_written_in_many_ways(adam, tmp_path, written):
    path = write_worksheet(adam, tmp_path / "sheet.csv")
    rows = rows_of(path)
    rows[0]["x_new"] = written
    fill(path, rows)
    assert {m.verdict for m in check_worksheet(adam, path) if (m.row, m.column) == (1, "x_new")} == {"right"}


def test_a_sheet_saved_with_semicolons_is_read(adam, tmp_path):
    path = write_worksheet(adam, tmp_path / "sheet.csv")
    path.write_text(path.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8-sig")
    assert all(mark.verdict == "blank" for mark in check_worksheet(adam, path))


def test_sheets_that_do_not_fit(adam, tmp_path):
    path = write_worksheet(adam, tmp_path / "sheet.csv")
    with pytest.raises(UsageError, match="columns"):
        check_worksheet(trace("x^2", 5, SGD(lr=0.1), 3), path)
    with pytest.raises(UsageError, match="3 rows and this trace 2 steps"):
        check_worksheet(trace("x^2", 5, Adam(lr=0.1), 2), path)
    with pytest.raises(UsageError, match="no worksheet"):
        check_worksheet(adam, tmp_path / "none.csv")
    rows = rows_of(path)
    rows[1]["m"] = "two"
    fill(path, rows)
    with pytest.raises(UsageError, match=r"Row 2, m .*'two'"):
        check_worksheet(adam, path)
