"""A collection of the platform as rows of an Open Data folder."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from indexer.demo.folder import HEADERS, write_table
from indexer.demo.real.models import Observation, Taxon, User
from indexer.sources import fields

Cells = tuple[str, ...]

Tables = dict[str, list[Cells]]


def make_tables(observations: Sequence[Observation], taxa: Iterable[Taxon]) -> Tables:
    """All rows, by table name. Observations must be usable."""
    people = {user.id: user for observation in observations for user in _people(observation)}
    return {
        "taxa": [_taxon(taxon) for taxon in sorted(taxa, key=lambda taxon: taxon.id)],
        "observers": [(str(user.id), clean(user.login), clean(user.name)) for user in people.values()],
        "observations": [_observation(observation) for observation in observations],
        "photos": [row for observation in observations for row in _photos(observation)],
        "identifications": [row for observation in observations for row in _identifications(observation)],
    }


def write_tables(folder: Path, tables: Tables) -> None:
    """Write each table to `{name}.csv` in a folder that exists."""
    for name, rows in tables.items():
        write_table(folder, name, HEADERS[name], rows)


def clean(text: str | None) -> str:
    """Text that fits a cell: one line, no tabs, no NUL bytes, and characters that have a UTF-8 form."""
    return " ".join((text or "").replace("\0", "").encode("utf-8", "replace").decode().split())


def _kept(read: Callable[[str], object], value: object) -> str:
    """A cell that is optional: empty if there is nothing, or nothing that an import would read."""
    text = clean(str(value)) if value is not None else ""
    try:
        read(text)
    except fields.BadField:
        return ""
    return text


def _taxon(taxon: Taxon) -> Cells:
    ancestry = "/".join(map(str, taxon.lineage))
    active = _flag(taxon.is_active is not False)
    return (str(taxon.id), ancestry, f"{taxon.level:g}", clean(taxon.rank), clean(taxon.name), active)


def _observation(observation: Observation) -> Cells:
    latitude, longitude = _place(observation.location)
    accuracy_m = observation.public_positional_accuracy
    if accuracy_m is None and not observation.obscured:
        accuracy_m = observation.positional_accuracy
    return (
        observation.uuid,
        _person(observation.user),
        latitude,
        longitude,
        _kept(fields.optional_count, None if accuracy_m is None else f"{accuracy_m:.0f}"),
        str(observation.taxon.id) if observation.taxon else "",
        observation.quality_grade or "",
        _kept(fields.optional_date, observation.observed_on),
    )


def _photos(observation: Observation) -> Iterator[Cells]:
    for position, photo in observation.usable_photos:
        size = photo.original_dimensions
        yield (
            _kept(fields.optional_uuid, photo.uuid),
            str(photo.id),
            observation.uuid,
            _person(observation.user),
            (photo.extension or "").lower(),
            (photo.license_code or "").upper(),
            _kept(fields.optional_count, size.width if size else None),
            _kept(fields.optional_count, size.height if size else None),
            str(position),
        )


def _identifications(observation: Observation) -> Iterator[Cells]:
    for said in observation.identifications:
        if said.user is None or said.identified_id is None:
            continue
        yield (
            str(said.id),
            observation.uuid,
            str(said.user.id),
            str(said.identified_id),
            _flag(said.current is not False),
            _kept(fields.category, said.category),
            "" if said.disagreement is None else _flag(said.disagreement),
            _flag(bool(said.hidden or said.spam)),
            "" if said.previous_observation_taxon_id is None else str(said.previous_observation_taxon_id),
            _kept(fields.optional_moment, said.created_at),
        )


def _people(observation: Observation) -> Iterator[User]:
    """Observer and identifiers: the site shows who said what."""
    yield from filter(None, (observation.user, *(said.user for said in observation.identifications)))


def _person(user: User | None) -> str:
    return str(user.id) if user else ""


def _place(location: str | None) -> tuple[str, str]:
    """Latitude and longitude of "lat,lng". A hidden place is empty."""
    latitude, _, longitude = clean(location).partition(",")
    try:
        is_place = fields.coordinates(latitude.strip(), longitude.strip()) != (None, None)
    except fields.BadField:
        is_place = False
    return (latitude.strip(), longitude.strip()) if is_place else ("", "")


def _flag(value: bool) -> str:
    return "true" if value else "false"
