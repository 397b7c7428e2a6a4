"""Small dumps to import: tables as lists of rows, written as the platform does."""

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path

A, B, C = (f"{letter * 8}-0000-4000-8000-000000000000" for letter in "abc")

HEADERS = {
    "taxa": ["taxon_id", "ancestry", "rank_level", "rank", "name", "active"],
    "observers": ["observer_id", "login", "name"],
    "observations": [
        "observation_uuid",
        "observer_id",
        "latitude",
        "longitude",
        "positional_accuracy",
        "taxon_id",
        "quality_grade",
        "observed_on",
    ],
    "photos": [
        "photo_uuid",
        "photo_id",
        "observation_uuid",
        "observer_id",
        "extension",
        "license",
        "width",
        "height",
        "position",
    ],
    "identifications": [
        "identification_id",
        "observation_uuid",
        "user_id",
        "taxon_id",
        "current",
        "category",
        "disagreement",
        "hidden",
        "previous_observation_taxon_id",
        "created_at",
    ],
}

ROWS: dict[str, list[list[str]]] = {
    "taxa": [["48460", "", "100", "stateofmatter", "Life", "true"], ["5", "48460", "20", "genus", "Protea", "true"]],
    "observers": [["1", "ann", 'Ann "the lens'], ["2", "bob", ""]],
    "observations": [
        [A, "1", "-33.5", "18.25", "12", "5", "research", "2024-05-06"],
        [B, "2", "", "", "", "", "needs_id", ""],
    ],
    "photos": [
        [C, "10", A, "1", "jpg", "CC-BY", "640", "480", "0"],
        ["", "11", A, "1", "JPG", "CC-BY", "640", "480", "1"],
        ["", "11", B, "2", "jpg", "", "", "", ""],
    ],
    "identifications": [
        ["100", A, "1", "5", "true", "leading", "false", "false", "", "2024-05-06T10:00:00Z"],
        ["101", A, "9", "48460", "true", "maverick", "true", "", "5", "2024-05-07 01:00:00 UTC"],
    ],
}

DUMP = ("taxa", "observers", "observations", "photos")


def text_of(header: Sequence[str], rows: Sequence[Sequence[str]], end: str = "\n") -> str:
    return "".join("\t".join(row) + end for row in [header, *rows])


def write_dump(folder: Path, changes: Mapping[str, Sequence[Sequence[str]]] | None = None, *, gz: bool = False) -> Path:
    """The small dump with some tables' rows replaced. Identifications are written only if they are among `changes`."""
    folder.mkdir(parents=True, exist_ok=True)
    tables: dict[str, Sequence[Sequence[str]]] = {name: ROWS[name] for name in DUMP} | dict(changes or {})
    for name, rows in tables.items():
        content = text_of(HEADERS[name], rows).encode()
        if gz:
            (folder / f"{name}.csv.gz").write_bytes(gzip.compress(content))
        else:
            (folder / f"{name}.csv").write_bytes(content)
    return folder
