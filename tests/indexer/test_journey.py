"""The whole path as a user walks it, through the command line, on a small collection with drawn photos."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reverse_search.domain.words import AbstainReason, SuggestionState
from reverse_search.generation.opened import open_current
from reverse_search.generation.publish import GenerationStore
from reverse_search.store.identifications import upsert_identifications
from reverse_search.store.observations import find_observations
from reverse_search.store.session import default_url, open_database
from tests.support.collections import MadeCollection, make_collection
from tests.support.store_databases import PostgresServer

pytestmark = pytest.mark.slow
SAID = ("identification_id", "observation_id", "user_id", "taxon_id", "current", "category", "disagreement")
STEPS = ("embed", "collect", "train", "score", "suggest", "build", "check", "publish")


def run(
    home: Path, *arguments: str, status: int = 0, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "indexer", "--home", str(home), *arguments]
    done = subprocess.run(command, env=os.environ | (environment or {}), capture_output=True, text=True, timeout=300)
    assert done.returncode == status, done.stderr + done.stdout
    return done


def ask(home: Path, *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(run(home, *arguments, "--format", "json").stdout)
    return answer


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeCollection:
    return make_collection(tmp_path_factory.mktemp("dump") / "open-data")


@pytest.fixture(scope="module")
def imported(made: MadeCollection, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("imported") / "home"
    run(home, "init")
    run(home, "import", "open-data", str(made.folder))
    return home


@pytest.fixture(scope="module")
def published(imported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("published") / "home"
    shutil.copytree(imported, home)
    assert "published" in run(home, "nightly").stdout
    return home


def contents(home: Path) -> str:
    return open_current(home).manifest.contents_digest


def test_search_returns_every_match_best_first_and_explains(published: Path, made: MadeCollection) -> None:
    answer = ask(published, "search", "Protea repens", "--limit", "1000")
    lacking = {u: s for u, (_, s) in made.truth.items() if s in {"unknown", "coarse", "wrong"}}
    others = {u for u, (t, s) in made.truth.items() if s in {"verified", "single"} and t != 111}
    assert answer["taxon"] == {"id": 111, "name": "Protea repens", "rank": "species"}
    assert {c["observation_uuid"] for c in answer["candidates"]} == lacking.keys() | others
    assert sum(answer["counts"].values()) == len(answer["candidates"])
    assert answer["counts"]["unknown"] == sum(s == "unknown" for s in lacking.values())
    probabilities = [c["probability"] for c in answer["candidates"]]
    assert probabilities == sorted(probabilities, reverse=True)
    assert answer["plan"]["exact"] is True
    best = answer["candidates"][0]
    assert set(best) >= {
        "observation_uuid", "observation_id", "kind", "probability", "classifier_probability", "neighbour_similarity",
        "current_taxon_id", "photo_ids", "exemplar_photo_ids",
    }  # fmt: skip
    assert best["observation_id"] is None
    assert 1 <= len(best["exemplar_photo_ids"]) <= 3
    assert not set(best["exemplar_photo_ids"]) & set(best["photo_ids"])


def test_search_finds_what_looks_like_it(published: Path, made: MadeCollection) -> None:
    found = ask(published, "search", "211", "--kind", "unknown", "--limit", "2")["candidates"]
    assert [c["kind"] for c in found] == ["unknown", "unknown"]
    assert {made.truth[c["observation_uuid"]][0] for c in found} == {211}


def test_kinds_add_up_and_limits_hold(published: Path) -> None:
    counts = ask(published, "search", "Proteaceae")["counts"]
    for kind, n in counts.items():
        page = ask(published, "search", "Proteaceae", "--kind", kind, "--limit", "5")
        assert len(page["candidates"]) == min(5, n)
        assert {c["kind"] for c in page["candidates"]} <= {kind}
        assert page["counts"] == counts


def test_names_and_mistakes(published: Path) -> None:
    assert "300  genus Banksia (in Animalia)" in run(published, "search", "Banksia", status=2).stderr
    assert "check the spelling" in run(published, "search", "Nothing like it", status=2).stderr
    assert "use unknown, or coarse:" in run(published, "suggest", "--pool", "coarse:tribe", status=2).stderr
    assert ask(published, "search", "300")["explanation"].startswith("no verified observation")


def test_suggestions_cover_the_pool_with_abstentions(published: Path, made: MadeCollection) -> None:
    page = ask(published, "suggest")
    assert {s["observation_uuid"] for s in page["suggestions"]} == {
        u for u, (_, s) in made.truth.items() if s == "unknown"
    }
    assert page["certified"] is False, "80 observations can't show an error below 2 %"
    for entry in page["suggestions"]:
        assert entry["state"] in set(SuggestionState)
        assert (entry["taxon_id"] is None) == (entry["state"] == "abstained")
        assert entry["abstain_reason"] in set(AbstainReason)
    coarse = ask(published, "suggest", "--pool", "coarse:class")["suggestions"]
    assert {made.truth[s["observation_uuid"]][1] for s in coarse} == {"coarse"}


def test_other_formats(published: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run(published, "search", "111", "--format", "csv").stdout)))
    assert len(rows) == 30
    assert float(rows[0]["probability"]) >= float(rows[1]["probability"])
    assert "Protea repens (species 111)" in run(published, "search", "111").stdout
    assert "uncertified" in run(published, "suggest").stdout
    status = ask(published, "status")
    assert status["generation"]["observations"] == 80
    assert status["last_run"]["state"] == "succeeded"


def test_evaluate_reads_the_truth(published: Path, made: MadeCollection, tmp_path: Path) -> None:
    text = run(published, "evaluate", str(made.write_truth(tmp_path / "truth.csv"))).stdout
    assert "mean AP, all (4 taxa): fused" in text
    assert "unknown, any: 0 suggestions" in text


def test_what_is_imported_since_the_night_counts_at_once(published: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(published, home)
    pool = ask(home, "suggest")["suggestions"]
    name = pool[0]["observation_uuid"]
    with open_database(default_url(home)) as database, database.write() as connection:
        rows = find_observations(connection, [name])
        said = (999, rows[0], 1, 111, True, "improving", False)
        upsert_identifications(connection, SAID, [said])
    assert name not in {s["observation_uuid"] for s in ask(home, "suggest")["suggestions"]}
    found = ask(home, "search", "111", "--limit", "1000")["candidates"]
    assert found
    assert name not in {c["observation_uuid"] for c in found}


def test_a_second_night_without_changes_publishes_nothing(published: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(published, home)
    before = GenerationStore(home).names()
    assert "still serving" in run(home, "nightly").stdout
    assert GenerationStore(home).names() == before


def test_the_readme_s_commands_work_as_written(made: MadeCollection, tmp_path: Path) -> None:
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    block = readme.split("## Use it on Open Data")[1].split("```")[1]
    script = block.replace("path/to/dump", str(made.folder))
    assert "reverse-search nightly" in script
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = ["sh", "-e", "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "Proteaceae (family 100)" in done.stdout
    assert (tmp_path / "my-data" / "CURRENT").is_file()


@pytest.mark.postgres
def test_the_same_on_postgresql(
    made: MadeCollection, published: Path, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    postgres_server.admin("CREATE DATABASE journey")
    url = {"REVERSE_SEARCH_DATABASE_URL": postgres_server.url("journey")}
    for command in (("init",), ("import", "open-data", str(made.folder)), ("nightly",)):
        run(tmp_path / "home", *command, environment=url)
    assert contents(tmp_path / "home") == contents(published)


@pytest.fixture
def killed(imported: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A home whose nightly was killed as soon as it said that a step begins."""
    home = tmp_path / "home"
    shutil.copytree(imported, home)
    job = subprocess.Popen(
        [sys.executable, "-m", "indexer", "--home", str(home), "nightly"], stderr=subprocess.PIPE, text=True
    )
    assert job.stderr is not None
    for line in job.stderr:
        if line.startswith(f"{request.param} …"):
            os.kill(job.pid, signal.SIGKILL)
            break
    job.stderr.close()
    assert job.wait(60) == -signal.SIGKILL
    return home


@pytest.mark.parametrize("killed", STEPS, indirect=True)
def test_killed_at_any_step_it_ends_in_the_same_contents(killed: Path, published: Path) -> None:
    assert GenerationStore(killed).current_or_none() is None
    run(killed, "nightly")
    assert contents(killed) == contents(published)
    assert not any((killed / "building").iterdir())


@pytest.mark.parametrize("killed", ["check"], indirect=True)
def test_a_file_left_half_written_by_the_kill_is_not_published(killed: Path, published: Path) -> None:
    (folder,) = (killed / "building").glob("*/generation")
    (folder / ".index.json.1.0.tmp").write_bytes(b"{")
    (folder / "manifest.json").unlink()
    next(killed.glob("building/*/done/build")).unlink()
    run(killed, "nightly")
    assert contents(killed) == contents(published)
