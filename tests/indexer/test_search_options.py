from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from indexer.cli import main
from indexer.search_options import TEXTS, filter_options, read_filter_options
from reverse_search.search.filter_text import OPTIONS, SPANS
from reverse_search.search.query import NO_FILTERS, Filters
from tests.search.test_filter_text import READ, TRIANGLE

ALL = (
    "--bbox 17.5,-35,20,-33 --near -33.9,18.4,25 --observed 2024-01-02..2024-03-04 --created 2024-05-06..2024-07-08 "
    "--captive no,unknown --has-coordinates yes --observer 7,12 --license CC-BY,none --iconic aves,unknown "
    "--rank genus..order"
)


def read(*arguments: str) -> Filters:
    found: list[Filters] = []

    @click.command()
    @filter_options
    def command(**options: Any) -> None:
        found.append(read_filter_options(options))

    CliRunner().invoke(command, arguments, catch_exceptions=False, standalone_mode=False)
    return found[0]


def test_every_filter_is_an_option(tmp_path: Path) -> None:
    (tmp_path / "place.geojson").write_text(TRIANGLE)
    assert read() == NO_FILTERS
    assert read(*ALL.split(), "--place", str(tmp_path / "place.geojson")) == READ
    flags = {flag.removeprefix("--").replace("-", "_") for flag in TEXTS}
    assert flags == set(OPTIONS) | set(SPANS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bbox", "1,2"], "error: bbox can't be '1,2'; use west,south,east,north"),
        (["--observed", "2024"], "error: a date can't be '2024'; use YYYY-MM-DD"),
        (["--grade", "good"], "'good' is not one of 'casual', 'needs_id', 'research'"),
    ],
)
def test_a_wrong_filter_is_answered_before_anything_is_opened(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    done = CliRunner().invoke(main, ["--home", str(tmp_path), "search", "22", *arguments])
    assert done.exit_code == 2
    assert message in done.output


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"{}", b"", b"any", b" " * 200_000])
def test_a_file_that_is_no_place_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "place.geojson"
    path.write_bytes(content)
    done = CliRunner().invoke(main, ["--home", str(tmp_path), "search", "22", "--place", str(path)])
    assert done.exit_code == 2
    assert done.output.startswith("error: the polygon ")
