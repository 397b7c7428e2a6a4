"""Tab-separated files without quoting, as the open data come: a quote is data. Read in blocks of constant size.

Rows that can't be used go to a rejects file, with the line's number and the reason, and never stop a reader.
"""

import gzip
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Generic, Self, TypeVar, cast

from indexer.sources.fields import BadField
from reverse_search.errors import SourceError

BLOCK_BYTES = 4 * 2**20
MAX_LINE_BYTES = 16 * 2**20
_BOM = b"\xef\xbb\xbf"

R = TypeVar("R")
Fields = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns a table has, in the order that its rows are handed on."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


@dataclass(slots=True)
class Batch(Generic[R]):
    """Rows of one block, and how to reject some of them later.

    Attributes:
        rows: what the mapper made of the good lines.
        at: for each row, its place among the block's lines.
        lines: the block's lines.
        first_line: number of the first of them in the file, from 1.
        fraction_done: how much of the file has been read, by bytes.
    """

    rows: list[R]
    at: list[int]
    lines: list[str]
    first_line: int
    fraction_done: float


class Rejects:
    """The file of rows that couldn't be used. It replaces the last run's when this run ends well."""

    def __init__(self, folder: Path, source: str) -> None:
        self.path = folder / f"{source}.rejects.tsv"
        self.count = 0
        self._source = source.encode()
        self._aside = folder / f".{source}.rejects.tsv.{os.getpid()}"

    def __enter__(self) -> Self:
        self._aside.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._aside.open("wb")
        self._file.write(b"file\tline\treason\traw\n")
        return self

    def add(self, line_number: int, reason: str, line: str) -> None:
        """Write one row, as the bytes it was."""
        raw = line.encode("utf-8", "surrogateescape")
        self._file.write(b"%s\t%d\t%s\t%s\n" % (self._source, line_number, reason.encode(), raw))
        self.count += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()
        if error is None:
            self._aside.replace(self.path)
        else:
            self._aside.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Table:
    """A file whose header has been read and found to have what is needed.

    Attributes:
        path: the file.
        header: its column names.
        positions: where the layout's columns are; one past the last for a missing optional one.
    """

    path: Path
    header: tuple[str, ...]
    positions: tuple[int, ...]
    header_bytes: int = field(repr=False)

    @classmethod
    def open(cls, path: Path, layout: Layout) -> Self:
        """Look at a file's header.

        Raises:
            SourceError: the file can't be read, or lacks a required column.
        """
        with _opened(path) as file:
            line = _guarded(path, lambda: file.readline(MAX_LINE_BYTES))
        try:
            text = line.removeprefix(_BOM).rstrip(b"\r\n").decode()
        except UnicodeDecodeError:
            raise SourceError(f"{path} is not text in UTF-8; export it again as tab-separated text") from None
        header = tuple(text.split("\t"))
        wanted = layout.required + layout.optional
        missing = [name for name in layout.required if name not in header]
        if missing:
            raise SourceError(
                f"{path} has no column {', '.join(missing)}; its first line must name the columns, "
                f"separated by tabs: {', '.join(wanted)}"
            )
        twice = [name for name in wanted if header.count(name) > 1]
        if twice:
            raise SourceError(f"{path} has column {', '.join(twice)} more than once; remove all but one")
        positions = tuple(header.index(name) if name in header else len(header) for name in wanted)
        return cls(path=path, header=header, positions=positions, header_bytes=len(line))

    def batches(self, convert: Callable[[Fields], R], rejects: Rejects) -> Iterator[Batch[R]]:
        """Read all rows. `convert` gets the layout's fields as text, and raises BadField for a row it can't use.

        Raises:
            SourceError: the file is cut off or damaged.
        """
        # Lines get one empty field more, which is what missing optional columns read.
        pick, width = itemgetter(*self.positions), len(self.header)
        first_line = 2
        for text, is_suspect, fraction_done in self._blocks():
            lines = text.split("\n")
            batch: Batch[R] = Batch([], [], lines, first_line, fraction_done)
            add_row, add_place = batch.rows.append, batch.at.append
            for place, line in enumerate(lines):
                parts = line.split("\t")
                try:
                    if len(parts) != width or is_suspect:
                        _examine(line, len(parts), width)
                    parts.append("")
                    add_row(convert(pick(parts)))
                    add_place(place)
                except BadField as bad:
                    if line:
                        rejects.add(first_line + place, str(bad), line)
            yield batch
            first_line += len(lines)

    def _blocks(self) -> Iterator[tuple[str, bool, float]]:
        """(whole lines without the last line's end, whether they hold odd bytes, fraction of the file read)."""
        total_bytes = max(self.path.stat().st_size, 1)
        rest = b""
        with _opened(self.path) as file:
            _guarded(self.path, lambda: file.read(self.header_bytes))
            while block := _guarded(self.path, lambda: file.read(BLOCK_BYTES)):
                block = rest + block
                end = block.rfind(b"\n") + 1
                block, rest = block[:end], block[end:]
                if len(rest) > MAX_LINE_BYTES:
                    raise SourceError(f"{self.path} has a line of more than {MAX_LINE_BYTES} bytes; is it a table?")
                if block:
                    yield *_decode(block[:-1]), min(_position(file) / total_bytes, 1.0)
            if rest:
                yield *_decode(rest), 1.0


def find_table(folder: Path, name: str) -> Path | None:
    """`{name}.csv` in a folder, or else `{name}.csv.gz`, or None."""
    return next((p for p in (folder / f"{name}.csv", folder / f"{name}.csv.gz") if p.is_file()), None)


def _opened(path: Path) -> BinaryIO:
    try:
        return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")
    except OSError as error:
        raise SourceError(f"{path} can't be opened ({error.strerror}); check the path and its rights") from error


def _guarded(path: Path, read: Callable[[], bytes]) -> bytes:
    """What `read` gives, with a damaged file told as such."""
    try:
        return read()
    except (EOFError, zlib.error, OSError) as error:
        raise SourceError(f"{path} is cut off or damaged ({error}); download it again") from error


def _position(file: BinaryIO) -> int:
    """Bytes of the file itself that have been read: for a compressed one, compressed bytes."""
    raw = getattr(file, "fileobj", None) or file
    return int(raw.tell())


def _decode(block: bytes) -> tuple[str, bool]:
    try:
        text, is_clean = block.decode(), True
    except UnicodeDecodeError:
        text, is_clean = block.decode("utf-8", "surrogateescape"), False
    if "\r" in text:
        text = text.replace("\r\n", "\n").removesuffix("\r")
    return text, not is_clean or "\0" in text


def _examine(line: str, width: int, wanted: int) -> None:
    """Say what is wrong with a line. Most have nothing wrong and aren't looked at."""
    try:
        line.encode()
    except UnicodeEncodeError:
        raise BadField("invalid UTF-8") from None
    if "\0" in line:
        raise BadField("NUL byte")
    if width != wanted:
        raise BadField(f"{width} fields instead of {wanted}")
