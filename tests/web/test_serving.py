"""Following what is published, and being there before anything is."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from flask.testing import FlaskClient

from reverse_search.domain.catalogue import SuggestionColumns
from reverse_search.errors import StoreError
from reverse_search.generation.opened import Generation
from reverse_search.generation.publish import GenerationStore
from reverse_search.store.identifications import upsert_identifications
from reverse_search.store.migrate import migrate
from reverse_search.store.observations import find_observations, mark_observations_deleted
from reverse_search.store.session import default_url, open_database
from tests.search.made_index import MadeIndex, make_index
from web.app import create_app
from web.serving import Pinned
from web.site import Site

Open = Callable[[Path], FlaskClient]


@pytest.fixture
def opened() -> Iterator[Open]:
    apps = []

    def open_site(home: Path) -> FlaskClient:
        apps.append(create_app(Site(home, default_url(home))))
        return apps[-1].test_client()

    yield open_site
    for app in apps:
        app.extensions["database"].close()


def serving(client: FlaskClient) -> str:
    name: str = client.get("/api/v1/status").get_json()["generation"]["name"]
    return name


def test_before_anything_is_published_it_says_what_to_do(opened: Open, tmp_path: Path) -> None:
    migrate(default_url(tmp_path))
    client = opened(tmp_path)
    for path in ("/", "/taxa/1", "/suggestions", "/taxa?q=x"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert "reverse-search nightly" in answer.text
    assert client.get("/status").status_code == 200
    assert client.get("/api/v1/status").get_json()["generation"] is None
    assert client.get("/api/v1/taxa?q=x").get_json()["error"]["code"] == "no_generation"


def test_without_a_database_it_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="run `reverse-search init`"):
        create_app(Site(tmp_path, default_url(tmp_path)))


class Fixed:
    """Serves one index for ever."""

    def __init__(self, index: MadeIndex) -> None:
        self._pinned = Pinned(cast(Generation, index))

    def pin(self) -> Pinned:
        return self._pinned


def test_an_empty_pool_says_so(tmp_path: Path) -> None:
    made = make_index()
    nothing = SuggestionColumns(*(column[:0] for column in vars(made.suggestions).values()))
    migrate(default_url(tmp_path))
    app = create_app(Site(tmp_path, default_url(tmp_path)))
    app.extensions["serving"] = Fixed(replace(made, suggestions=nothing))
    assert "This pool is empty" in app.test_client().get("/suggestions").text
    assert "This pool is empty" in app.test_client().get("/").text
    app.extensions["database"].close()


@pytest.fixture
def home(demo_home: Path, tmp_path: Path) -> Path:
    """A copy with two generations."""
    home = tmp_path / "home"
    shutil.copytree(demo_home, home, ignore=shutil.ignore_patterns("open-data"))
    (only,) = GenerationStore(home).names()
    shutil.copytree(home / "generations" / only, home / "generations" / "20990101T000000Z-00000000")
    return home


@pytest.mark.slow
def test_a_new_generation_is_served_without_a_restart(opened: Open, home: Path) -> None:
    client, store = opened(home), GenerationStore(home)
    first, second = store.names()
    assert serving(client) == first
    store.serve(second)
    assert serving(client) == second
    assert second in client.get("/").text
    store.roll_back()
    assert serving(client) == first


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["manifest.json", "observations/uuid.npy", "vectors.json", "head"])
def test_one_that_can_not_be_opened_leaves_the_last_one_serving(opened: Open, home: Path, harm: str) -> None:
    client, store = opened(home), GenerationStore(home)
    first, second = store.names()
    assert serving(client) == first
    harmed = home / "generations" / second / harm
    if harmed.is_dir():
        shutil.rmtree(harmed)
    else:
        harmed.write_bytes(harmed.read_bytes()[:-9])
    store.serve(second)
    assert serving(client) == first
    assert client.get("/").status_code == 200
    shutil.rmtree(home / "generations" / second)
    assert serving(client) == first


@pytest.mark.slow
def test_the_first_one_that_can_not_be_opened_is_a_clear_page(opened: Open, home: Path) -> None:
    first = GenerationStore(home).names()[0]
    (home / "generations" / first / "observations" / "uuid.npy").unlink()
    answer = opened(home).get("/")
    assert answer.status_code == 503
    assert "roll back" in answer.text


COLUMNS = ("identification_id", "observation_id", "user_id", "taxon_id", "current", "category", "disagreement")


@pytest.mark.slow
def test_what_is_imported_since_the_night_is_shown_at_once(opened: Open, home: Path) -> None:
    client = opened(home)
    pool = client.get("/api/v1/suggestions?tray=suggested&per_page=2").get_json()
    identified, gone = pool["suggestions"]
    path = f"/api/v1/taxa/{identified['taxon_id']}/candidates?per_page=1"
    before = client.get(path).get_json()["counts"]
    with open_database(default_url(home)) as database, database.write() as connection:
        rows = find_observations(connection, [identified["observation_uuid"], gone["observation_uuid"]])
        assert all(rows)
        said = (1, rows[0], 1, identified["taxon_id"], True, "improving", False)
        upsert_identifications(connection, COLUMNS, [said])
        mark_observations_deleted(connection, [row for row in rows[1:] if row is not None])
    after = client.get(path).get_json()["counts"]
    assert after == before | {"unknown": before["unknown"] - 2}
    listed = client.get("/api/v1/suggestions?tray=suggested&per_page=100").get_json()
    assert listed["pool_size"] == pool["pool_size"] - 2
    assert client.get(f"/observations/{gone['observation_uuid']}").status_code == 404
