"""Any file that people upload, as an upright RGB picture."""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from reverse_search.errors import PhotoMissing, PhotoUnreadable
from reverse_search.photos.rendering import MAX_PIXELS

DECODER = "pillow"


def read_photo(path: Path) -> bytes:
    """A photo's bytes.

    Raises:
        PhotoMissing: there is no such file.
        PhotoUnreadable: it can't be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise PhotoMissing(f"{path.name} is not there") from None
    except OSError as error:
        raise PhotoUnreadable(f"{path.name} can't be read: {error}") from error


def decode_photo(content: bytes, least_side: int, name: str) -> Image.Image:
    """Decode a photo.

    Args:
        content: the file's bytes.
        name: what messages call it.
        least_side: JPEGs are decoded at reduced scale as long as no side falls below twice this.

    Returns:
        An RGB picture, turned upright, alpha laid on white.

    Raises:
        PhotoUnreadable: it can't be decoded, is truncated, or is absurdly large.
    """
    try:
        with warnings.catch_warnings():
            # Odd metadata makes Pillow warn; the picture is what counts.
            warnings.simplefilter("ignore")
            return _decode(content, least_side)
    except MemoryError:
        raise
    except UnidentifiedImageError:
        raise PhotoUnreadable(f"{name} is not a picture of any known format") from None
    except Exception as error:  # decoders raise anything on odd bytes, and one photo must not end the job
        raise PhotoUnreadable(f"{name} is not a picture that can be read: {error}") from error


def _decode(content: bytes, least_side: int) -> Image.Image:
    with Image.open(io.BytesIO(content)) as image:
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(f"{image.width} × {image.height} pixels are more than {MAX_PIXELS}")
        image.draft("RGB", (2 * least_side, 2 * least_side))
        image.load()
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith("I;16"):  # convert() would clip all but the darkest greys to white
            upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
        if upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info:
            rgba = upright.convert("RGBA")
            white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
            return Image.alpha_composite(white, rgba).convert("RGB")
        return upright.convert("RGB")


def cut_extremes(picture: Image.Image, ratio: int) -> Image.Image:
    """The middle of a picture whose one side is more than `ratio` times the other; any other as it is.

    Resizing 20,000 × 1 pixels by the shorter side would take gigabytes.
    """
    longest = ratio * min(picture.size)
    if max(picture.size) <= longest:
        return picture
    left, top, right, bottom = _middle(picture.size, longest, longest)
    return picture.crop((int(left), int(top), int(right), int(bottom)))


def resize_and_crop(picture: Image.Image, side: int, resized_side: int) -> Image.Image:
    """Resize the shorter side to `resized_side` (bicubic), then cut the middle `side` × `side`."""
    scale = resized_side / min(picture.size)
    width, height = (max(side, round(length * scale)) for length in picture.size)
    # Very long pictures are cut before they are resized: 20,000 × 1 pixels would become gigabytes.
    box = _middle(picture.size, side / scale, side / scale)
    if max(width, height) > 8 * side:
        return picture.resize((side, side), Image.Resampling.BICUBIC, box=box)
    resized = picture.resize((width, height), Image.Resampling.BICUBIC)
    left, top = (width - side) // 2, (height - side) // 2
    return resized.crop((left, top, left + side, top + side))


def _middle(size: tuple[int, int], width: float, height: float) -> tuple[float, float, float, float]:
    width, height = min(width, size[0]), min(height, size[1])
    left, top = (size[0] - width) / 2, (size[1] - height) / 2
    return left, top, left + width, top + height


# A file cut off in the middle is unreadable, not half a picture padded with grey.
ImageFile.LOAD_TRUNCATED_IMAGES = False
