"""Every kind of picture, and every colour profile, looks as it should."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.photos.pictures import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    Shows,
    encoded,
    halves,
    linear_grey_profile,
    middle,
    near,
    oriented,
    png,
    srgb_profile,
    swapped_profile,
)


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
        ("RGB", "MPO"),
    ],
)
@pytest.mark.parametrize("width", [80, 2000])
def test_every_format_keeps_its_colours(shows: Shows, mode: str, format_: str, width: int) -> None:
    shown = shows(encoded(halves(mode, width, width // 2), format_), "thumb")
    assert shown.size == (min(100, width), min(100, width) // 2)
    assert near(shown.getpixel((shown.width // 5, 10)), RED)
    assert near(shown.getpixel((4 * shown.width // 5, 10)), BLUE)


def test_progressive_jpegs_are_shown_as_plain_ones(shows: Shows) -> None:
    assert near(middle(shows(encoded(Image.new("RGB", (900, 600), GREEN), "JPEG", progressive=True), "small")), GREEN)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_greys_stay_grey(shows: Shows, format_: str) -> None:
    assert near(middle(shows(encoded(Image.new("L", (30, 30), 90), format_))), (90, 90, 90), tolerance=2)


@pytest.mark.parametrize(
    ("content", "colour"),
    [
        (png(16, 0, b"\x5a\x5a"), (90, 90, 90)),
        (png(16, 0, b"\x5a\x5a", transparent=b"\x10\x10"), (90, 90, 90)),
        (png(16, 2, b"\xfa\xfa\x0a\x0a\x0a\x0a"), RED),
        (png(16, 4, b"\0\0\x80\0"), (127, 127, 127)),
        (png(16, 6, b"\xfa\xfa\x0a\x0a\x0a\x0a\xff\xff"), RED),
        (png(1, 0, b"\xff"), WHITE),
        (png(1, 0, b"\x00"), (0, 0, 0)),
        (png(8, 0, b"\x00", transparent=b"\0\0"), WHITE),
        (png(8, 2, b"\0\0\0", transparent=b"\0\0\0\0\0\0"), WHITE),
    ],
    ids=["grey 16", "grey 16 key", "RGB 16", "grey alpha 16", "RGBA 16", "white 1", "black 1", "grey key", "RGB key"],
)
def test_unusual_pngs(shows: Shows, content: bytes, colour: tuple[int, int, int]) -> None:
    assert near(middle(shows(content)), colour, tolerance=4)


@pytest.mark.parametrize(("mode", "colour"), [("RGBA", (0, 0, 0, 0)), ("LA", (0, 0))])
@pytest.mark.parametrize("side", [10, 400])
def test_what_is_transparent_is_white(shows: Shows, mode: str, colour: tuple[int, ...], side: int) -> None:
    assert near(middle(shows(encoded(Image.new(mode, (side, side), colour), "PNG"), "thumb")), WHITE, tolerance=0)


@pytest.mark.parametrize("format_", ["PNG", "GIF"])
def test_a_transparent_palette_entry_is_white(shows: Shows, format_: str) -> None:
    image = Image.new("P", (40, 20), 0)
    image.putpalette([0, 0, 0, *RED])
    image.paste(1, (0, 0, 20, 20))
    shown = shows(encoded(image, format_, transparency=0))
    assert near(shown.getpixel((34, 10)), WHITE)
    assert near(shown.getpixel((5, 10)), RED)


def test_the_colour_behind_what_is_transparent_does_not_bleed(shows: Shows) -> None:
    image = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    image.paste((*WHITE, 255), (0, 0, 201, 400))
    assert np.asarray(shows(encoded(image, "PNG"), "thumb")).min() >= 250


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_of_an_animation_is_shown(shows: Shows, format_: str) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in (RED, GREEN, BLUE)]
    content = encoded(frames[0], format_, save_all=True, append_images=frames[1:], duration=50)
    with Image.open(io.BytesIO(content)) as image:
        assert getattr(image, "n_frames", 1) == 3
    assert near(middle(shows(content)), RED)


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("size", ["square", "thumb", "large"])
def test_exif_orientation_is_undone(shows: Shows, orientation: int, format_: str, size: str) -> None:
    picture = halves(width=360, height=240)
    picture.paste(GREEN, (0, 0, 360, 60))
    content = encoded(picture, format_, exif=oriented(orientation))
    with Image.open(io.BytesIO(content)) as image:
        upright = ImageOps.exif_transpose(image)
    wanted = shows(encoded(upright, "PNG"), size)
    shown = shows(content, size)
    assert shown.size == wanted.size
    assert np.abs(np.asarray(shown).astype(int) - np.asarray(wanted)).mean() < 4


def test_greys_of_16_bits_are_turned_too(shows: Shows) -> None:
    image = Image.fromarray(np.full((10, 30), 90 * 257, dtype=np.uint16))
    assert shows(encoded(image, "PNG", exif=oriented(6))).size == (10, 30)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_an_embedded_profile_is_applied(shows: Shows, format_: str) -> None:
    picture = Image.new("RGB", (40, 40), RED)
    assert near(middle(shows(encoded(picture, format_, icc_profile=srgb_profile()))), RED)
    assert near(middle(shows(encoded(picture, format_, icc_profile=swapped_profile()))), BLUE, tolerance=16)


def test_a_profile_is_applied_beside_alpha_and_palettes(shows: Shows) -> None:
    clear = Image.new("RGBA", (40, 40), (*RED, 255))
    clear.paste((0, 0, 0, 0), (20, 0, 40, 40))
    shown = shows(encoded(clear, "PNG", icc_profile=swapped_profile()))
    assert near(shown.getpixel((5, 20)), BLUE, tolerance=16)
    assert near(shown.getpixel((35, 20)), WHITE, tolerance=2)
    palette = encoded(Image.new("RGB", (40, 40), RED).quantize(2), "PNG", icc_profile=swapped_profile())
    assert near(middle(shows(palette)), BLUE, tolerance=16)


def test_a_profile_for_greys(shows: Shows) -> None:
    shown = shows(encoded(Image.new("L", (40, 40), 55), "PNG", icc_profile=linear_grey_profile()))
    assert near(middle(shown), (128, 128, 128), tolerance=3)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize(
    "profile",
    [b"x", b"\0" * 200, srgb_profile()[:300], linear_grey_profile(), swapped_profile() + b"\0" * 2**22],
    ids=["a byte", "zeros", "truncated", "greys", "huge"],
)
def test_profiles_that_make_no_sense_are_ignored(shows: Shows, mode: str, profile: bytes) -> None:
    if mode == "L" and profile == linear_grey_profile():
        return
    picture = Image.new("RGB", (40, 40), (90, 90, 90)).convert(mode)
    assert near(middle(shows(encoded(picture, "JPEG", icc_profile=profile))), (90, 90, 90), tolerance=4)


def test_a_profile_of_colours_is_ignored_on_greys_and_inks(shows: Shows) -> None:
    for mode, format_ in (("L", "PNG"), ("L", "JPEG"), ("CMYK", "JPEG")):
        picture = Image.new("RGB", (40, 40), (90, 90, 90)).convert(mode)
        assert near(middle(shows(encoded(picture, format_, icc_profile=swapped_profile()))), (90, 90, 90), tolerance=4)
