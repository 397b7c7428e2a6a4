"""The child process that runs a backbone, so that torch and faiss never share one."""

import hashlib
import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from indexer.backbones.base import Backbone, ModelFacts, load_backbone
from indexer.backbones.decode import decode_photo, read_photo
from reverse_search.domain.arrays import FloatArray
from reverse_search.errors import BadSettings, PhotoProblem, ReverseSearchError

BATCH_SIZE = 64
LEAST_SIDE = 256


@dataclass(frozen=True, eq=False)
class EmbeddedBatch:
    """A batch of photos, in the order they were asked for.

    Attributes:
        vectors: (n_good, dim) float32 raw vectors of the photos that could be read.
        hashes: SHA-256 of the files of those photos.
        problems: one entry a photo asked for: None, or (reason, detail).
    """

    vectors: FloatArray
    hashes: list[str]
    problems: list[tuple[str, str] | None]


class BackboneProcess:
    """A backbone in a child process. Use as a context manager.

    Args:
        name: see `load_backbone`.

    Raises:
        BadSettings: the name means nothing, or the weights are not there.
        ReverseSearchError: the child can't load it for another reason.
    """

    def __init__(self, name: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, name), daemon=True)
        self._process.start()
        theirs.close()
        try:
            self.facts: ModelFacts = self._receive()
        except BaseException:
            self.close()
            raise

    def embed(self, paths: Sequence[Path]) -> Iterator[EmbeddedBatch]:
        """Embed photos, yielding batches as they are done. Raises ReverseSearchError if the child fails."""
        try:
            self._pipe.send(list(paths))
        except OSError:
            raise self._ended() from None
        left = len(paths)
        while left:
            batch: EmbeddedBatch = self._receive()
            left -= len(batch.problems)
            yield batch

    def _receive(self) -> Any:
        try:
            answer = self._pipe.recv()
        except (EOFError, OSError):
            raise self._ended() from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _ended(self) -> ReverseSearchError:
        self._process.join(timeout=5)
        return ReverseSearchError(
            f"the embedding process ended unexpectedly (exit status {self._process.exitcode}); "
            "out of memory is the usual cause; run the job again, it goes on where it stopped"
        )

    def close(self) -> None:
        """End the child process."""
        self._pipe.close()
        self._process.join(timeout=10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def end_with_parent() -> None:
    """Make this child end when its parent does, even when that was killed: two jobs must never write at once."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _serve(pipe: Connection, name: str) -> None:
    end_with_parent()
    try:
        backbone = load_backbone(name)
        pipe.send(backbone.facts)
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as threads:
            while True:
                for batch in _embed(backbone, pipe.recv(), threads):
                    pipe.send(batch)
    except (EOFError, BrokenPipeError):
        return
    except BadSettings as error:
        pipe.send(error)
    except Exception as error:
        pipe.send(ReverseSearchError(f"the embedding process failed: {type(error).__name__}: {error}"))


def _embed(backbone: Backbone, paths: list[Path], threads: ThreadPoolExecutor) -> Iterator[EmbeddedBatch]:
    """Decode in threads one batch ahead of the model."""
    batches = [paths[i : i + BATCH_SIZE] for i in range(0, len(paths), BATCH_SIZE)]
    ahead = [threads.submit(_prepare, backbone, path) for path in batches[0]] if batches else []
    for number in range(len(batches)):
        prepared = [future.result() for future in ahead]
        following = batches[number + 1] if number + 1 < len(batches) else []
        ahead = [threads.submit(_prepare, backbone, path) for path in following]
        good = [item for item in prepared if not isinstance(item, PhotoProblem)]
        yield EmbeddedBatch(
            vectors=backbone.embed([inputs for inputs, _ in good])
            if good
            else np.zeros((0, backbone.facts.dim), dtype=np.float32),
            hashes=[digest for _, digest in good],
            problems=[(p.reason, str(p)) if isinstance(p, PhotoProblem) else None for p in prepared],
        )


def _prepare(backbone: Backbone, path: Path) -> tuple[FloatArray, str] | PhotoProblem:
    try:
        content = read_photo(path)
        picture = decode_photo(content, LEAST_SIDE, path.name)
        return backbone.prepare(picture), hashlib.sha256(content).hexdigest()
    except PhotoProblem as problem:
        return problem
