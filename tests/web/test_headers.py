"""What every answer carries, and what the site refuses."""

import io
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from reverse_search.store.session import default_url
from web.app import create_app
from web.site import Site

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def photo_id(app: Flask) -> int:
    with app.app_context():
        return int(app.extensions["serving"].pin().index.photos.photo_id[0])


@pytest.mark.parametrize("path", ["/", "/nix", "/api/v1/status", "/static/site.css", "/photos/1/small.jpg"])
def test_no_script_from_elsewhere(client: FlaskClient, path: str) -> None:
    with client.get(path) as answer:  # a file stays open until its answer is closed
        headers = answer.headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_pages_have_no_inline_script_or_style(client: FlaskClient) -> None:
    for path in ("/", "/taxa/47126", "/suggestions", "/status"):
        text = client.get(path).text
        assert " style=" not in text
        assert "<script>" not in text
        assert " onclick=" not in text


def test_pages_are_asked_for_again_and_files_are_kept(client: FlaskClient) -> None:
    assert client.get("/").headers["Cache-Control"] == "no-cache"
    link = next(part for part in client.get("/").text.split('"') if part.startswith("/static/site.css"))
    assert "?v=" in link
    with client.get(link) as answer:
        assert "max-age=31536000" in answer.headers["Cache-Control"]


def test_photos_are_kept_and_asked_for_by_version(client: FlaskClient, photo_id: int) -> None:
    first = client.get(f"/photos/{photo_id}/small.jpg")
    assert first.headers["Cache-Control"] == "public, max-age=86400"
    again = client.get(f"/photos/{photo_id}/small.jpg", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = client.get(f"/photos/{photo_id}/medium.jpg", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


@pytest.mark.parametrize(("size", "side"), [("square", 75), ("thumb", 100), ("small", 240), ("medium", 500)])
def test_photos_have_the_size_asked_for(client: FlaskClient, photo_id: int, size: str, side: int) -> None:
    with Image.open(io.BytesIO(client.get(f"/photos/{photo_id}/{size}.jpg").data)) as image:
        assert image.format == "JPEG"
        assert max(image.size) <= side
        assert not image.getexif()


def test_nothing_but_photos_is_served(client: FlaskClient) -> None:
    for path in ("/photos/../reverse-search.sqlite3/small.jpg", "/photos/..%2f..%2fetc/small.jpg", "/static/../app.py"):
        assert client.get(path).status_code == 404
    assert client.get("/photos/1/..%2f..%2fCURRENT.jpg").status_code == 404


def test_other_hosts_are_refused_where_hosts_are_named(demo_home: Path) -> None:
    app = create_app(Site(demo_home, default_url(demo_home), trusted_hosts=("localhost", "127.0.0.1")))
    try:
        assert app.test_client().get("/", headers={"Host": "localhost:8000"}).status_code == 200
        assert app.test_client().get("/", headers={"Host": "evil.example"}).status_code == 400
    finally:
        app.extensions["database"].close()


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_can_be_changed(client: FlaskClient, method: str) -> None:
    assert getattr(client, method)("/taxa/47126").status_code == 405


def test_links_to_the_platform_only_where_it_has_the_observation(demo_home: Path, client: FlaskClient) -> None:
    assert "inaturalist.org" not in client.get("/taxa/47126").text
    app = create_app(Site(demo_home, default_url(demo_home)))
    try:
        assert "https://www.inaturalist.org/taxa/47126" in app.test_client().get("/taxa/47126").text
    finally:
        app.extensions["database"].close()
