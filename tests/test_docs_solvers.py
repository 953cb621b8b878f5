"""The pages of the solvers: level lines, pictures, formulas, and what was measured beside SciPy."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from docs_site import contour, function_pages, mathml, site, solver_evidence, solver_pages

from ladera import rules, solvers
from ladera.locale import languages

SVG = "{http://www.w3.org/2000/svg}"


def test_a_level_line_of_a_bowl_is_a_ring():
    x, y = np.linspace(-2, 2, 41), np.linspace(-1.5, 1.5, 31)
    z = x[None, :] ** 2 + y[:, None] ** 2
    (ring,) = contour.level_lines(x, y, z, 1.0)
    np.testing.assert_allclose(np.hypot(*ring.T), 1, atol=2e-3)
    np.testing.assert_array_equal(ring[0], ring[-1])
    assert len(ring) > 60
    gaps = np.linalg.norm(np.diff(ring, axis=0), axis=1)
    assert gaps.max() < 0.15
    assert contour.level_lines(x, y, z, 99.0) == []


def test_a_level_line_that_leaves_has_two_ends():
    x = y = np.linspace(0, 1, 11)
    (line,) = contour.level_lines(x, y, x[None, :] + 0 * y[:, None], 0.33)
    np.testing.assert_allclose(line[:, 0], 0.33)
    assert {line[0, 1], line[-1, 1]} == {0, 1}
    lines = contour.level_lines(x - 0.5, y - 0.5, (x[None, :] - 0.5) ** 2 - (y[:, None] - 0.5) ** 2, 0.02)
    assert len(lines) == 2  # the branches of a hyperbola


def test_a_row_with_a_matrix_is_parted_at_its_own_sign():
    latex = (
        r"\begin{aligned} \left(\begin{matrix} 1 & 2 \\ 3 & 4 \end{matrix}\right)\, p &= "
        r"\left(\begin{matrix} 5 \\ 6 \end{matrix}\right) \\ \alpha & \quad \text{(a word)} \end{aligned}"
    )
    html = mathml.display(latex, broken=True)
    math = ET.fromstring(re.findall(r"<math.*</math>", html, re.DOTALL)[0])
    outer = next(iter(math))
    sides = [["".join(cell.itertext()) for cell in row] for row in outer]
    assert sides[0] == ["(1234)p", "=(56)"]
    assert sides[1][0] == "α"
    assert "a word" in sides[1][1].replace("\N{NO-BREAK SPACE}", " ")


def test_names_are_parted_into_rules_solvers_and_functions():
    every = [*rules.names(), *rules.wrappers()], solvers.names(), function_pages.names()
    assert site.asked() == every
    assert site.asked("adam,relu,newton,sam,cosine") == (["adam", "sam"], ["newton"], ["relu", "cosine"])


@pytest.mark.parametrize("lang", languages())
def test_a_page_has_equations_a_picture_and_a_step(tmp_path, lang):
    known = solver_evidence.evidence(["bfgs"], measure=False)
    solver_pages.write(tmp_path, ["bfgs"], lang, known)
    text = (tmp_path / "solvers" / "bfgs.md").read_text(encoding="utf-8")
    assert len(re.findall(r"<math.*?</math>", text, re.DOTALL)) > 5
    for found in re.findall(r"<math.*?</math>", text, re.DOTALL):
        ET.fromstring(found)
    (picture,) = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    drawn = ET.fromstring(picture)
    steps = int(re.search(r"<figcaption>(\d+)", text)[1])  # type: ignore[index]
    assert len(list(drawn.iter(f"{SVG}circle"))) == steps + 1
    assert drawn.findtext(f"{SVG}desc") in text.partition("<figcaption>")[2]  # type: ignore[operator]
    assert "SciPy" in text
    assert "class BFGS(Descent):" in text
    assert "[BFGS](bfgs.md)" in (tmp_path / "solvers" / "index.md").read_text(encoding="utf-8")


def test_every_solver_was_measured():
    known = json.loads(solver_evidence.FILE.read_text(encoding="utf-8"))
    assert set(known) == set(solvers.names())
    for name, measured in known.items():
        ours = [row for row in measured["rows"] if row["who"] == "Ladera"]
        assert {row["function"] for row in ours} == set(solver_evidence.FUNCTIONS), name
        assert all(row["fun"] < 1e-9 and row["nfev"] >= row["nit"] for row in ours), name


def test_what_is_known_is_not_measured_again(tmp_path):
    file = tmp_path / "known.json"
    rows = [{"function": "beale"}]
    file.write_text(json.dumps({"newton": {"key": solver_evidence.fingerprint(), "rows": rows}}))
    assert solver_evidence.evidence(["newton"], file)["newton"]["rows"] == rows


def test_other_code_is_measured_again(monkeypatch, tmp_path):
    folder = tmp_path / "solvers"
    (folder / "searches").mkdir(parents=True)
    (folder / "newton.py").write_text("x = 1\n")
    monkeypatch.setattr(solvers, "__file__", str(folder / "__init__.py"))
    keys = [solver_evidence.fingerprint()]
    for text in ("x = 1  # a remark\n", "x = 2\n"):
        (folder / "newton.py").write_text(text)
        keys.append(solver_evidence.fingerprint())
    assert keys[0] == keys[1] != keys[2]


def test_scipys_calls_are_counted(monkeypatch, tmp_path):
    monkeypatch.setattr(solver_evidence, "FUNCTIONS", ("booth",))
    file = tmp_path / "new.json"
    rows = solver_evidence.evidence(["trust"], file)["trust"]["rows"]
    ours, theirs = rows
    assert [ours["who"], theirs["who"]] == ["Ladera", "SciPy"]
    for row in rows:
        assert row["fun"] < 1e-12
        assert row["nhev"] > 0
        assert row["nhvp"] == 0
    assert json.loads(Path(file).read_text())["trust"]["rows"] == rows
