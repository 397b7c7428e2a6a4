"""Where a photo's file lies on this machine."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reverse_search.errors import PhotoMissing, PhotoUnreachable

SIZES = ("medium", "large", "original", "small")
"""Which size to take, best first: 500 pixels are what a backbone looks at, and more costs time to decode."""

EXTENSIONS = ("jpg", "jpeg", "png", "gif", "webp")

_SAFE_EXTENSION = re.compile(r"[A-Za-z0-9]{1,8}").fullmatch


@dataclass(frozen=True, slots=True)
class PhotoRef:
    """A photo as the platform names it. `extension` is what the source said, "" where it said nothing."""

    photo_id: int
    extension: str


class PhotoFolders:
    """Folders with photos as `{root}/{photo_id}/{size}.{extension}`. Safe to use from several threads."""

    def __init__(self, roots: Sequence[Path]) -> None:
        """Prepare, without looking.

        Args:
            roots: folders to look in, in that order. They need not be there (yet), and may be links.
        """
        self._roots = tuple(roots)

    def find(self, ref: PhotoRef, sizes: Sequence[str] = SIZES) -> Path:
        """The file of a photo. A folder earlier in order comes before a better size.

        Args:
            ref: the photo.
            sizes: the sizes to take, best first.

        Returns:
            A file that lies below one of the roots, links followed.

        Raises:
            PhotoMissing: there is none.
            PhotoUnreachable: it isn't found, but a folder can't be read.
        """
        leads_out, unread = "", None
        for root in self._roots:
            try:
                for path in _files(root / str(int(ref.photo_id)), sizes, ref.extension):
                    if path.resolve().is_relative_to(root.resolve()):
                        return path
                    leads_out = f"; the link {path} is not followed, because it leads out of {root}"
            except OSError as error:  # a disk that is away must not hide what the next folder has
                unread = error
        if unread is not None:
            raise PhotoUnreachable(f"photo {ref.photo_id}: a folder can't be read: {unread}") from unread
        raise PhotoMissing(f"photo {ref.photo_id} is in none of {len(self._roots)} folders{leads_out}")


def safe_extension(extension: str) -> str:
    """The extension in lower case, or the usual one where it is none: empty, or more than letters and digits."""
    return extension.lower() if _SAFE_EXTENSION(extension) else EXTENSIONS[0]


def _files(folder: Path, sizes: Sequence[str], extension: str) -> Iterator[Path]:
    if not folder.is_dir():
        return
    told = safe_extension(extension)
    extensions = [told, *(other for other in EXTENSIONS if other != told)]
    names = (f"{size}.{ext}" for size in sizes for ext in extensions)
    yield from (path for path in map(folder.joinpath, names) if path.is_file())
