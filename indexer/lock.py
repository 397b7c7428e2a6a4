"""One job at a time in a data directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reverse_search.errors import Busy


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold a lock file. The system lets go of it when the process ends, however that happens.

    Raises:
        Busy: another process holds it; the message names it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise Busy(f"another job (process {holder}) is running on {path.parent}; wait for it to end") from None
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
