"""Publish, list, roll back and prune generations. What serves is what CURRENT names; swapping it is one rename.

DATA/generations/<UTC>-<digest8>/   one night's index, never changed
DATA/CURRENT                        the name of the one that serves
"""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reverse_search.domain.files import replace_dir, write_atomic
from reverse_search.errors import BadSettings, CorruptFile, NoGeneration
from reverse_search.generation.manifest import MANIFEST_NAME, Manifest

NAME_FORMAT = "%Y%m%dT%H%M%SZ"


class GenerationStore:
    """The generations below one data directory."""

    def __init__(self, data: Path) -> None:
        self._root = data / "generations"
        self._pointer = data / "CURRENT"

    def folder(self, name: str) -> Path:
        """Folder that has this name, whatever is left in it. Raises NoGeneration where there is none."""
        path = self._root / name
        if name in {"", ".", ".."} or path.parent != self._root or not path.is_dir():
            raise NoGeneration(f"there is no generation {name!r}; {self._those_that_exist()}")
        return path

    def path(self, name: str) -> Path:
        """Folder of a complete generation. Raises NoGeneration for a name that is none."""
        path = self.folder(name)
        if not (path / MANIFEST_NAME).is_file():
            raise NoGeneration(f"{path} has no {MANIFEST_NAME}, so it is no generation; {self._those_that_exist()}")
        return path

    def _those_that_exist(self) -> str:
        names = self.names()
        return f"there are {', '.join(names)}" if names else "there are none; run `reverse-search nightly`"

    def names(self) -> list[str]:
        """All complete generations, oldest first."""
        if not self._root.is_dir():
            return []
        return sorted(p.name for p in self._root.iterdir() if (p / MANIFEST_NAME).is_file())

    def pointed(self) -> str:
        """What CURRENT says, though nothing of that name may be left. Raises NoGeneration before the first."""
        try:
            return self._pointer.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            raise NoGeneration("nothing has been published yet; run `reverse-search nightly`") from None

    def current(self) -> str:
        """Name of the generation that serves. Raises NoGeneration before the first, and where it is gone."""
        name = self.pointed()
        self.path(name)
        return name

    def current_or_none(self) -> str | None:
        """Name of the generation that serves, None before the first. Raises NoGeneration where it is gone."""
        return self.current() if self._pointer.is_file() else None

    def way_back(self, broken: str) -> str:
        """What an operator can do about a broken generation, in words."""
        others = [name for name in self.names() if name != broken]
        if not others:
            return f"there is no other: delete {self._root / broken} and run `reverse-search nightly`"
        return f"to roll back, write {others[-1]} into {self._pointer}"

    def add(self, built: Path, manifest: Manifest, now: datetime) -> str:
        """Move a finished build under its name. It does not serve yet. Returns the name."""
        write_atomic(built / MANIFEST_NAME, manifest.to_json().encode())
        name = f"{now.strftime(NAME_FORMAT)}-{manifest.contents_digest[:8]}"
        self._root.mkdir(parents=True, exist_ok=True)
        replace_dir(built, self._root / name)
        return name

    def serve(self, name: str) -> None:
        """Make a generation the one that serves: readers move to it at their next request."""
        self.path(name)
        write_atomic(self._pointer, f"{name}\n".encode())

    def roll_back(self, name: str | None = None) -> str:
        """Serve an earlier generation, by default the one before the current. Returns its name."""
        if name is None:
            earlier = [n for n in self.names() if n < self.pointed()]
            if not earlier:
                raise NoGeneration("there is no earlier generation to roll back to")
            name = earlier[-1]
        self.serve(name)
        return name

    def prune(self, keep: int, now: datetime, min_age: timedelta = timedelta(hours=1)) -> list[str]:
        """Delete all but the last `keep` generations, the current one and those younger than `min_age`."""
        if keep < 1:
            raise BadSettings("at least one generation has to stay; set REVERSE_SEARCH_KEEP_GENERATIONS to 1 or more")
        current = self.current_or_none()
        doomed = [n for n in self.names()[:-keep] if n != current and now - _built_at(n) >= min_age]
        for name in doomed:
            # The manifest goes first: what is half deleted must not look complete.
            (self._root / name / MANIFEST_NAME).unlink()
            shutil.rmtree(self._root / name)
        return doomed


def _built_at(name: str) -> datetime:
    try:
        return datetime.strptime(name.split("-")[0], NAME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise CorruptFile(f"{name!r} is no name of a generation; move that folder away") from None
