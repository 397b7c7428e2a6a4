"""Any file that people upload, as an upright RGB picture."""

import warnings
from pathlib import Path

from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from reverse_search.errors import PhotoMissing, PhotoUnreadable

MAX_PIXELS = 200_000_000
DECODER = "pillow"


def decode_photo(path: Path, least_side: int) -> Image.Image:
    """Decode a photo.

    Args:
        path: the file.
        least_side: JPEGs are decoded at reduced scale as long as no side falls below twice this.

    Returns:
        An RGB picture, turned upright, alpha laid on white.

    Raises:
        PhotoMissing: there is no such file.
        PhotoUnreadable: it can't be decoded, is truncated, or is absurdly large.
    """
    try:
        with warnings.catch_warnings():
            # Odd metadata makes Pillow warn; the picture is what counts.
            warnings.simplefilter("ignore")
            return _decode(path, least_side)
    except FileNotFoundError:
        raise PhotoMissing(f"{path.name} is not there") from None
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise PhotoUnreadable(f"{path.name} is not a picture that can be read: {error}") from error


def _decode(path: Path, least_side: int) -> Image.Image:
    with Image.open(path) as image:
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(f"{image.width} × {image.height} pixels are more than {MAX_PIXELS}")
        image.draft("RGB", (2 * least_side, 2 * least_side))
        image.load()
        upright = ImageOps.exif_transpose(image)
        if upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info:
            rgba = upright.convert("RGBA")
            white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
            return Image.alpha_composite(white, rgba).convert("RGB")
        return upright.convert("RGB")


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
