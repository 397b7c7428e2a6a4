"""The figures that the README states, on the shared sample of real photos."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from indexer.evaluate import evaluate_search, evaluate_suggestions, read_truth
from reverse_search.generation.opened import open_current

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "open-data-sample"
SAMPLE = Path(os.environ.get("REVERSE_SEARCH_SAMPLE", SHARED))
pytestmark = [
    pytest.mark.sample,
    pytest.mark.slow,
    pytest.mark.skipif(not SAMPLE.is_dir(), reason=f"the shared sample is not at {SAMPLE}; set REVERSE_SEARCH_SAMPLE"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sample") / "home"
    for command in (("init",), ("import", "open-data", str(SAMPLE)), ("nightly",)):
        subprocess.run([sys.executable, "-m", "indexer", "--home", str(home), *command], check=True, timeout=500)
    return home


@pytest.mark.timeout(900)
def test_fusion_ranks_at_least_as_well_as_either_part(home: Path) -> None:
    figures = evaluate_search(open_current(home), read_truth(SAMPLE.with_name(f"{SAMPLE.name}-truth.csv")))
    for rare in (False, True):
        group = [f for f in figures if f.provisional is rare]
        fused, classifier, neighbours = (
            np.mean([getattr(f, way) for f in group]) for way in ("fused", "classifier", "neighbours")
        )
        assert fused >= max(classifier, neighbours)
    assert np.mean([f.fused for f in figures]) > 0.93


@pytest.mark.timeout(900)
def test_suggestions_keep_the_promise_and_say_something(home: Path) -> None:
    truth = read_truth(SAMPLE.with_name(f"{SAMPLE.name}-truth.csv"))
    figures = evaluate_suggestions(open_current(home), truth, ["unknown", "coarse:class"])
    together = [f for f in figures if f.rank == "any"]
    assert sum(f.wrong for f in together) <= 0.02 * sum(f.suggested for f in together)
    assert all(f.coverage > 0.2 for f in together)
