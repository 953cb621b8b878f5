"""Text, tokens and sequences of unequal length as data, against scikit-learn's counting and scaling."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn.preprocessing
from sklearn.feature_extraction.text import CountVectorizer

import ladera
from ladera.base import UsageError
from ladera.problems import Problem
from ladera.problems.tokens import words

GOOD, BAD = ("great", "lovely", "fine"), ("awful", "poor", "sad")


def reviews(rows: int = 120, seed: int = 0) -> pd.DataFrame:
    """A good or a bad word among others; one class is longer."""
    rng = np.random.default_rng(seed)
    texts = []
    for row in range(rows):
        said = list(rng.choice([f"w{k}" for k in range(30)], rng.integers(2, 12)))
        said.insert(rng.integers(len(said) + 1), rng.choice(GOOD if row % 2 else BAD))
        texts.append(" ".join(said).capitalize() + "!")
    return pd.DataFrame({"review": texts, "liked": ["no", "yes"] * (rows // 2), "length": range(rows)})


def split_rows(problem: Problem) -> dict[str, np.ndarray]:
    from ladera.problems.splits import split

    made = split(problem._dataset.y, problem._dataset.classes, problem.split_seed)
    return {"train": made.train, "validation": made.validation, "test": made.test}


def test_the_vocabulary_is_of_the_train_rows_alone():
    table = reviews()
    problem = Problem(table, "embed:2+linear", target="liked", text="review", vocabulary=12, steps=20)
    rows, data = split_rows(problem), problem.prepared()
    counter = CountVectorizer(max_features=10, token_pattern=r"\w+").fit(table["review"][rows["train"]])
    counts = counter.transform(table["review"][rows["train"]]).toarray().sum(axis=0)
    assert data.vocabulary == 12
    seen = np.bincount(data.train.x[data.train.x > 1].astype(int), minlength=12)[2:]
    np.testing.assert_array_equal(seen, np.sort(counts)[::-1])  # the most frequent first
    lengths = [len(words(text)) for text in table["review"][rows["train"]]]
    whole = Problem(table, "embed:2+linear", target="liked", text="review").prepared()
    assert whole.shape == (int(np.ceil(np.percentile(lengths, 95))),)
    assert "columns left out beside the text: 'length'" in data.description


def test_words_become_numbers_cut_and_padded_at_the_end():
    texts = ["b b b a a c"] * 8 + ["A b!"] * 8 + ["c z?"] * 8
    table = pd.DataFrame({"text": texts, "kind": ["x", "y", "z"] * 8})
    problem = Problem(table, "embed:2+gru:2", target="kind", text="text", vocabulary=4, steps=4)
    data, rows = problem.prepared(), split_rows(problem)
    number = {"b b b a a c": [2, 2, 2, 3], "A b!": [3, 2, 0, 0], "c z?": [1, 1, 0, 0]}
    for name, numbers in rows.items():
        expected = [number[texts[row]] for row in numbers]
        np.testing.assert_array_equal(getattr(data, name).x, expected)
    table["text"] = table["text"].astype("category")
    table.loc[rows["test"][0], "text"] = None
    missing = Problem(table, "embed:2+gru:2", target="kind", text="text", vocabulary=4, steps=4).prepared()
    np.testing.assert_array_equal(missing.train.x, data.train.x)
    assert (missing.test.x[0] == 0).all()
    assert data.train.x.dtype == np.float32


def test_words_of_validation_that_train_lacks_are_unknown():
    table = reviews()
    problem = Problem(table, "embed:2+linear", target="liked", text="review")
    changed = table.copy()
    rows = split_rows(problem)
    changed.loc[rows["validation"], "review"] = "unheard of"
    one, other = (
        problem.prepared(),
        Problem(changed, "embed:2+linear", target="liked", text="review").prepared(),
    )
    np.testing.assert_array_equal(one.train.x, other.train.x)
    assert one.vocabulary == other.vocabulary
    assert set(np.unique(other.validation.x)) == {0, 1}
    assert one.data_hash != other.data_hash


def test_words():
    assert words("Don't — ¡Ñandú! x2, e-mail") == ["don't", "ñandú", "x2", "e", "mail"]
    assert words("...") == []


def test_tokens_from_python_and_from_files(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 7, (60, 5)), np.arange(60) % 3
    x[0, 0] = 6
    data = Problem((x, y), "embed:3+gru:4", tokens=True).prepared()
    assert (data.vocabulary, data.shape) == (7, (5,))
    assert {*map(tuple, data.train.x.astype(int))} <= {*map(tuple, x)}
    assert Problem((x, y), "embed:3+gru:4", tokens=True, steps=3).prepared().train.x.shape[1] == 3
    pd.DataFrame(x, columns=list("abcde")).assign(y=y).to_csv(tmp_path / "t.csv", index=False)
    table = Problem(tmp_path / "t.csv", "embed:3+gru:4", tokens=True)
    np.testing.assert_array_equal(table.prepared().train.x, data.train.x)
    lists = Problem(
        ([row[: k % 5 + 1] for k, row in enumerate(x)], y), "embed:3+gru:4", tokens=True
    ).prepared()
    assert lists.shape == (5,)
    assert (lists.train.x == 0).any()


def test_each_reading_is_another_problem():
    table = reviews()
    asked: list[dict] = [{}, {"vocabulary": 20}, {"steps": 5}, {"steps": 6}]
    problems = [Problem(table, "embed:2+gru:2", target="liked", text="review", **more) for more in asked]
    assert len({str(problem.identity()) for problem in problems}) == 4
    assert len({problem.prepared().data_hash for problem in problems}) == 4  # their examples lie apart
    said = problems[1].describe()
    assert {key: said[key] for key in ("text", "vocabulary")} == {"text": "review", "vocabulary": 20}


def test_sequences_of_unequal_length_are_scaled_by_what_is_there():
    rng = np.random.default_rng(0)
    x = [rng.normal(5, 3, (rng.integers(1, 9), 2)) for _ in range(50)]
    y = np.array([len(one) for one in x], float) + rng.normal(size=50)
    problem = Problem((x, y), "gru:3")
    data, rows = problem.prepared(), split_rows(problem)
    longest = max(map(len, x))
    assert (data.shape, data.padded, data.vocabulary) == ((longest, 3), True, None)
    scaler = sklearn.preprocessing.StandardScaler().fit(np.concatenate([x[row] for row in rows["train"]]))
    for name, numbers in rows.items():
        found = getattr(data, name).x.reshape(-1, longest, 3)
        for one, row in zip(found, numbers, strict=True):
            k = len(x[row])
            np.testing.assert_allclose(one[:k, :2], scaler.transform(x[row]), atol=1e-5)
            assert (one[:k, 2] == 1).all()
            assert (one[k:] == 0).all()


@pytest.mark.parametrize(
    ("data", "given", "sentence"),
    [
        ("moons", {"tokens": True, "network": "embed:2+linear"}, "Tokens are whole numbers from 0"),
        ("moons", {"text": "x1"}, "Text is a column of a table, received an array for text 'x1'"),
        ("table", {"text": "reviews"}, "no column 'reviews'"),
        ("table", {"text": "liked"}, "received 'liked' for both; name another target"),
        ("table", {"text": "review", "vocabulary": 2}, "vocabulary is a whole number from 3"),
        ("table", {"text": "review", "steps": 0}, "steps is a whole number from 1"),
        ("table", {"text": "review"}, "need an embedding, received the network 'mlp:64,64'"),
        ("moons", {"vocabulary": 50}, "vocabulary goes with text, received vocabulary 50 without it"),
        ("moons", {"steps": 5}, "steps goes with text or tokens"),
        ("table", {"text": "review", "horizon": 2}, "horizon goes with window"),
        ("empty", {"text": "review"}, "A column of text has words, received none in 'review'"),
        ("unlike", {}, "as many inputs each, received shapes such as (2, 2) and (3, 1)"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(data, given, sentence):
    table = reviews()
    if data == "empty":
        table["review"] = "..."
    if data == "unlike":
        data = [np.ones((2, 2)), np.ones((3, 1))] * 10, np.arange(20) % 2
    target = "liked" if data in ("table", "empty") else None
    with pytest.raises(UsageError) as error:
        Problem(table if target else data, target=target, **given).prepared()
    assert sentence in str(error.value)


def test_a_text_is_classified(tmp_path):
    table = reviews(240)
    table.to_csv(tmp_path / "reviews.csv", index=False)
    problem = Problem(
        tmp_path / "reviews.csv", "embed:8+linear", target="liked", text="review", vocabulary=60
    )
    study = ladera.compare(problem, "adam", [3e-2], 1, 12, 16, tmp_path / "s", width=1)
    answer = study.recommendation()
    assert answer.validation is not None
    assert answer.validation > 0.9
    assert study.asked["problem"]["vocabulary"] == 60
    [repeat] = [line for line in [study.asked["command"]] if line.startswith("ladera.compare")]
    assert "'embed:8+linear'" in repeat
    assert "text='review', vocabulary=60" in repeat
