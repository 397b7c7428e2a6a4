"""Pages of the demo, without a browser."""

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from reverse_search.store.session import Database
from web.labels import share

pytestmark = pytest.mark.slow
Truth = dict[str, tuple[int, str]]
VOID = {"meta", "link", "img", "input", "br", "hr", "path", "rect"}


class Checked(HTMLParser):
    """Collects links and checks that tags are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.images: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.headings = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.headings += tag == "h1"
        if tag == "a":
            self.links.append(values["href"] or "")
        if tag == "img":
            assert "alt" in values
            self.images.append((values["src"] or "", values["alt"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def read(client: FlaskClient, path: str, status: int = 200) -> Checked:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    page = Checked()
    page.feed(answer.text)
    assert page.open == []
    assert page.headings == 1
    return page


def test_every_link_from_the_first_page_leads_somewhere(client: FlaskClient) -> None:
    seen: set[str] = set()
    waiting = ["/", "/suggestions?pool=coarse:class"]
    while waiting and len(seen) < 150:
        path = waiting.pop(0)
        if path in seen or not path.startswith("/") or path.startswith("/api"):
            continue
        seen.add(path)
        waiting += [link for link in read(client, path).links if link not in seen]
    kinds = {re.sub(r"[0-9a-f-]{8,}|\d+", "…", urlsplit(path).path) for path in seen}
    assert kinds >= {"/", "/status", "/suggestions", "/taxa/…", "/observations/…"}


def test_the_first_page_offers_taxa_with_hits(client: FlaskClient) -> None:
    taxa = [link for link in read(client, "/").links if re.fullmatch(r"/taxa/\d+", link)]
    assert len(taxa) >= 9
    for link in taxa:
        answer = client.get("/api/v1" + link + "/candidates?per_page=1").get_json()
        assert answer["candidates"][0]["probability"] > 0.5


def test_the_first_page_says_how_often_a_suggestion_is_wrong(client: FlaskClient) -> None:
    text = client.get("/").text
    gate = client.get("/api/v1/status").get_json()["gate"]
    assert f"<strong>{share(gate['held_out_error'])}</strong>" in text
    assert share(gate["upper_bound"]) in text


def test_results_show_photos_exemplars_and_kinds(client: FlaskClient) -> None:
    link = next(link for link in read(client, "/").links if re.fullmatch(r"/taxa/\d+", link))
    page = read(client, link)
    answer = client.get("/api/v1" + link + "/candidates").get_json()
    shown = {int(src.split("/")[2]) for src, _ in page.images}
    for candidate in answer["candidates"]:
        assert candidate["photo_ids"][0] in shown
        assert set(candidate["exemplar_photo_ids"]) <= shown
        assert f"/observations/{candidate['observation_uuid']}" in page.links


def test_pages_hold_every_candidate_once(client: FlaskClient) -> None:
    link = next(link for link in read(client, "/").links if re.fullmatch(r"/taxa/\d+", link))
    path: str | None = f"{link}?kind=unknown"
    listed: list[str] = []
    pages = 0
    while path:
        found = [a for a in read(client, path).links if a.startswith(("/observations/", link))]
        listed += [a for a in found if a.startswith("/observations/")]
        pages += 1
        path = next((a for a in found if f"page={pages + 1}" in a), None)
        assert path is None or "kind=unknown" in path
    counts = client.get(f"/api/v1{link}/candidates?kind=unknown").get_json()["counts"]
    assert pages > 1
    assert len(listed) == len(set(listed)) == counts["unknown"]


def test_grades_filter(client: FlaskClient, truth: Truth) -> None:
    link = next(link for link in read(client, "/").links if re.fullmatch(r"/taxa/\d+", link))
    answer = client.get(f"/api/v1{link}/candidates?quality_grade=casual&per_page=100").get_json()
    assert answer["candidates"]
    assert {c["quality_grade"] for c in answer["candidates"]} == {"casual"}
    assert {truth[c["observation_uuid"]][1] for c in answer["candidates"]} == {"casual"}
    assert 'value="casual" checked' in client.get(f"{link}?quality_grade=casual").text


def test_filters_are_kept_on_every_link_and_in_the_form(client: FlaskClient) -> None:
    path = "/taxa/47126?d1=2020-01-01&near=-33.9,18.4,5000&lrank=species"
    page = read(client, path)
    same = [link for link in page.links if link.startswith("/taxa/47126?")]
    assert len(same) >= 4
    assert all("d1=2020-01-01" in link and "near=" in link and "lrank=species" in link for link in same)
    text = client.get(path).text
    assert '<input type="hidden" name="lrank" value="species">' in text
    assert 'name="d1" value="2020-01-01"' in text
    assert client.get("/taxa/47126?near=here").status_code == 400


def test_filters_narrow_the_pool(client: FlaskClient) -> None:
    path = "/api/v1/taxa/47126/candidates?per_page=100"
    whole = client.get(path).get_json()
    none = client.get(f"{path}&d1=2999-01-01").get_json()
    half = client.get(f"{path}&captive=unknown&d2=2025-01-01").get_json()
    assert sum(none["counts"].values()) == 0
    assert 0 < sum(half["counts"].values()) < sum(whole["counts"].values())


def test_an_observation_shows_what_people_said(client: FlaskClient, truth: Truth) -> None:
    name = next(u for u, (_, state) in truth.items() if state == "verified")
    stored = client.get(f"/api/v1/observations/{name}").get_json()["observation"]
    text = client.get(f"/observations/{name}").text
    assert len(stored["identifications"]) >= 2
    assert text.count("<li class=") >= 2
    assert str(stored["photos"][0]["photo_id"]) in text


def test_names_lead_to_taxa(client: FlaskClient) -> None:
    name = client.get("/api/v1/taxa?q=9000001").get_json()["taxa"][0]["name"]
    assert client.get("/taxa", query_string={"q": name.upper()}).headers["Location"] == "/taxa/9000001"
    assert client.get("/taxa?q=").headers["Location"] == "/"
    assert len(read(client, "/taxa?q=a").links) > 5


class TestPagesThatHaveNothingToShow:
    def test_no_such_taxon(self, client: FlaskClient) -> None:
        for path in ("/taxa?q=Nothing+like+it", "/taxa/123456789"):
            read(client, path, 404)
            assert "check the spelling" in client.get(path).text
        error = client.get("/api/v1/taxa/123456789/candidates")
        assert (error.status_code, error.get_json()["error"]["code"]) == (404, "unknown_taxon")

    def test_a_taxon_without_exemplars(self, app: Flask, client: FlaskClient) -> None:
        taxon_id = taxon_without_exemplars(app)
        read(client, f"/taxa/{taxon_id}")
        text = client.get(f"/taxa/{taxon_id}").text
        assert "Nothing here stands for" in text
        assert "search a taxon above it" in text

    def test_an_empty_tray(self, client: FlaskClient) -> None:
        assert "This tray is empty" in client.get("/suggestions?tray=human").text

    def test_a_page_that_is_not_there(self, client: FlaskClient) -> None:
        read(client, "/suggestions?page=999")
        assert "There is no page 999" in client.get("/suggestions?page=999").text
        assert "There is no page 999" in client.get("/taxa/47126?page=999").text
        read(client, "/nix", 404)
        read(client, "/observations/00000000-0000-0000-0000-000000000000", 404)

    def test_a_photo_that_can_not_be_shown(self, client: FlaskClient, truth: Truth) -> None:
        broken = next(u for u, (_, state) in truth.items() if state == "broken")
        assert "This photo can't be shown" in client.get(f"/observations/{broken}").text
        photo = client.get(f"/api/v1/observations/{broken}").get_json()["observation"]["photos"][0]
        picture = client.get(f"/photos/{photo['photo_id']}/small.jpg")
        assert (picture.status_code, picture.mimetype) == (404, "image/svg+xml")
        assert "be shown" in picture.text
        read(client, "/photos/1/huge.jpg", 404)
        assert client.get("/photos/123456789/small.jpg").status_code == 404


def taxon_without_exemplars(app: Flask) -> int:
    with app.app_context():
        index = app.extensions["serving"].pin().index
    families = [node for node, rank in enumerate(index.taxonomy.ranks) if rank == "family"]
    return next(int(index.taxonomy.taxon_ids[n]) for n in families if not len(index.exemplars.of(n)))


def test_the_database_is_asked_few_times(client: FlaskClient, app: Flask, truth: Truth) -> None:
    database: Database = app.extensions["database"]
    counted: list[str] = []

    def count(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        counted.append(statement)

    event.listen(database.engine, "before_cursor_execute", count)
    try:
        for path, most in [("/", 1), ("/taxa/47126", 1), (f"/observations/{next(iter(truth))}", 4), ("/status", 3)]:
            counted.clear()
            client.get(path)
            asked = [s for s in counted if s.startswith("SELECT")]
            assert len(asked) <= most, (path, asked)
    finally:
        event.remove(database.engine, "before_cursor_execute", count)


def test_what_is_stored_is_escaped(client: FlaskClient) -> None:
    text = client.get("/taxa", query_string={"q": "<script>alert(1)</script>"}).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
