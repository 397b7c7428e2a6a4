"""Whatever lies in a file, rendering it gives a JPEG or a PhotoProblem."""

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from reverse_search.errors import PhotoMissing, PhotoProblem, PhotoUnreadable
from reverse_search.photos.rendering import MAX_PIXELS, SHOWN_SIZES, render
from tests.photos.pictures import encoded, halves, noise, secretive

SIZES = st.sampled_from(sorted(SHOWN_SIZES))
WARNS = b"Exif\0\0II*\0\x08\0\0\0\x05\0"  # five entries are promised, none follows
SEEDS = [
    *(secretive(format_) for format_ in ("JPEG", "PNG", "GIF", "WEBP")),
    encoded(noise(300, 200), "JPEG", progressive=True),
    encoded(noise(), "JPEG", exif=WARNS),
    encoded(noise().convert("CMYK"), "JPEG"),
    encoded(noise(), "MPO", save_all=True, append_images=[noise()]),
    encoded(noise().convert("RGBA"), "PNG"),
    encoded(noise().quantize(8), "PNG", transparency=b"\0\x80"),
    encoded(halves().convert("RGB"), "GIF", save_all=True, append_images=[noise(80, 40)]),
    encoded(noise(), "WEBP", save_all=True, append_images=[noise()], lossless=True),
]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos") / "7"
    folder.mkdir()
    return folder / "medium.jpg"


def render_or_problem(path: Path, content: bytes, size: str) -> None:
    path.write_bytes(content)
    try:
        shown = render(path, size)
    except PhotoProblem as problem:
        assert str(problem).startswith("7/medium.jpg ")  # noqa: PT017
        assert str(path.parent.parent) not in str(problem)  # noqa: PT017
        return
    with Image.open(io.BytesIO(shown)) as image:
        image.load()
        assert max(image.size) <= SHOWN_SIZES[size]


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF"]),
    SIZES,
)
@settings(deadline=None, max_examples=200)
def test_random_bytes(path: Path, content: bytes, start: bytes, size: str) -> None:
    render_or_problem(path, start + content, size)


@given(
    st.sampled_from(SEEDS), st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 7)), min_size=1, max_size=12), SIZES
)
@settings(deadline=None, max_examples=400)
def test_flipped_bits(path: Path, seed: bytes, flips: list[tuple[float, int]], size: str) -> None:
    content = bytearray(seed)
    for place, bit in flips:
        content[int(place * place * len(content))] ^= 1 << bit  # more often near the front, where the headers are
    render_or_problem(path, bytes(content), size)


@given(st.sampled_from(SEEDS), st.floats(0, 1), st.integers(0, 20), SIZES)
@settings(deadline=None, max_examples=200)
def test_truncated_and_prolonged(path: Path, seed: bytes, kept: float, zeros: int, size: str) -> None:
    render_or_problem(path, seed[: int(len(seed) * kept)] + b"\0" * zeros, size)


@given(st.sampled_from(SEEDS), st.data(), SIZES)
@settings(deadline=None, max_examples=200)
def test_a_piece_moved_elsewhere(path: Path, seed: bytes, data: st.DataObject, size: str) -> None:
    first, second, third = sorted(data.draw(st.integers(0, len(seed))) for _ in range(3))
    render_or_problem(path, seed[:first] + seed[second:third] + seed[first:second] + seed[third:], size)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_seeds_themselves_are_shown(path: Path, seed: bytes) -> None:
    path.write_bytes(seed)
    assert render(path, "thumb").startswith(b"\xff\xd8")


def test_broken_metadata_is_no_reason_not_to_show_a_photo(path: Path) -> None:
    path.write_bytes(encoded(noise(), "JPEG", exif=WARNS))
    assert render(path, "thumb")


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "GIF", "WEBP"])
@pytest.mark.parametrize("size", ["thumb", "large"])
def test_half_a_picture_is_unreadable(path: Path, format_: str, size: str) -> None:
    content = encoded(noise(800, 600), format_)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(PhotoUnreadable, match=r"^7/medium\.jpg is not a picture that can be read: .*"):
        render(path, size)


@pytest.mark.parametrize(
    "content",
    [b"", b"<!DOCTYPE html><html><body>404</body></html>", b"\xff\xd8\xff", b"%!PS-Adobe-3.0 EPSF-3.0\n"]
    + [encoded(halves(), format_) for format_ in ("BMP", "TIFF", "EPS", "ICO")],
    ids=["empty", "html", "magic only", "ps", "bmp", "tiff", "eps", "ico"],
)
def test_what_is_no_picture_of_the_platform_is_unreadable(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(PhotoUnreadable, match=r"^7/medium\.jpg is not a JPEG, PNG, GIF or WebP picture$"):
        render(path, "medium")


@pytest.mark.parametrize("side", [10_000, 12_500, 30_000])
def test_a_decompression_bomb_is_unreadable(path: Path, side: int) -> None:
    content = encoded(Image.new("1", (side, side)), "PNG")
    assert len(content) < 1_000_000
    path.write_bytes(content)
    if side * side <= MAX_PIXELS:  # as much as embedding takes, though Pillow by itself would warn
        assert render(path, "thumb")
        return
    with pytest.raises(PhotoUnreadable, match=f"has more than {MAX_PIXELS} pixels"):
        render(path, "thumb")


def test_memory_that_runs_out_is_told_apart(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def runs_out(*_: object, **__: object) -> None:
        raise MemoryError

    path.write_bytes(encoded(halves(), "PNG"))
    monkeypatch.setattr(Image.Image, "resize", runs_out)
    with pytest.raises(PhotoUnreadable, match="more memory"):
        render(path, "thumb")


def test_missing_is_told_from_unreadable(tmp_path: Path) -> None:
    with pytest.raises(PhotoMissing, match=r"/gone\.jpg is not there"):
        render(tmp_path / "gone.jpg", "medium")
    with pytest.raises(PhotoUnreadable, match="can't be read") as caught:
        render(tmp_path, "medium")
    assert str(tmp_path) not in str(caught.value)
