"""A photo as a page shows it: a small, upright JPEG that says nothing but the picture.

Photos carry where they were taken, also of observations whose place is hidden, so no metadata may get through.
"""

import io
import threading
import warnings
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from reverse_search.errors import BadRequest, PhotoMissing, PhotoUnreadable

SHOWN_SIZES: dict[str, int] = {"square": 75, "thumb": 100, "small": 240, "medium": 500, "large": 1024}
"""The platform's words for sizes, and the longest side in pixels. A square is the middle of the picture."""

MAX_PIXELS = 150_000_000
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
QUALITY = 85

# What is stored, best first: the smallest that is large enough, then larger ones, then smaller ones. A thumb is too
# low to cut a square from, and a square has lost what was around it.
_BEST_SIZES = {
    "square": ("square", "small", "medium", "large", "original", "thumb"),
    "thumb": ("thumb", "small", "medium", "large", "original", "square"),
    "small": ("small", "medium", "large", "original", "thumb", "square"),
    "medium": ("medium", "large", "original", "small", "thumb", "square"),
    "large": ("large", "original", "medium", "small", "thumb", "square"),
}
_UNDO_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_MAX_PROFILE_BYTES = 4 * 2**20

_Box = tuple[float, float, float, float]


def best_sizes_for(size: str) -> tuple[str, ...]:
    """Which stored sizes to take for a shown size, best first.

    Raises:
        BadRequest: there is no such size.
    """
    _require_size(size)
    return _BEST_SIZES[size]


def render(path: Path, size: str) -> bytes:
    """A photo as a JPEG of at most this size, upright, in sRGB, without any metadata.

    It is never enlarged. Alpha is laid on white, and of an animation the first frame is shown.

    Args:
        path: a JPEG, PNG, GIF or WebP file, whatever its name says.
        size: one of SHOWN_SIZES.

    Returns:
        The JPEG's bytes.

    Raises:
        BadRequest: there is no such size.
        PhotoMissing: there is no such file.
        PhotoUnreadable: it is no such picture, truncated or otherwise damaged, or absurdly large.
    """
    _require_size(size)
    name = f"{path.parent.name}/{path.name}"
    try:
        with path.open("rb") as file:
            return _render(file, size, name)
    except FileNotFoundError:
        raise PhotoMissing(f"{name} is not there") from None
    except OSError as error:
        raise PhotoUnreadable(f"{name} can't be read: {error.strerror}") from error


def _require_size(size: str) -> None:
    if size not in SHOWN_SIZES:
        raise BadRequest(f"there is no photo size {size!r}; choose one of {', '.join(SHOWN_SIZES)}")


def _render(file: IO[bytes], size: str, name: str) -> bytes:
    try:
        with _silence:
            return _encoded(_shown(file, size))
    except UnidentifiedImageError:
        raise PhotoUnreadable(f"{name} is not a JPEG, PNG, GIF or WebP picture") from None
    except Image.DecompressionBombError as error:
        raise PhotoUnreadable(f"{name} has more than {MAX_PIXELS} pixels") from error
    except MemoryError as error:
        raise PhotoUnreadable(f"{name} needs more memory than there is") from error
    except Exception as error:  # decoders raise anything on odd bytes, and one photo must not break a page
        raise PhotoUnreadable(f"{name} is not a picture that can be read: {error}") from error


def _shown(file: IO[bytes], size: str) -> Image.Image:
    with Image.open(file, formats=FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            raise Image.DecompressionBombError
        box, shown_size = _fit(image.size, size)
        # A JPEG is decoded at an eighth, a quarter or a half where that is still large enough.
        scale = shown_size[0] / (box[2] - box[0])
        image.draft("RGB", (max(1, round(image.width * scale)), max(1, round(image.height * scale))))
        image.load()
        box, shown_size = _fit(image.size, size)
        resizable = _resizable(image)
        # What has to look at every pixel comes last, when there are few of them left.
        small = resizable.resize(shown_size, Image.Resampling.LANCZOS, box, reducing_gap=2.0)
        undo = _turned(image)
        upright = small if undo is None else small.transpose(undo)
        return _in_srgb(_on_white(upright), image.info.get("icc_profile"))


def _fit(size: tuple[int, int], shown: str) -> tuple[_Box, tuple[int, int]]:
    """Which part of a picture is shown, and at which width and height."""
    width, height = size
    longest = SHOWN_SIZES[shown]
    if shown == "square":
        side = min(size)
        left, top = (width - side) // 2, (height - side) // 2
        return (left, top, left + side, top + side), (min(side, longest), min(side, longest))
    scale = min(1.0, longest / max(size))
    return (0, 0, width, height), (max(1, round(width * scale)), max(1, round(height * scale)))


def _resizable(image: Image.Image) -> Image.Image:
    """The same picture as RGBA where something may be transparent, else as L, RGB or CMYK, which profiles know."""
    if image.mode.startswith("I;16"):  # convert() would clip all but the darkest greys to white
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in {"L", "RGB", "CMYK"}:
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _turned(image: Image.Image) -> Image.Transpose | None:
    """What undoes the camera's orientation. Where its metadata is broken, the picture is shown as it lies."""
    try:
        return _UNDO_ORIENTATION.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # as odd as the metadata
        return None


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, picture).convert("RGB")


def _in_srgb(picture: Image.Image, profile: object) -> Image.Image:
    """The picture in sRGB. A profile that is broken, of another mode, or huge is taken for none."""
    if isinstance(profile, bytes) and len(profile) <= _MAX_PROFILE_BYTES:
        with suppress(Exception):  # as odd as the profile; colours a little off are better than no picture
            embedded, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(picture, embedded, srgb, outputMode="RGB")
            return converted or picture.convert("RGB")
    return picture.convert("RGB")


def _encoded(picture: Image.Image) -> bytes:
    # Pillow would carry comments over: only pixels go into what is saved.
    bare = Image.new("RGB", picture.size)
    bare.paste(picture)
    buffer = io.BytesIO()
    bare.save(buffer, "JPEG", quality=QUALITY, progressive=False, optimize=False)
    return buffer.getvalue()


class _Silence:
    """No warnings as long as any thread is inside: odd metadata makes Pillow warn, and the picture is what counts.

    `warnings.catch_warnings` by itself restores what it found, which is wrong where two threads overlap.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._caught = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._caught = warnings.catch_warnings(action="ignore")
                self._caught.__enter__()
            self._inside += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._caught.__exit__(kind, error, at)


_silence = _Silence()
