"""Rules of the user's own: a file with a class, found by path and name, told apart by its text."""

from __future__ import annotations

import pytest

import ladera.rules
from ladera.base import UsageError

SIGNED = """
from __future__ import annotations

from ladera.rules import Positive, Rule
from ladera.rules._xp import sign


def direction(g):
    return sign(g)


class Signed(Rule):
    lr: Positive = 0.5

    def step(self, t, g, s, x):
        return s, x - self.lr * direction(g)
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="mine.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


def test_a_rule_comes_from_a_file(write):
    cls = ladera.rules.from_file(write(SIGNED), "Signed")
    assert cls.name() == "signed"
    assert cls.domains()["lr"].open_low
    assert cls().step(1, -3.0, cls().init(0.0), 0.0) == (cls().init(0.0), 0.5)


def test_a_rule_of_a_file_is_another_when_its_text_is(write):
    first = ladera.rules.from_file(write(SIGNED), "Signed")
    known = first.fingerprint()
    same = ladera.rules.from_file(write(SIGNED, "copy.py"), "Signed")
    other = ladera.rules.from_file(write(SIGNED.replace("return sign(g)", "return g"), "new.py"), "Signed")
    assert same.fingerprint() == known
    assert other.fingerprint() != known


def test_files_of_one_name_do_not_meet(write):
    first = ladera.rules.from_file(write(SIGNED, "a/mine.py"), "Signed")
    text = SIGNED.replace("Positive", "Fraction").replace("Signed", "Other")
    second = ladera.rules.from_file(write(text, "b/mine.py"), "Other")
    assert (str(first.domains()["lr"]), str(second.domains()["lr"])) == ("(0, inf)", "[0, 1)")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no rule 'Signed'.*it holds: -"),
        (SIGNED.replace("Signed", "Other"), "holds no rule 'Signed'.*it holds: Other"),
        ("1 +", "fails when it is run .SyntaxError"),
        (
            "import no_such_module",
            "fails when it is run .ModuleNotFoundError: No module named 'no_such_module'",
        ),
        (SIGNED.replace(" = 0.5", ""), "Signed gives its hyperparameter lr no default"),
    ],
)
def test_a_file_without_the_rule_says_so(write, text, message):
    with pytest.raises(UsageError, match=message):
        ladera.rules.from_file(write(text), "Signed")


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(UsageError, match=r"There is no file '.*mine\.py' to take the rule 'Signed' from"):
        ladera.rules.from_file(tmp_path / "mine.py", "Signed")


def typed(step):
    """A rule as typed at a prompt: a class without a text."""
    names = {"__name__": "__main__"}
    exec(f"import ladera.rules\nclass Typed(ladera.rules.Rule):\n    {step}", names)
    return names["Typed"]


def test_a_rule_without_a_text_is_told_apart_by_what_it_does():
    first, same = (typed("step = lambda self, t, g, s, x: (s, sum([y - g for y in [x]]))") for _ in range(2))
    other = typed("step = lambda self, t, g, s, x: (s, sum([y + g for y in [x]]))")
    assert first.fingerprint() == same.fingerprint()
    assert first.fingerprint() != other.fingerprint()
