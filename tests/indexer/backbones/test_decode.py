import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from indexer.backbones.decode import cut_extremes, decode_photo, read_photo, resize_and_crop
from reverse_search.errors import PhotoMissing, PhotoProblem, PhotoUnreadable
from reverse_search.photos.rendering import MAX_PIXELS

ORIENTATION = 0x0112
RED, BLUE = (250, 10, 10), (10, 10, 250)


def encoded(image: Image.Image, format_: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def decoded(content: bytes) -> Image.Image:
    return decode_photo(content, 256, "photo.jpg")


def halves(mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", (40, 20), RED)
    image.paste(BLUE, (20, 0, 40, 20))
    return image.quantize(2) if mode == "P" else image.convert(mode)


def noise(width: int = 64, height: int = 48) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def near(found: Any, wanted: tuple[int, int, int], tolerance: int = 12) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize(
    ("mode", "format_"),
    [
        ("RGB", "PNG"),
        ("RGBA", "PNG"),
        ("P", "PNG"),
        ("RGB", "WEBP"),
        ("RGBA", "WEBP"),
        ("P", "GIF"),
        ("RGB", "JPEG"),
        ("CMYK", "JPEG"),
        ("RGB", "TIFF"),
    ],
)
def test_every_usual_format_keeps_its_colours(mode: str, format_: str) -> None:
    picture = decoded(encoded(halves(mode), format_))
    assert (picture.mode, picture.size) == ("RGB", (40, 20))
    assert near(picture.getpixel((8, 10)), RED)
    assert near(picture.getpixel((32, 10)), BLUE)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_greyscale_becomes_equal_channels(format_: str) -> None:
    picture = decoded(encoded(Image.new("L", (30, 30), 90), format_))
    assert near(picture.getpixel((15, 15)), (90, 90, 90), tolerance=2)


def test_greys_of_16_bits_keep_their_brightness() -> None:
    image = Image.fromarray(np.full((10, 10), 90 * 257, dtype=np.uint16))
    assert near(decoded(encoded(image, "PNG")).getpixel((5, 5)), (90, 90, 90), tolerance=2)


@pytest.mark.parametrize(("mode", "colour"), [("RGBA", (0, 0, 0, 0)), ("LA", (0, 0))])
def test_what_is_transparent_is_white(mode: str, colour: tuple[int, ...]) -> None:
    picture = decoded(encoded(Image.new(mode, (10, 10), colour), "PNG"))
    assert picture.getpixel((5, 5)) == (255, 255, 255)


def test_half_alpha_is_laid_on_white() -> None:
    picture = decoded(encoded(Image.new("RGBA", (10, 10), (0, 0, 0, 128)), "PNG"))
    assert near(picture.getpixel((5, 5)), (127, 127, 127), tolerance=2)


@pytest.mark.parametrize("format_", ["PNG", "GIF"])
def test_a_transparent_palette_entry_is_white(format_: str) -> None:
    image = Image.new("P", (10, 10), 0)
    image.putpalette([0, 0, 0, *RED])
    image.paste(1, (0, 0, 5, 10))
    picture = decoded(encoded(image, format_, transparency=0))
    assert picture.getpixel((8, 5)) == (255, 255, 255)
    assert picture.getpixel((2, 5)) == RED


def test_the_first_frame_of_an_animation_counts() -> None:
    frames = [Image.new("RGB", (10, 10), RED), Image.new("RGB", (10, 10), BLUE)]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert near(decoded(content).getpixel((5, 5)), RED)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    stored = noise().resize((64, 48), Image.Resampling.NEAREST)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    wanted = stored.transpose(undo[orientation]) if orientation in undo else stored
    assert decoded(encoded(stored, "PNG", exif=exif)).tobytes() == wanted.tobytes()


def test_large_jpegs_are_decoded_at_reduced_scale() -> None:
    content = encoded(Image.new("RGB", (4096, 2048), RED), "JPEG")
    picture = decoded(content)
    assert picture.size == (1024, 512)
    assert near(picture.getpixel((100, 100)), RED)


@pytest.mark.parametrize("size", [(1, 1), (20_000, 1), (1, 20_000), (3, 2), (256, 256), (5000, 100)])
def test_any_shape_is_prepared(size: tuple[int, int]) -> None:
    picture = decoded(encoded(Image.new("RGB", size, RED), "PNG"))
    assert picture.size == size
    prepared = resize_and_crop(picture, 224, 256)
    assert prepared.size == (224, 224)
    assert near(prepared.getpixel((112, 112)), RED, tolerance=1)


@pytest.mark.parametrize("size", [(100, 60), (60, 100), (2300, 200), (30, 270)])
def test_the_middle_is_what_remains(size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size, BLUE)
    side = min(size)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    picture.paste(RED, (left, top, left + side, top + side))
    prepared = np.asarray(resize_and_crop(picture, 224, 256)).astype(int)
    assert np.abs(prepared[20:-20, 20:-20] - RED).max() <= 2


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 10))
@settings(deadline=None, max_examples=60)
def test_cut_extremes_bounds_the_ratio_and_leaves_the_others(width: int, height: int, ratio: int) -> None:
    picture = Image.new("L", (width, height))
    cut = cut_extremes(picture, ratio)
    assert min(cut.size) == min(width, height)
    assert max(cut.size) == min(max(width, height), ratio * min(width, height))


def test_truncated_jpeg_is_unreadable() -> None:
    content = encoded(noise(400, 300), "JPEG")
    with pytest.raises(PhotoUnreadable, match=r"photo\.jpg"):
        decoded(content[: len(content) // 2])


@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE html><html><body>404</body></html>", b"\xff\xd8\xff", b"GIF89a"])
def test_what_is_no_picture_is_unreadable(content: bytes) -> None:
    with pytest.raises(PhotoUnreadable, match=r"photo\.jpg"):
        decoded(content)


@pytest.mark.parametrize("side", [12_500, 30_000])
def test_a_decompression_bomb_is_unreadable(side: int) -> None:
    content = encoded(Image.new("1", (side, side)), "PNG")
    assert len(content) < 1_000_000
    assert side * side > MAX_PIXELS
    with pytest.raises(PhotoUnreadable, match="pixels"):
        decoded(content)


def test_missing_is_told_from_unreadable(tmp_path: Path) -> None:
    with pytest.raises(PhotoMissing, match=r"gone\.jpg"):
        read_photo(tmp_path / "gone.jpg")
    with pytest.raises(PhotoUnreadable):
        read_photo(tmp_path)
    (tmp_path / "here").write_bytes(b"here")
    assert read_photo(tmp_path / "here") == b"here"


SEEDS = [
    *(encoded(noise(), name) for name in ("JPEG", "PNG", "WEBP", "TIFF")),
    encoded(noise().convert("P"), "GIF"),
    encoded(noise(), "JPEG", exif=Image.Exif().tobytes() + b"II*\0\x08\0\0\0\x05\0"),
]


@given(
    st.sampled_from(SEEDS), st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=12), st.floats(0, 1)
)
@settings(deadline=None, max_examples=200)
def test_damage_never_raises_anything_but_a_photo_problem(
    seed: bytes, changes: list[tuple[float, int]], kept: float
) -> None:
    content = bytearray(seed)
    for place, value in changes:
        content[int(place * place * len(content))] = value  # more often near the front, where the headers are
    try:
        picture = decoded(bytes(content[: int(len(content) * kept**0.2)]))
    except PhotoProblem:
        return
    assert picture.mode == "RGB"
