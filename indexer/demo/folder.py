"""The tables of an Open Data folder as both demos write them: tab-separated, unquoted, identifications beside them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from reverse_search.domain.files import write_atomic

Row = Sequence[object]

HEADERS: dict[str, tuple[str, ...]] = {
    "taxa": ("taxon_id", "ancestry", "rank_level", "rank", "name", "active"),
    "observers": ("observer_id", "login", "name"),
    "observations": (
        "observation_uuid", "observer_id", "latitude", "longitude", "positional_accuracy", "taxon_id",
        "quality_grade", "observed_on",
    ),
    "photos": (
        "photo_uuid", "photo_id", "observation_uuid", "observer_id", "extension", "license", "width", "height",
        "position",
    ),
    "identifications": (
        "identification_id", "observation_uuid", "user_id", "taxon_id", "current", "category", "disagreement",
        "hidden", "previous_observation_taxon_id", "created_at",
    ),
}  # fmt: skip
"""Table name to column names."""


def write_table(folder: Path, name: str, header: Row, rows: Iterable[Row]) -> None:
    """Write `{name}.csv`, whole or not at all. None is an empty cell; cells hold neither tabs nor line ends."""
    lines = ("\t".join("" if cell is None else str(cell) for cell in row) + "\n" for row in (header, *rows))
    write_atomic(folder / f"{name}.csv", "".join(lines).encode())
