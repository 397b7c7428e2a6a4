"""What the site is told when it is made. Read once, never changed."""

from dataclasses import dataclass
from pathlib import Path

from reverse_search.vectors.where import Device

NOTICE_FILE = "notice.txt"


@dataclass(frozen=True, slots=True)
class Site:
    """Where the data is, and how the site presents itself.

    Attributes:
        home: the data directory.
        database_url: of the database.
        platform_url: where observations and taxa can be seen on the platform; None links nowhere.
        notice: said on every page, None for nothing. A collection that isn't the platform's has one.
        trusted_hosts: values of the Host header that are answered, None for all. A site on loopback names its own,
            so that a page from elsewhere can't reach it under another name (DNS rebinding).
        device: where vectors are searched.
    """

    home: Path
    database_url: str
    platform_url: str | None = "https://www.inaturalist.org"
    notice: str | None = None
    trusted_hosts: tuple[str, ...] | None = None
    device: Device = Device.CPU


def read_notice(home: Path) -> str | None:
    """What a data directory says about its collection, None where it says nothing."""
    path = home / NOTICE_FILE
    return path.read_text(encoding="utf-8").strip() or None if path.is_file() else None
