import csv
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from reverse_search.store.session import default_url
from web.app import create_app
from web.site import Site, read_notice


@pytest.fixture(scope="session")
def app(demo_home: Path) -> Iterator[Flask]:
    """The demo's site, in this process."""
    site = Site(demo_home, default_url(demo_home), notice=read_notice(demo_home), platform_url=None)
    app = create_app(site)
    yield app
    app.extensions["database"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="session")
def truth(demo_home: Path) -> dict[str, tuple[int, str]]:
    """uuid → (what it really is, its state)."""
    with (demo_home / "open-data" / "truth.csv").open(encoding="utf-8") as stream:
        return {
            row["observation_uuid"]: (int(row["taxon_id"]), row["state"])
            for row in csv.DictReader(stream, delimiter="\t")
        }


@pytest.fixture(scope="session")
def site_url(app: Flask) -> Iterator[str]:
    """The demo's site on a port of its own."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
