"""Every error this project raises on purpose, in one tree. Each message says what to do next.

ReverseSearchError
├── BadRequest                 what was asked can't be answered as asked (exit status 2)
│   ├── UnknownTaxon
│   ├── AmbiguousTaxon
│   └── BadSettings
├── SourceError                an input folder, file or column is missing or unusable (exit status 3)
├── StoreError                 the database is missing, older or newer than this code (exit status 4)
├── MissingDependency          an optional package is not installed (exit status 5)
├── Busy                       another process holds the lock (exit status 6)
├── PhotoProblem               one photo can't be used; recorded, never fatal
│   ├── PhotoMissing
│   ├── PhotoUnreadable
│   └── PhotoUnreachable       the network failed; worth another try later
└── DataError                  what lies in the data directory can't be used (exit status 7)
    ├── BackboneMismatch
    ├── CorruptFile
    ├── NoGeneration
    ├── DeviceUnusable         the GPU failed its self-test, or the vectors don't fit on it (exit status 8)
    └── CheckRefused           the check before publishing said no (exit status 8)
"""

from collections.abc import Sequence
from typing import ClassVar


class ReverseSearchError(Exception):
    """Base of all errors raised on purpose. `exit_code` is what the command line exits with."""

    exit_code: ClassVar[int] = 1


class BadRequest(ReverseSearchError):
    """What was asked can't be answered as asked."""

    exit_code = 2


class UnknownTaxon(BadRequest):
    """No taxon has this id or name."""

    def __init__(self, asked: str) -> None:
        super().__init__(f"no taxon is called or numbered {asked!r}; check the spelling, or import a taxonomy with it")
        self.asked = asked


class AmbiguousTaxon(BadRequest):
    """Several taxa share the name. `matches` holds (id, rank, name, parent name)."""

    def __init__(self, asked: str, matches: Sequence[tuple[int, str, str, str]]) -> None:
        lines = [
            f"  {taxon_id}  {rank} {name} (in {parent or 'no parent'})" for taxon_id, rank, name, parent in matches
        ]
        super().__init__(f"{asked!r} names {len(matches)} taxa; ask again with one of these ids:\n" + "\n".join(lines))
        self.matches = tuple(matches)


class BadSettings(BadRequest):
    """A setting has a value that can't work."""


class SourceError(ReverseSearchError):
    """An input folder, file or column is missing or unusable."""

    exit_code = 3


class StoreError(ReverseSearchError):
    """The database is missing, older or newer than this code."""

    exit_code = 4


class MissingDependency(ReverseSearchError):
    """An optional package is not installed."""

    exit_code = 5


class Busy(ReverseSearchError):
    """Another process holds the lock."""

    exit_code = 6


class PhotoProblem(ReverseSearchError):
    """One photo can't be used. `reason` is a short, stable word; the message has the detail."""

    reason: ClassVar[str] = "problem"


class PhotoMissing(PhotoProblem):
    """There is no such photo (any more)."""

    reason = "missing"


class PhotoUnreadable(PhotoProblem):
    """The bytes are not a picture that can be decoded."""

    reason = "unreadable"


class PhotoUnreachable(PhotoProblem):
    """The network failed; the photo may be there at another try."""

    reason = "unreachable"


class DataError(ReverseSearchError):
    """What lies in the data directory can't be used."""

    exit_code = 7


class BackboneMismatch(DataError):
    """Two parts were made by different backbones, and mixing them would compare apples with pears."""

    def __init__(self, wanted: str, found: str) -> None:
        super().__init__(
            f"made by backbone {found}, but {wanted} is in use; run `nightly` to embed anew, or go back to {found}"
        )
        self.wanted = wanted
        self.found = found


class CorruptFile(DataError):
    """A file is truncated, changed or not what its manifest says."""


class NoGeneration(DataError):
    """Nothing has been published yet."""


class DeviceUnusable(DataError):
    """The GPU failed its self-test, or the vectors don't fit on it."""

    exit_code = 8


class CheckRefused(DataError):
    """The check before publishing said no; what served goes on serving."""

    exit_code = 8
