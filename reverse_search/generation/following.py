"""What serves, followed: opened once, kept as long as somebody reads it, left when another one is published."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reverse_search.domain.overlay import Change
from reverse_search.errors import DataError
from reverse_search.generation.opened import Generation, open_current
from reverse_search.generation.overlay import overlaid
from reverse_search.generation.publish import GenerationStore
from reverse_search.vectors.where import Device

log = logging.getLogger(__name__)
TRY_AGAIN_S = 5.0
"""How long a generation that can't be opened is left alone: requests shouldn't each try, but it may be put right."""


class ChangeLog(Protocol):
    """What has changed since a night, as the database tells it."""

    def seq(self) -> int:
        """Number of the last change."""
        ...

    def since(self, watermark_seq: int) -> tuple[int, Sequence[Change] | None]:
        """Number of the last change, and what has changed after another; None where that is too much to show."""
        ...


@dataclass(frozen=True, eq=False)
class Seen:
    """One generation as it was at one change number. Never changed: whoever has it may read on while others move.

    Attributes:
        built: as it was published.
        index: with what has changed since laid over it.
        seq: number of the last change that is in it.
    """

    built: Generation
    index: Generation
    seq: int


class Follower:
    """Follows what is published in one data directory, and what is imported since. Shared by threads."""

    def __init__(
        self,
        home: Path,
        changes: ChangeLog,
        clock: Callable[[], float] = time.monotonic,
        device: Device = Device.CPU,
    ) -> None:
        """Nothing is opened before the first `now`.

        Args:
            home: the data directory.
            changes: what is imported.
            clock: seconds that never go back.
            device: where to search.
        """
        self._device = device
        self._home, self._changes, self._clock = home, changes, clock
        self._store = GenerationStore(home)
        self._seen: Seen | None = None
        self._left_alone: tuple[str | None, float] = (None, 0.0)
        self._lock = threading.Lock()

    def now(self) -> Seen:
        """What serves, as it is now. A reader takes it once for all that belongs together, such as a whole request.

        A generation that can't be opened is passed over in favour of the one that served before.

        Raises:
            NoGeneration: nothing has been published yet.
            CorruptFile: the first one can't be opened.
            StoreError: the database doesn't answer.
        """
        seq, seen = self._changes.seq(), self._seen
        if seen is not None and seen.seq == seq and not self._has_moved(seen):
            return seen
        with self._lock:
            # One attribute, set once it is whole: a thread sees all of the old view, or all of the new one.
            self._seen = self._look(self._seen)
            return self._seen

    def _has_moved(self, seen: Seen) -> bool:
        name = self._pointed()
        refused, until = self._left_alone
        return name != seen.built.name and not (name == refused and self._clock() < until)

    def _pointed(self) -> str | None:
        try:
            return self._store.pointed()
        except (DataError, OSError):
            return None

    def _look(self, seen: Seen | None) -> Seen:
        """Open what is published, and lay over it what has changed since."""
        built = self._open() if seen is None or self._has_moved(seen) else seen.built
        if built is None:
            assert seen is not None
            built = seen.built
        if seen is not None and seen.built is built and seen.seq == self._changes.seq():
            return seen  # another thread was here first, or there is nothing better
        seq, changes = self._changes.since(built.manifest.watermark)
        if changes is None:
            log.warning("%s: too much has changed since to show it; run the nightly job", built.name)
        return Seen(built, overlaid(built, changes or ()), seq)

    def _open(self) -> Generation | None:
        """What CURRENT names; None where it can't be opened, but another one serves."""
        name = self._pointed()
        try:
            return open_current(self._home, self._device)
        except DataError as error:
            if self._seen is None:
                raise
            self._left_alone = (name, self._clock() + TRY_AGAIN_S)
            log.warning("%s goes on serving: %s", self._seen.built.name, error)
            return None
