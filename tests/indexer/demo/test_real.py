import socket
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.demo.folder import HEADERS
from indexer.demo.real.api import PER_PAGE, Api, Pace
from indexer.demo.real.fetch import BoundingBox, RealReport, fetch_real_collection
from indexer.demo.real.tables import clean
from indexer.sources.open_data import ImportReport, import_open_data
from indexer.sources.open_data_rows import IDENTIFICATIONS, PARTS
from reverse_search.errors import AmbiguousTaxon, BadRequest, BadSettings, SourceError, UnknownTaxon
from reverse_search.store.columns import read_columns
from reverse_search.store.session import Database
from tests.support import api_server as world
from tests.support.api_server import (
    PROTEA,
    PROTEACEAE,
    SPECIES,
    ApiServer,
    Json,
    api_server,
    drops_connection,
    in_json,
    make_identification,
    make_observation,
    make_photo,
    make_taxon,
    make_user,
    make_world,
    slow_by,
)
from tests.support.store_photo_server import Answer, says

NOW_S = 1_700_000_000.0
CAPE = BoundingBox(18, -34.5, 19.5, -33)


class Time:
    """A clock that only waiting moves on, and what was waited for."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now_s += seconds

    def pace(self, **changes: Any) -> Pace:
        return Pace(sleep=self.sleep, clock_s=lambda: self.now_s, now_s=lambda: NOW_S, **changes)

    def backoffs(self) -> list[float]:
        return [wait for wait in self.waits if wait != 1.0]


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with api_server(make_world(per_species=25)) as told:
        yield told


@pytest.fixture
def waited() -> Time:
    return Time()


Fetch = Callable[..., RealReport]


@pytest.fixture
def fetch(server: ApiServer, waited: Time, tmp_path: Path) -> Fetch:
    def run(taxon: str = "Proteaceae", **changes: Any) -> RealReport:
        asked: dict[str, Any] = {"observations": 120, "pace": waited.pace(), "progress": lambda *_: None} | changes
        return fetch_real_collection(tmp_path / "collection", taxon, api_url=server.url, **asked)

    return run


def table(folder: Path, name: str) -> list[dict[str, str]]:
    header, *lines = (folder / f"{name}.csv").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    return [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]


class Silent:
    def advance(self, step: str, rows: int, fraction_done: float) -> None:
        pass


def take_in(folder: Path, database: Database) -> ImportReport:
    return import_open_data(
        folder,
        database,
        photos=None,
        identifications=None,
        rejects_dir=folder.parent / "rejects",
        progress=Silent(),
    )


# What comes out


def test_a_collection_is_imported_without_rejects(database: Database, fetch: Fetch, tmp_path: Path) -> None:
    made = fetch()
    report = take_in(tmp_path / "collection", database)
    assert report.rejected == 0
    rows = {each.name: each.rows for each in report.tables}
    assert (rows["observations"], rows["photos"], rows["taxa"]) == (made.observations, made.photos, made.taxa)
    assert made.observations == 120
    assert rows["identifications"] > 120
    assert take_in(tmp_path / "collection", database).changed == 0


def test_the_columns_are_those_that_an_import_reads() -> None:
    for part in (*PARTS, IDENTIFICATIONS):
        assert {*part.layout.required, *part.layout.optional} <= set(HEADERS[part.name])


def test_there_is_something_of_each_kind(fetch: Fetch, tmp_path: Path) -> None:
    fetch()
    kinds = Counter(
        (row["quality_grade"], "unknown" if row["taxon_id"] in ("", "48460") else _place_of(int(row["taxon_id"])))
        for row in table(tmp_path / "collection", "observations")
    )
    assert kinds["research", "inside"] == 60
    assert kinds["research", "outside"] == 22
    assert kinds["needs_id", "inside"] == 13
    assert kinds["needs_id", "unknown"] == 12
    assert kinds["needs_id", "above"] >= 8
    assert kinds["needs_id", "above"] + kinds["needs_id", "outside"] == 13


def _place_of(taxon_id: int) -> str:
    if PROTEACEAE in world.lineage(taxon_id):
        return "inside"
    return "above" if taxon_id in world.lineage(PROTEACEAE) else "outside"


def test_verified_ones_are_spread_over_species_and_observers(fetch: Fetch, tmp_path: Path, server: ApiServer) -> None:
    crowd = [make_observation(9000 + n, 111, user=make_user(1)) for n in range(250)]
    server.observations += crowd
    fetch(observations=200)
    verified = [row for row in table(tmp_path / "collection", "observations") if row["quality_grade"] == "research"]
    inside = [row for row in verified if int(row["taxon_id"]) in SPECIES]
    assert len(inside) == 100
    assert set(Counter(row["taxon_id"] for row in inside).values()) == {20}
    assert max(Counter((row["taxon_id"], row["observer_id"]) for row in inside).values()) <= 3


def test_a_single_species_gets_all_that_were_asked_for(fetch: Fetch, server: ApiServer, tmp_path: Path) -> None:
    server.observations += [make_observation(9000 + n, 111) for n in range(30)]
    fetch("Protea repens", observations=70)
    rows = table(tmp_path / "collection", "observations")
    assert Counter(row["taxon_id"] for row in rows if row["quality_grade"] == "research")["111"] == 34
    genus_or_above = {row["taxon_id"] for row in rows if row["quality_grade"] == "needs_id"} - {"111", "", "48460"}
    assert str(PROTEA) in genus_or_above
    assert not genus_or_above & {str(species) for species in SPECIES}


def test_a_subspecies_counts_as_its_species(fetch: Fetch, server: ApiServer, tmp_path: Path) -> None:
    server.observations = [make_observation(n, 1131 if n % 2 else 113) for n in range(1, 400)]
    fetch(observations=60)
    second = server.asked_for("observations")[1]
    assert second.params["without_taxon_id"] == "113"
    assert {"113", "1131"} <= {row["taxon_id"] for row in table(tmp_path / "collection", "taxa")}


def test_all_taxa_come_with_their_ancestors(fetch: Fetch, tmp_path: Path) -> None:
    fetch()
    taxa = {row["taxon_id"]: row for row in table(tmp_path / "collection", "taxa")}
    named = {row["taxon_id"] for row in table(tmp_path / "collection", "observations")} - {""}
    named |= {row["taxon_id"] for row in table(tmp_path / "collection", "identifications")}
    assert named <= taxa.keys()
    for row in taxa.values():
        assert set(filter(None, row["ancestry"].split("/"))) <= taxa.keys()
    assert taxa["111"] == {
        "taxon_id": "111",
        "ancestry": "48460/47126/211194/47125/47124/70/64333/110",
        "rank_level": "10",
        "rank": "species",
        "name": "Protea repens",
        "active": "true",
    }


def test_taxa_without_ancestors_in_them_are_asked_for(fetch: Fetch, server: ApiServer, tmp_path: Path) -> None:
    for observation in server.observations:
        for said in observation["identifications"]:
            said["taxon"] = make_taxon(said["taxon_id"])
    fetch()
    asked = [each.path.removeprefix("taxa/").split(",") for each in server.asked if each.path.startswith("taxa/")]
    assert max(map(len, asked)) <= 30
    ids = [taxon_id for batch in asked for taxon_id in batch]
    assert len(ids) == len(set(ids))
    assert "2" in {row["taxon_id"] for row in table(tmp_path / "collection", "taxa")}


def test_identifications_with_a_disagreement(
    database: Database, fetch: Fetch, server: ApiServer, tmp_path: Path
) -> None:
    said = [
        make_identification(1, 111, 5, category="maverick", disagreement=None, previous_observation_taxon_id=None),
        make_identification(2, PROTEACEAE, 6, disagreement=True, previous_observation_taxon_id=113, category="leading"),
        make_identification(3, 113, 7, current=False, hidden=True, created_at="2024-05-07T10:00:00Z"),
    ]
    server.observations = [make_observation(7, 112, identifications=said)]
    fetch()
    rows = table(tmp_path / "collection", "identifications")
    columns = ["identification_id", "taxon_id", "current", "category", "disagreement", "hidden"]
    assert [[row[name] for name in (*columns, "previous_observation_taxon_id")] for row in rows] == [
        ["1", "111", "true", "maverick", "", "false", ""],
        ["2", "64333", "true", "leading", "true", "false", "113"],
        ["3", "113", "false", "supporting", "false", "true", "113"],
    ]
    assert rows[2]["created_at"] == "2024-05-07T10:00:00Z"
    assert {"111", "112", "113", "64333"} <= {row["taxon_id"] for row in table(tmp_path / "collection", "taxa")}
    assert {"5", "6", "7"} <= {row["observer_id"] for row in table(tmp_path / "collection", "observers")}
    assert take_in(tmp_path / "collection", database).rejected == 0
    with database.snapshot() as connection:
        assert sorted(read_columns(connection).identifications.disagreements.tolist()) == [-1, 0, 1]


def odd_observations() -> list[Json]:
    """Each has something missing or strange; nothing of it may disturb an import."""
    lonely = {"id": 5, "uuid": "c44b91f3-534d-48c4-933d-a8b4e1d8f87b", "quality_grade": "research"}
    return [
        make_observation(11, 111, location=None, geojson=None, obscured=True, positional_accuracy=3),
        make_observation(12, 111, obscured=True, positional_accuracy=3, public_positional_accuracy=28_000),
        make_observation(13, 111, location="somewhere,91", positional_accuracy=-4, public_positional_accuracy=None),
        make_observation(14, 111, location="95,18", public_positional_accuracy=12.6, observed_on="yesterday"),
        make_observation(15, 111, observed_on=None, identifications=None, flags=None),
        make_observation(16, 111, user=make_user(77) | {"login": 'an"n\tthe\nlens', "name": "\ud800 \0 O'B\r\n\u2028"}),
        make_observation(17, 111, uuid="C44B91F3-534D-48C4-933D-A8B4E1D8F87A"),
        make_observation(18, 111, taxon=make_taxon(111) | {"name": "Protea\trepens\n“x”"}),
        make_observation(
            19,
            111,
            identifications=[
                make_identification(191, 112, 4, category=None, created_at="long ago", taxon=None),
                make_identification(192, 112, 4) | {"user": None},
                make_identification(193, 112, 4) | {"taxon_id": None, "taxon": None},
                make_identification(194, 112, 4, category="brilliant", spam=True),
                make_identification(195, 112, 4, taxon=None, previous_observation_taxon_id=8) | {"taxon_id": 987_654},
            ],
        ),
        make_observation(20, 111, photos=[make_photo(200, original_dimensions=None, uuid="no uuid")]),
        lonely | {"user": make_user(2), "license_code": "CC-BY", "photos": [make_photo(51)]},
    ]


def useless_observations() -> list[Json]:
    """None of these may be used."""
    return [
        make_observation(31, 111, photos=[]),
        make_observation(32, 111, photos=[make_photo(320, license_code=None), make_photo(321, hidden=True)]),
        make_observation(33, 111, photos=[make_photo(330, flags=[{"id": 1, "resolved": False}])]),
        make_observation(34, 111, photos=[make_photo(340, url="https://static.inaturalist.org/photos/340/square.jpg")]),
        make_observation(
            35, 111, photos=[make_photo(350, url="https://example.org/no-extension"), make_photo(351, url=None)]
        ),
        make_observation(36, 111, license_code=None),
        make_observation(37, 111, user=None),
        make_observation(38, 111, spam=True),
        make_observation(39, 111, flags=[{"id": 1, "flag": "spam", "resolved": False}]),
        make_observation(40, 111, uuid="nonsense"),
        make_observation(41, 111, quality_grade="splendid"),
        make_observation(42, 111, photos="many"),
        make_observation(43, 111, id=-1),
        make_observation(44, 111, photos=[make_photo(440, license_code="gfdl")]),
        {"id": 45},
        "not even an object",  # type: ignore[list-item]
    ]


def test_odd_observations_are_cleaned(database: Database, fetch: Fetch, server: ApiServer, tmp_path: Path) -> None:
    odd = odd_observations()
    server.answer_of["observations"] = in_json({"results": odd + useless_observations()})
    assert fetch(observations=200).observations == len(odd)
    assert take_in(tmp_path / "collection", database).rejected == 0
    rows = {row["observation_uuid"]: row for row in table(tmp_path / "collection", "observations")}
    of = [rows[each["uuid"]] for each in odd]
    assert [row["latitude"] for row in of[:4]] == ["", of[1]["latitude"], "", ""]
    assert [row["positional_accuracy"] for row in of[:4]] == ["12", "28000", "", "13"]
    assert [row["observed_on"] for row in of[3:5]] == ["", ""]
    assert of[-1] | {"taxon_id": "", "latitude": "", "longitude": ""} == of[-1]
    people = {row["observer_id"]: row for row in table(tmp_path / "collection", "observers")}
    assert people["77"]["login"] == 'an"n the lens'
    assert people["77"]["name"] == "? O'B"
    photos = {row["photo_id"]: row for row in table(tmp_path / "collection", "photos")}
    assert [photos["200"][name] for name in ("photo_uuid", "width", "height")] == ["", "", ""]
    said = {row["identification_id"]: row for row in table(tmp_path / "collection", "identifications")}
    assert {"191", "194", "195"} <= said.keys()
    assert not {"192", "193"} & said.keys()
    assert [said["191"]["category"], said["191"]["created_at"], said["194"]["hidden"]] == ["", "", "true"]


def test_only_usable_photos_are_listed_at_their_positions(fetch: Fetch, server: ApiServer, tmp_path: Path) -> None:
    photos = [
        make_photo(1, license_code=None),
        make_photo(2, license_code="CC0"),
        make_photo(3, hidden=True),
        make_photo(4),
    ]
    server.observations = [make_observation(7, 111, photos=photos)]
    server.observations[0]["photos"][1]["license_code"] = "cc0"
    assert fetch().photos == 2
    rows = table(tmp_path / "collection", "photos")
    columns = ["photo_id", "extension", "license", "width", "height", "position"]
    assert [[row[name] for name in columns] for row in rows] == [
        ["2", "jpeg", "CC0", "2048", "1361", "1"],
        ["4", "jpeg", "CC-BY-NC", "2048", "1361", "3"],
    ]


@given(st.text())
def test_a_clean_text_fits_a_cell(text: str) -> None:
    cell = clean(text)
    assert not set("\t\n\r\0") & set(cell)
    assert cell.encode().decode() == cell == clean(cell)


# How it asks


def test_it_asks_politely(fetch: Fetch, server: ApiServer, waited: Time) -> None:
    fetch(observations=300, bbox=CAPE)
    assert len(server.asked) <= 20
    assert {each.user_agent.split("/")[0] for each in server.asked} == {"reverse-search"}
    assert waited.waits == [1.0] * (len(server.asked) - 1)
    pages = server.asked_for("observations")
    for each in pages:
        assert each.params["per_page"] == str(PER_PAGE)
        assert (each.params["order_by"], each.params["order"]) == ("id", "desc")
        assert "page" not in each.params
        assert "cc-by-nc" in each.params["photo_license"].split(",")
        assert each.params["license"] == each.params["photo_license"]
        assert [each.params[edge] for edge in ("swlng", "swlat", "nelng", "nelat")] == ["18", "-34.5", "19.5", "-33"]


def test_pages_go_down_by_id(server: ApiServer, fetch: Fetch) -> None:
    server.observations = make_world(per_species=150)
    fetch(observations=1200)
    verified = [each.params for each in server.asked_for("observations") if each.params.get("taxon_id") == "64333"]
    below = [int(params.get("id_below", 10**9)) for params in verified if params["quality_grade"] == "research"]
    assert len(below) > 2
    assert all(later <= earlier for earlier, later in pairwise(below))


def test_no_more_pages_are_read_than_help(server: ApiServer, fetch: Fetch) -> None:
    server.observations = [make_observation(n, 111) for n in range(1, 1500)]
    assert fetch("111", observations=600).observations == 300
    assert [each.params.get("id_below") for each in server.asked_for("observations")[:3]] == [None, "1300", None]


def test_slow_answers_need_no_further_wait(server: ApiServer) -> None:
    times, waits = iter([0.0, 0.0, 0.0, 5.0, 5.0, 5.0, 5.0]), list[float]()
    with Api(server.url, Pace(sleep=waits.append, clock_s=lambda: next(times, 5.0))) as api:
        api.get_taxa([1])
        api.get_taxa([1])
    assert waits == []


def test_progress_grows_to_the_end(fetch: Fetch) -> None:
    heard: list[tuple[int, int]] = []
    report = fetch(progress=lambda *told: heard.append(told))
    assert heard[0] == (0, 120)
    assert heard[-1] == (report.observations, report.observations)
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)


def test_only_observations_of_the_place_are_taken(fetch: Fetch, tmp_path: Path) -> None:
    fetch(bbox=BoundingBox(18, -33.5, 18.5, -33))
    rows = table(tmp_path / "collection", "observations")
    assert 0 < len(rows) < 120
    assert all(-33.5 <= float(row["latitude"]) <= -33 for row in rows)
    assert all(18 <= float(row["longitude"]) <= 18.5 for row in rows)


# Troubles


@pytest.mark.parametrize(
    ("troubles", "backoffs"),
    [
        ([says(500)], [2]),
        ([says(429, Retry_After="7")], [7]),
        ([says(429, Retry_After="0")], [2]),
        ([says(503, Retry_After=format_datetime(datetime.fromtimestamp(NOW_S + 30, UTC), usegmt=True))], [30]),
        ([says(503, Retry_After="soon")], [2]),
        ([says(502), says(504), says(500)], [2, 4, 8]),
        ([says(200, b'{"results": [{"id": ')], [2]),
        ([says(200, b"<html>welcome to this hotel</html>")], [2]),
        ([says(200, b'{"error": "busy"}')], [2]),
        ([says(200, b"[" * 100_000)], [2]),
        ([drops_connection], [2]),
        ([says(200, b"not zipped", Content_Encoding="gzip")], [2]),
    ],
)
def test_a_passing_trouble_is_waited_out(
    server: ApiServer, waited: Time, troubles: list[Answer], backoffs: list[float]
) -> None:
    server.troubles = list(troubles)
    with Api(server.url, waited.pace()) as api:
        assert [taxon["name"] for taxon in api.get_taxa([PROTEA])] == ["Protea"]
    assert waited.waits == backoffs


def test_troubles_here_and_there_change_nothing(fetch: Fetch, server: ApiServer, waited: Time, tmp_path: Path) -> None:
    fetch()
    before = {name: table(tmp_path / "collection", name) for name in HEADERS}
    server.troubles = [says(500), drops_connection, says(429, Retry_After="9")]
    fetch()
    assert {name: table(tmp_path / "collection", name) for name in HEADERS} == before
    assert waited.backoffs() == [2, 4, 9]


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (says(500), "answered 500"),
        (says(429), "answered 429"),
        (says(200, b"<html>"), "no JSON"),
        (drops_connection, "broke off"),
    ],
)
def test_a_lasting_trouble_ends_it(
    fetch: Fetch, server: ApiServer, waited: Time, tmp_path: Path, trouble: Answer, why: str
) -> None:
    server.answer_of["observations"] = trouble
    with pytest.raises(SourceError, match=f"{why}.*4 tries") as caught:
        fetch()
    assert server.url in str(caught.value)
    assert waited.backoffs() == [2, 4, 8]
    assert len(server.asked_for("observations")) == 4
    assert list(tmp_path.iterdir()) == []


def test_a_long_rest_is_told_and_not_cut_short(fetch: Fetch, server: ApiServer, waited: Time) -> None:
    server.troubles = [says(429, Retry_After="3600")]
    with pytest.raises(SourceError, match="asks for 3600 s of rest"):
        fetch()
    assert len(server.asked) == 1
    assert waited.waits == []


def test_a_refusal_is_not_repeated(fetch: Fetch, server: ApiServer) -> None:
    server.troubles = [says(403)]
    with pytest.raises(SourceError, match="answered 403"):
        fetch()
    assert len(server.asked) == 1


def test_a_slow_answer_is_given_up(fetch: Fetch, server: ApiServer, waited: Time) -> None:
    server.troubles = [slow_by(0.5), slow_by(0.5)]
    with pytest.raises(SourceError, match="ReadTimeout"):
        fetch(pace=waited.pace(timeout_s=0.05, attempts=2))


def test_an_answer_that_never_ends_is_given_up(server: ApiServer) -> None:
    ticks = iter(range(0, 100_000, 200))
    with (
        Api(server.url, Pace(attempts=1, sleep=lambda _: None, clock_s=lambda: next(ticks))) as api,
        pytest.raises(SourceError, match="took more than 180 s"),
    ):
        api.get_taxa([1])


def test_offline_is_told_at_once(tmp_path: Path, waited: Time) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        with pytest.raises(
            SourceError, match=r"can't be reached .*`reverse-search demo` without --real needs no network"
        ):
            fetch_real_collection(
                tmp_path / "collection", "Protea", api_url=url, progress=lambda *_: None, pace=waited.pace()
            )
    assert waited.waits == []
    assert list(tmp_path.iterdir()) == []


def test_a_network_lost_on_the_way_is_tried_again(waited: Time) -> None:
    with api_server() as server, Api(server.url, waited.pace()) as api:
        assert api.get_taxa([1])
        api.base_url = "http://127.0.0.1:1/v1"
        with pytest.raises(SourceError, match=r"can't be reached any more .*4 tries"):
            api.get_taxa([1])


@pytest.mark.parametrize("url", ["http://example.org/v1", "ftp://127.0.0.1", "https://", "v1"])
def test_only_safe_addresses_are_asked(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadSettings, match="https://"):
        fetch_real_collection(tmp_path / "collection", "Protea", api_url=url, progress=lambda *_: None)


# Which taxon


@pytest.mark.parametrize("asked", ["64333", "proteaceae", "  Proteaceae "])
def test_a_taxon_is_found_by_id_and_by_name(fetch: Fetch, asked: str) -> None:
    assert fetch(asked).observations == 120


@pytest.mark.parametrize("asked", ["Proteacea", "Protea reptans", "", "  ", "0", "123456", "9" * 19, "9" * 5000])
def test_an_unknown_taxon(fetch: Fetch, asked: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownTaxon):
        fetch(asked)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [404, 422])
def test_an_id_that_is_refused_is_unknown(fetch: Fetch, server: ApiServer, status: int) -> None:
    server.answer_of["taxa/5"] = says(status, b'{"error":"Unknown taxon_id 5"}')
    with pytest.raises(UnknownTaxon):
        fetch("5")


def test_an_ambiguous_taxon(fetch: Fetch) -> None:
    with pytest.raises(AmbiguousTaxon) as caught:
        fetch("Morus")
    assert caught.value.matches == ((92, "genus", "Morus", "Plantae"), (3786, "genus", "Morus", "Aves"))


def test_an_inactive_taxon_names_its_successor(fetch: Fetch) -> None:
    with pytest.raises(BadRequest, match=r"130 \(Protea antiqua\) is no longer in use; ask for 110"):
        fetch("130")
    with pytest.raises(UnknownTaxon):
        fetch("Protea antiqua")


@pytest.mark.parametrize("asked", ["Life", "Plantae", "Protea neriifolia prima"])
def test_taxa_at_the_ends_of_the_tree(fetch: Fetch, server: ApiServer, asked: str) -> None:
    server.observations += [make_observation(5, 1131), make_observation(6, 1131)]
    assert fetch(asked, observations=40).observations > 2


@pytest.mark.parametrize(("bbox", "hint"), [(None, "a taxon above it"), (BoundingBox(0, 0, 1, 1), "a larger --bbox")])
def test_nothing_found(fetch: Fetch, bbox: BoundingBox | None, hint: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=hint):
        fetch("Sulidae" if bbox else "Protea neriifolia prima", bbox=bbox)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [0, -5, 10_000])
def test_a_number_out_of_range(fetch: Fetch, number: int) -> None:
    with pytest.raises(BadRequest, match="from 1 to 2000"):
        fetch(observations=number)


@pytest.mark.parametrize("number", [1, 2, 7])
def test_very_few(fetch: Fetch, number: int) -> None:
    assert fetch(observations=number).observations == number


# The folder


def test_an_earlier_collection_is_replaced_or_stays(fetch: Fetch, server: ApiServer, tmp_path: Path) -> None:
    fetch(observations=20)
    before = table(tmp_path / "collection", "observations")
    server.answer_of["observations"] = says(500)
    with pytest.raises(SourceError):
        fetch(observations=30)
    assert table(tmp_path / "collection", "observations") == before
    del server.answer_of["observations"]
    fetch(observations=30)
    assert len(table(tmp_path / "collection", "observations")) == 30
    assert [path.name for path in tmp_path.iterdir()] == ["collection"]


def test_an_empty_folder_is_filled(fetch: Fetch, tmp_path: Path) -> None:
    (tmp_path / "collection").mkdir()
    assert fetch(observations=20).observations == 20


def test_anything_else_is_left_alone(fetch: Fetch, server: ApiServer, tmp_path: Path) -> None:
    (tmp_path / "collection").mkdir()
    (tmp_path / "collection" / "diary.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(BadRequest, match="holds other things"):
        fetch()
    assert server.asked == []


def test_a_file_in_the_way(fetch: Fetch, tmp_path: Path) -> None:
    (tmp_path / "collection").write_text("dear", encoding="utf-8")
    with pytest.raises(SourceError, match="can't be used"):
        fetch()


@pytest.mark.parametrize("failing", ["write_tables", "replace_dir"])
def test_a_full_disk_leaves_the_earlier_collection(
    fetch: Fetch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    fetch(observations=20)
    before = table(tmp_path / "collection", "observations")

    def is_full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"indexer.demo.real.fetch.{failing}", is_full)
    with pytest.raises(SourceError, match="No space left"):
        fetch(observations=30)
    assert table(tmp_path / "collection", "observations") == before
    assert [path.name for path in tmp_path.iterdir()] == ["collection"]


# The place

EDGES = st.tuples(
    *(st.floats(-most, most, allow_subnormal=False) for most in (180, 90)),
    *(st.floats(-most, most, allow_subnormal=False) for most in (180, 90)),
)


@given(EDGES)
def test_a_box_is_read_as_written_or_refused_by_name(edges: tuple[float, float, float, float]) -> None:
    west, south, east, north = edges
    text = ",".join(map(repr, edges))
    if west < east and south < north:
        box = BoundingBox.parse(text)
        assert (box.west, box.south, box.east, box.north) == edges
        assert BoundingBox(*(float(box.params[edge]) for edge in ("swlng", "swlat", "nelng", "nelat"))) == box
    else:
        with pytest.raises(BadRequest, match="W,S,E,N") as caught:
            BoundingBox.parse(text)
        assert ("W (" if west >= east else "S (") in str(caught.value)


@given(st.text())
def test_any_text_is_a_box_or_a_bad_request(text: str) -> None:
    try:
        box = BoundingBox.parse(text)
    except BadRequest:
        return
    assert box.west < box.east
    assert box.south < box.north


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1,2,3", "four numbers, W,S,E,N in degrees, not 3"),
        ("1,2,3,4,5", "not 5"),
        ("", "not 1"),
        ("1,south,3,4", "'south' is not a number"),
        ("1,,3,4", "'' is not a number"),
        ("nan,0,3,4", "W is nan"),
        ("0,0,inf,4", "E is inf"),
        ("-181,0,3,4", "W is -181, but must lie between -180 and 180"),
        ("0,0,3,91", "N is 91, but must lie between -90 and 90"),
        ("170,-20,-170,-10", "can't cross the date line"),
        ("18,-33,19,-34", r"S \(-33\) must be less than N \(-34\)"),
        ("18,-33,18,-32", r"W \(18\) must be less than E \(18\)"),
    ],
)
def test_what_is_wrong_with_a_box_is_named(text: str, why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        BoundingBox.parse(text)
