"""A checkpoint gives back what it was given, or nothing where it is damaged, foreign or cannot be written."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ladera.train import checkpoint
from ladera.train.checkpoint import Checkpoint


class Carry(NamedTuple):
    t: Any
    weights: Any


TREE = Carry(
    jnp.float32(7),
    [jnp.array([0.0, -0.0, jnp.nan, jnp.inf, 1e-45]), jnp.arange(6, dtype=jnp.int32).reshape(2, 3)],
)


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Every save is kept, however soon it comes after the last."""
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", -1.0)


@pytest.fixture
def saved(tmp_path) -> Path:
    Checkpoint(tmp_path / "partial", "c", ["jax 1", "run"]).save(5, TREE)
    return tmp_path / "partial" / "c.npz"


def load(path: Path, *key: str) -> tuple[int, Any] | None:
    return Checkpoint(path.parent, "c", list(key or ("jax 1", "run"))).load(TREE)


def same(found: tuple[int, Any]) -> bool:
    leaves = zip(jax.tree.leaves(found[1]), jax.tree.leaves(TREE), strict=True)
    bits = all(a.dtype == b.dtype and np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in leaves)
    return bits and found[0] == 5 and jax.tree.structure(found[1]) == jax.tree.structure(TREE)


def test_it_comes_back_bit_for_bit(saved):
    assert same(load(saved))
    assert [path.name for path in saved.parent.iterdir()] == ["c.npz"]


def test_the_last_one_counts_until_it_is_removed(saved):
    one = Checkpoint(saved.parent, "c", ["jax 1", "run"])
    one.save(6, TREE)
    assert one.load(TREE)[0] == 6
    one.remove()
    assert one.load(TREE) is None
    one.remove()


def test_another_key_is_another_training(saved):
    assert load(saved, "jax 2", "run") is None
    assert load(saved, "jax 1", "run", "more") is None


def test_a_tree_of_another_structure_is_not_filled(saved):
    assert Checkpoint(saved.parent, "c", ["jax 1", "run"]).load([*TREE.weights]) is None


def test_saves_that_follow_soon_are_left_out(saved, monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", 3600.0)
    Checkpoint(saved.parent, "c", ["jax 1", "run"]).save(6, TREE)
    assert load(saved)[0] == 5


def test_without_a_folder_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    none = Checkpoint(None, "c", [])
    none.save(5, TREE)
    assert none.load(TREE) is None
    none.remove()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_costs_the_checkpoint_alone(tmp_path):
    (tmp_path / "file").write_text("")
    one = Checkpoint(tmp_path / "file", "c", [])
    one.save(5, TREE)
    assert one.load(TREE) is None


def test_a_crash_in_the_middle_of_a_save_keeps_the_one_before(saved, monkeypatch):
    def fails(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails)
        with pytest.raises(KeyboardInterrupt):
            Checkpoint(saved.parent, "c", ["jax 1", "run"]).save(6, TREE)
    assert same(load(saved))


def test_cut_off_anywhere_it_is_no_checkpoint(saved):
    whole = saved.read_bytes()
    for length in range(len(whole)):
        saved.write_bytes(whole[:length])
        assert load(saved) is None, length


def test_any_bit_that_flips_is_noticed_or_changes_nothing(saved):
    whole = saved.read_bytes()
    noticed = 0
    for bit in range(0, 8 * len(whole), 3):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        saved.write_bytes(damaged)
        found = load(saved)
        noticed += found is None
        assert found is None or same(found), bit
    assert noticed > 1000


def test_something_else_in_its_place_is_no_checkpoint(saved):
    array = io.BytesIO()
    np.save(array, np.arange(3))
    for content in (b"", b"PK", array.getvalue(), b"\0" * 1000, b"text"):
        saved.write_bytes(content)
        assert load(saved) is None
    saved.unlink()
    saved.mkdir()
    assert load(saved) is None
