"""The demo on the command line, but for the drawing."""

import io
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from indexer.demo.command import DEFAULT_HOME, demo_settings
from indexer.settings import Settings
from tests.support.api_server import api_server, make_world
from tests.support.store_photo_server import photo_server, says

Answers = list[Callable[[BaseHTTPRequestHandler], None]]


def run(
    home: Path, *arguments: str, status: int = 0, places: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "indexer", "--home", str(home), *arguments]
    done = subprocess.run(command, env=os.environ | (places or {}), capture_output=True, text=True, timeout=300)
    assert done.returncode == status, done.stderr + done.stdout
    return done


def test_it_has_a_folder_and_a_database_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("REVERSE_SEARCH_HOME", raising=False)
    monkeypatch.setenv("REVERSE_SEARCH_DATABASE_URL", "postgresql://somebody@production/precious")
    assert demo_settings(Settings()).home == DEFAULT_HOME
    assert demo_settings(Settings(home=tmp_path)).home == tmp_path
    assert demo_settings(Settings()).url.startswith("sqlite:///")


def test_nothing_is_mixed_with_other_data(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    assert "holds something else; name an empty folder" in run(tmp_path, "demo", "--no-serve", status=2).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_another_demo_is_not_drawn_over(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text(json.dumps({"bbox": None, "real": "Aves", "size": 1500}), encoding="utf-8")
    assert "holds another demo" in run(tmp_path, "demo", "--no-serve", status=2).stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bbox", "1,2,3,4"], "use it together with --real"),
        (["--real", "Aves", "--bbox", "1,2,3"], "W,S,E,N"),
        (["--size", "0"], "--size"),
    ],
)
def test_wrong_arguments_leave_nothing_behind(arguments: list[str], message: str, tmp_path: Path) -> None:
    assert message in run(tmp_path / "home", "demo", "--no-serve", *arguments, status=2).stderr
    assert not (tmp_path / "home").exists()


def test_a_misspelt_taxon_can_be_corrected(tmp_path: Path) -> None:
    with api_server([]) as server:
        for _ in range(2):
            done = run(tmp_path, "demo", "--real", "Protae", status=2, places={"REVERSE_SEARCH_API_URL": server.url})
            assert "no taxon is called or numbered 'Protae'" in done.stderr
    assert not (tmp_path / "demo.json").exists()


class EveryPhoto(dict[str, Answers]):
    """Any photo that is asked for."""

    def get(self, path: str, default: Any = None) -> Any:
        file = io.BytesIO()
        shade = random.Random(path).choices(range(256), k=48)
        Image.frombytes("RGB", (4, 4), bytes(shade)).resize((64, 64)).save(file, "JPEG")
        return [says(200, file.getvalue())]


@pytest.mark.slow
def test_real_observations_become_an_index(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with api_server(make_world(12)) as api, photo_server() as photos:
        photos.answers = EveryPhoto()
        places = {"REVERSE_SEARCH_API_URL": api.url, "REVERSE_SEARCH_PHOTO_BASE_URL": photos.url}
        arguments = ["demo", "--no-serve", "--real", "Proteaceae"]
        assert "Next: reverse-search --home" in run(home, *arguments, places=places).stdout
        assert photos.asked
        asked = len(api.asked)
        run(home, *arguments, places=places)
        assert len(api.asked) == asked, "what was fetched is not fetched again"
    answer = json.loads(run(home, "search", "Protea", "--format", "json").stdout)
    assert answer["counts"]["unknown"] > 0
    assert answer["candidates"]
    assert not (home / "notice.txt").exists()
