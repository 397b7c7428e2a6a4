import json
import shutil
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from indexer.bench.command import bench
from indexer.bench.peers import registry
from indexer.bench.peers.base import COLUMNS, Condition, Photos, as_sql, best_of, in_play
from indexer.bench.peers.questions import Questions, Truth, make_questions, photos_of
from indexer.bench.peers.registry import HOW_TO_INSTALL, PEERS, installed
from indexer.bench.peers.report import render
from indexer.bench.peers.run import Settings, run
from indexer.bench.synthetic import Recipe, prepare
from reverse_search.generation.opened import open_current

RECIPE = Recipe(photos=3000, dim=32)
TAXA, K = 4, 50
AT_LEAST = {"ours": 0.99, "faiss": 0.95, "perch-hoplite": 0.95, "lancedb": 0.95, "milvus-lite": 0.95}
"""Recall of each library's better setting, of all that is in play."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("peers")
    prepare(home / "collection", RECIPE, lambda text: None)
    return home


@pytest.fixture(scope="module")
def photos(home: Path) -> Photos:
    return photos_of(open_current(home / "collection"))


@pytest.fixture(scope="module")
def questions(home: Path) -> Questions:
    return make_questions(open_current(home / "collection"), TAXA, K, seed=1)


def measure(home: Path, *names: str) -> list[dict[str, Any]]:
    figures = run(home, RECIPE, Settings(TAXA, K, peers=names), lambda text: None)
    peers: list[dict[str, Any]] = figures["peers"]
    return peers


@pytest.mark.parametrize("name", PEERS)
def test_a_library_answers_within_the_filter(name: str, home: Path, photos: Photos, questions: Questions) -> None:
    if installed(PEERS[name]) is None:
        pytest.skip(f"{name} is {HOW_TO_INSTALL}")
    (figures,) = measure(home, name)
    assert figures["note"] is None
    assert figures["disk_bytes"] > 0
    assert [setting["name"] for setting in figures["settings"]] == list(PEERS[name].settings)
    for number, setting in enumerate(figures["settings"]):
        assert [(row["selectivity"], row["outside"]) for row in setting["rows"]] == [
            (1.0, 0), *[(0.1, 0)] * 3, *[(0.01, 0)] * 3, *[(0.001, 0)] * 3
        ]  # fmt: skip
        assert all(0 < row["median_ms"] <= row["p95_ms"] and row["cpu_ms"] > 0 for row in setting["rows"])
        with np.load(home / "peers" / name / f"{number}.npz") as answers:
            check_answers(answers["rows"], answers["similarities"], photos, questions)
    assert figures["settings"][-1]["rows"][0]["recall"] >= AT_LEAST[name]


def check_answers(rows: Any, similarities: Any, photos: Photos, questions: Questions) -> None:
    for question, found, near in zip(questions.asked, rows, similarities, strict=True):
        given = found[found >= 0]
        assert (found[len(given) :] == -1).all()
        assert len(np.unique(given)) == len(given)
        assert in_play(question.where, photos.columns)[given].all()
        assert (np.diff(near[: len(given)]) <= 0).all()


def test_ours_finds_what_exact_search_finds(home: Path, photos: Photos, questions: Questions) -> None:
    (figures,) = measure(home, "ours")
    (setting,) = figures["settings"]
    assert all(row["fill"] == row["least_fill"] == 1 and row["recall"] >= 0.99 for row in setting["rows"])
    with np.load(home / "peers" / "ours" / "0.npz") as answers:
        for question, found, near in zip(questions.asked, answers["rows"], answers["similarities"], strict=True):
            given = found[found >= 0]
            exact = (photos.source.gather(given) @ questions.prototypes[question.subject].T).max(axis=1)
            np.testing.assert_allclose(near[: len(given)], exact, atol=1e-5)


def test_over_fetching_runs_dry_within_narrow_filters(home: Path) -> None:
    (figures,) = measure(home, "faiss")
    narrow = [row for row in figures["settings"][0]["rows"] if row["selectivity"] == 0.001]
    assert all(row["fill"] == row["recall"] for row in narrow)
    assert min(row["least_fill"] for row in narrow) < 1


def test_the_truth_is_what_comparing_one_by_one_gives(photos: Photos, questions: Questions) -> None:
    truth = Truth.of(questions, photos)
    vectors = photos.source.block(0, photos.source.count)
    for number in (0, TAXA + 1, len(questions.asked) - 1):
        question = questions.asked[number]
        mask = in_play(question.where, photos.columns)
        similarity = np.where(mask, (vectors @ questions.prototypes[question.subject].T).max(axis=1), -np.inf)
        wanted = np.argsort(-similarity)[: min(K, mask.sum())]
        assert truth.pools[number] == mask.sum()
        assert set(truth.best[number].tolist()) == set(wanted.tolist())


def test_questions_survive_the_way_to_another_process(tmp_path: Path, questions: Questions) -> None:
    questions.save(tmp_path)
    read = Questions.open(tmp_path)
    assert (read.k, list(read.asked)) == (questions.k, list(questions.asked))
    assert all((a == b).all() for a, b in zip(read.prototypes, questions.prototypes, strict=True))


def test_filters_leave_what_they_say(photos: Photos, questions: Questions) -> None:
    shares: dict[float, list[float]] = {}
    for question in questions.asked:
        shares.setdefault(question.selectivity, []).append(in_play(question.where, photos.columns).mean())
    for selectivity, found in shares.items():
        assert np.mean(found) == pytest.approx(selectivity, rel=0.5)


def test_a_filter_is_the_same_on_columns_and_in_sql() -> None:
    where = (Condition("latitude", ">=", -12.345678901234567), Condition("observed_day", "<=", 9))
    columns = {"observed_day": np.array([9, 10, 9]), "latitude": np.array([-12.345678901234567, 0, -12.4])}
    assert in_play(where, columns | {"longitude": np.zeros(3)}).tolist() == [True, False, False]
    assert as_sql(where) == "latitude >= -12.345678901234567 and observed_day <= 9"
    assert as_sql(()) == ""
    assert in_play((), {name: np.zeros(2) for name in COLUMNS}).all()


def test_a_row_counts_once_by_its_best_similarity() -> None:
    found = best_of(np.array([7, 3, 7, 5]), np.array([0.1, 0.5, 0.9, 0.2]), 2)
    assert found.rows.tolist() == [7, 3]
    assert found.similarities.tolist() == pytest.approx([0.9, 0.5])
    assert len(best_of(np.zeros(0), np.zeros(0), 5).rows) == 0


def test_a_library_that_is_not_installed_is_a_row_that_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(registry, "version", missing)
    peers = measure(home, "lancedb", "milvus-lite")
    assert [(peer["note"], peer["settings"]) for peer in peers] == [(HOW_TO_INSTALL, [])] * 2
    assert f"| lancedb |  | {HOW_TO_INSTALL} |" in render({"peers": peers}, "table")


def test_a_library_that_fails_leaves_the_others_their_figures(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "collection", tmp_path / "collection")
    measure(tmp_path, "ours")
    (tmp_path / "peers" / "ours" / "data" / "note.json").unlink()
    ours, faiss = measure(tmp_path, "ours", "faiss")
    assert ours["note"].startswith("failed: ask ended with 1: FileNotFoundError")
    assert faiss["note"] is None
    table = render({"peers": [ours, faiss]}, "table")
    assert "| ours, defaults |" not in table
    assert "| faiss, 10 × |" in table


def test_the_report_says_how_many_answers_were_outside() -> None:
    row: dict[str, Any] = {
        "selectivity": 0.01,
        "filter": "near",
        "pool": 1234,
        "median_ms": 99.94,
        "p95_ms": 1234.5,
        "cpu_ms": 7.25,
    }
    row |= {"recall": 0.5, "fill": 1.0, "outside": 2}
    peer: dict[str, Any] = {
        "name": "x",
        "version": "x 1",
        "note": None,
        "build_s": 12.0,
        "build_cpu_s": 3.0,
        "disk_bytes": 2**21,
    }
    peer |= {"resident_bytes": 2**30, "anonymous_bytes": 2**20, "settings": [{"name": "y", "what": "z", "rows": [row]}]}
    table = render({"peers": [peer]}, "table")
    for cells in ("x | x 1 | 12 | 3 | 2 | 1,024 | 1", "photos in play | 1,234", "x, y | 99.9", "x, y | 1,234",
                  "x, y | 7.2", "x, y | .500", "x, y | 1.000 (2 outside)"):  # fmt: skip
        assert f"| {cells} |" in table
    assert "- x, y: z" in table
    assert "| Recall | 1 % near |" in table


@pytest.mark.slow
def test_the_command_prints_json(tmp_path: Path) -> None:
    arguments = ["peers", "--photos", "1000", "--dim", "16", "--queries", "3", "--k", "10", "--peer", "ours"]
    done = CliRunner().invoke(bench, [*arguments, "--format", "json", "--keep", str(tmp_path)])
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)
    assert figures["collection"] == {"photos": 1000, "dim": 16, "vectors": "sample-like", "seed": 1}
    assert [peer["name"] for peer in figures["peers"]] == ["ours"]


def test_an_unknown_library_is_named_with_the_known_ones() -> None:
    done = CliRunner().invoke(bench, ["peers", "--peer", "word2vec"])
    assert done.exit_code == 2
    assert "word2vec; choose from ours, faiss" in done.output
