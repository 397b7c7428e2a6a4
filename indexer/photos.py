"""Where a photo's file is: in a local folder, or fetched into the data directory."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from indexer.downloads import Breaker, Downloader
from reverse_search.errors import PhotoMissing, PhotoProblem, PhotoUnreachable
from reverse_search.photos.files import SIZES, PhotoFolders, PhotoRef, safe_extension
from reverse_search.store.photos import list_photo_roots
from reverse_search.store.session import Database

__all__ = ["UNREACHABLE_IN_A_ROW", "Found", "PhotoRef", "PhotoStore", "photo_source"]

UNREACHABLE_IN_A_ROW = 8

Found = tuple[PhotoRef, Path | PhotoProblem]


class PhotoStore:
    """Photos of this machine, laid out as `{root}/{photo_id}/{size}.{extension}`, and a server for the others."""

    def __init__(
        self,
        roots: Sequence[Path],
        *,
        downloader: Downloader | None = None,
        download_dir: Path | None = None,
        workers: int = 8,
        unreachable_in_a_row: int = UNREACHABLE_IN_A_ROW,
    ) -> None:
        """Prepare.

        Args:
            roots: folders to look in, in that order.
            downloader: fetches what isn't local; without one nothing is fetched.
            download_dir: where to; also looked in.
            workers: downloads at a time.
            unreachable_in_a_row: after so many the rest isn't tried any more, so that a machine without a network
                doesn't wait for hours. A new store tries again.
        """
        self._folders = PhotoFolders([*roots, *([download_dir] if download_dir is not None else [])])
        self._downloader = downloader if download_dir is not None else None
        self._download_dir = download_dir
        self._workers = workers
        self._breaker = Breaker(unreachable_in_a_row)

    def find(self, ref: PhotoRef) -> Path:
        """The file of a local photo, of the best size there is.

        Raises:
            PhotoMissing: there is none.
            PhotoUnreachable: a folder can't be read.
        """
        return self._folders.find(ref)

    def fetch(self, ref: PhotoRef) -> Path:
        """The file of a photo, downloaded if need be.

        Raises:
            PhotoMissing: neither a folder nor the server has it.
            PhotoUnreadable: the server's file is no picture.
            PhotoUnreachable: the server can't be reached, or a folder can't be read.
        """
        try:
            return self.find(ref)
        except PhotoMissing:
            if self._downloader is None or self._download_dir is None:
                raise
        return self._download(ref, self._downloader, self._download_dir)

    def _download(self, ref: PhotoRef, downloader: Downloader, download_dir: Path) -> Path:
        if self._breaker.is_open:
            raise PhotoUnreachable(f"photo {ref.photo_id} wasn't tried: {downloader.base_url} can't be reached")
        extension = safe_extension(ref.extension)
        size = SIZES[0]
        to = download_dir / str(int(ref.photo_id)) / f"{size}.{extension}"
        try:
            path = downloader.fetch(ref.photo_id, size, extension, to)
        except PhotoProblem as problem:
            self._breaker.saw(problem)
            raise
        self._breaker.saw(None)
        return path

    def fetch_many(self, wanted: Iterable[PhotoRef]) -> Iterator[Found]:
        """The file of each photo, or what is wrong with it, in the order asked for.

        Runs a little ahead of whoever consumes it, never more than a few photos a worker.
        """
        with ThreadPoolExecutor(self._workers, thread_name_prefix="photos") as pool:
            refs = iter(wanted)
            ahead: deque[Future[Found]] = deque(pool.submit(self._try, ref) for ref in islice(refs, 4 * self._workers))
            try:
                while ahead:
                    found = ahead.popleft().result()
                    ahead.extend(pool.submit(self._try, ref) for ref in islice(refs, 1))
                    yield found
            finally:
                for future in ahead:
                    future.cancel()

    def _try(self, ref: PhotoRef) -> Found:
        try:
            return ref, self.fetch(ref)
        except PhotoProblem as problem:
            return ref, problem


def photo_source(home: Path, database: Database, base_url: str | None) -> PhotoStore:
    """The photos of the folders that imports named, and of a server, from which they come to `<home>/photos`.

    Without a server (None) nothing is fetched.

    Raises:
        BadSettings: the server's address isn't one that photos may be fetched from.
    """
    with database.read() as connection:
        roots = list_photo_roots(connection)
    downloader = None if base_url is None else Downloader(base_url)
    return PhotoStore(roots, downloader=downloader, download_dir=home / "photos")
