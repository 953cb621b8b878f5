"""Settings of the whole suite: JAX on the CPU, strict about dtypes and ranks, caches of its own."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import tempfile
from pathlib import Path

import pytest

os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Thousands of programs run here for milliseconds: compiling them well would double the time. What trains
# networks asks for its own compiler options, here as everywhere.
os.environ["XLA_FLAGS"] = " ".join(
    (
        os.environ.get("XLA_FLAGS", ""),
        "--xla_backend_optimization_level=0",
        "--xla_cpu_use_fusion_emitters=false",
    )
)
gc.set_threshold(200_000, 50, 100)  # traced programs are many objects, and stay
os.environ["JAX_NUMPY_DTYPE_PROMOTION"] = "strict"
os.environ["JAX_NUMPY_RANK_PROMOTION"] = "raise"
os.environ.setdefault("KERAS_BACKEND", "jax")
# What other runs measured or compiled on this machine must not decide a test.
os.environ["XDG_CACHE_HOME"] = cache = tempfile.mkdtemp(prefix="ladera-test-cache-")
atexit.register(shutil.rmtree, cache, ignore_errors=True)
os.environ.pop("LADERA_LANG", None)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder with MNIST and the tables: LADERA_DATA, or shared/data beside the repository."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("LADERA_DATA", beside))
    if not (folder / "mnist.npz").is_file():
        pytest.skip("MNIST is not here: set LADERA_DATA to a folder with mnist.npz")
    return folder


def pytest_terminal_summary(terminalreporter):
    """The mutation score, added up over the rules, from whichever process judged them."""
    ended = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, [])]
    counts = [value for r in ended for name, value in r.user_properties if name == "mutants"]
    if counts:
        rejected, wrong = (sum(column) for column in zip(*counts, strict=True))
        terminalreporter.write_line(f"mutation score: {rejected} of {wrong} wrong rules rejected")
