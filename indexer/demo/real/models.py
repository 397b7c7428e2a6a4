"""What the platform's API answers, as far as a collection needs it. Fields may be missing or null.

Names are the API's own. Lists that are null read as empty.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from indexer.demo.real.api import Item
from indexer.sources.fields import MAX_ID, BadField, quality_grade, uuid
from reverse_search.domain.taxonomy import parse_ancestry
from reverse_search.domain.words import RANK_LEVELS

OPEN_LICENSES = frozenset({"cc0", "cc-by", "cc-by-nc", "cc-by-sa", "cc-by-nd", "cc-by-nc-sa", "cc-by-nc-nd"})

_PHOTO_URL = re.compile(r"^https?://([^/]+)/[^?#]*\.([A-Za-z0-9]{1,8})(?:[?#]|$)").match
# Photos get there with an open licence but reach the open data's bucket, where photos are fetched from, only later.
_STATIC_HOST = "static.inaturalist.org"

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
Id = Annotated[int, Field(gt=0, le=MAX_ID)]
Listed = Annotated[tuple[T, ...], BeforeValidator(lambda value: () if value is None else value)]
"""A list; null is an empty one."""


class _Answered(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Flag(_Answered):
    """Somebody's objection."""

    resolved: bool | None = None


class User(_Answered):
    """A person."""

    id: Id
    login: str | None = None
    name: str | None = None


class Taxon(_Answered):
    """A taxon. `ancestors` are there in some answers only, and never with Life among them."""

    id: Id
    name: str | None = None
    rank: str | None = None
    rank_level: float | None = None
    is_active: bool | None = None
    ancestry: str | None = None
    ancestor_ids: Listed[Id] = ()
    ancestors: Listed["Taxon"] = ()
    min_species_taxon_id: Id | None = None
    iconic_taxon_name: str | None = None
    current_synonymous_taxon_ids: Listed[Id] = ()

    @cached_property
    def lineage(self) -> tuple[int, ...]:
        """Ids of the ancestors from the root down, without the taxon itself."""
        if self.ancestry:
            try:
                return parse_ancestry(self.ancestry)
            except ValueError:
                pass
        return tuple(taxon_id for taxon_id in self.ancestor_ids if taxon_id != self.id)

    @property
    def level(self) -> float | None:
        """The rank level, also where only the rank is named."""
        return self.rank_level if self.rank_level is not None else RANK_LEVELS.get(self.rank or "")

    @property
    def species_id(self) -> int:
        """The species of a subspecies; otherwise the taxon itself."""
        return self.min_species_taxon_id or self.id


class Dimensions(_Answered):
    """Of the original photo, in pixels."""

    width: int | None = None
    height: int | None = None


class Photo(_Answered):
    """A photo. `url` is that of its smallest size."""

    id: Id
    uuid: str | None = None
    url: str | None = None
    license_code: str | None = None
    original_dimensions: Dimensions | None = None
    hidden: bool | None = None
    flags: Listed[Flag] = ()

    @property
    def extension(self) -> str | None:
        """Of the file, or None where there is no telling."""
        found = _PHOTO_URL(self.url or "")
        return found[2] if found else None

    @property
    def is_usable(self) -> bool:
        """Whether it is openly licensed, open to see, and where photos are fetched from."""
        found = _PHOTO_URL(self.url or "")
        is_fetchable = found is not None and found[1] != _STATIC_HOST
        return is_fetchable and _is_open(self.license_code) and not self.hidden and not _is_flagged(self.flags)


class Identification(_Answered):
    """What somebody says that an observation shows."""

    id: Id
    user: User | None = None
    taxon_id: Id | None = None
    taxon: Taxon | None = None
    current: bool | None = None
    category: str | None = None
    disagreement: bool | None = None
    hidden: bool | None = None
    spam: bool | None = None
    previous_observation_taxon_id: Id | None = None
    created_at: str | None = None

    @property
    def identified_id(self) -> int | None:
        """Id of the taxon, if it still exists."""
        return self.taxon_id or (self.taxon.id if self.taxon else None)


class Observation(_Answered):
    """An observation with its photos and identifications."""

    id: Id
    uuid: str
    quality_grade: str | None = None
    license_code: str | None = None
    user: User | None = None
    taxon: Taxon | None = None
    location: str | None = None
    obscured: bool | None = None
    positional_accuracy: float | None = None
    public_positional_accuracy: float | None = None
    observed_on: str | None = None
    spam: bool | None = None
    flags: Listed[Flag] = ()
    photos: Listed[Photo] = ()
    identifications: Listed[Identification] = ()

    @property
    def usable_photos(self) -> list[tuple[int, Photo]]:
        """(position, photo) of those that may and can be used."""
        return [(position, photo) for position, photo in enumerate(self.photos) if photo.is_usable]

    @property
    def is_usable(self) -> bool:
        """Whether it is openly licensed, somebody's, not objected to, and has a photo to use."""
        try:
            uuid(self.uuid)
            quality_grade(self.quality_grade or "")
        except BadField:
            return False
        is_fine = self.user is not None and not self.spam and not _is_flagged(self.flags)
        return is_fine and _is_open(self.license_code) and bool(self.usable_photos)


def read_items(model: type[M], items: Iterable[Item]) -> Iterator[M]:
    """Items as `model`; what doesn't look like one is passed over."""
    for item in items:
        try:
            yield model.model_validate(item)
        except ValidationError:
            continue


def _is_open(license_code: str | None) -> bool:
    return license_code is not None and license_code.lower() in OPEN_LICENSES


def _is_flagged(flags: Iterable[Flag]) -> bool:
    return any(not flag.resolved for flag in flags)
