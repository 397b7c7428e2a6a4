"""What photos say beside the picture stays behind."""

import io
from pathlib import Path

import pytest
from PIL import Image

from reverse_search.photos.rendering import SHOWN_SIZES, render
from tests.photos.pictures import SECRET, encoded, halves, markers, noise, secretive

JFIF, TABLES, BASELINE, HUFFMAN, SCAN = 0xE0, 0xDB, 0xC0, 0xC4, 0xDA


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("size", SHOWN_SIZES)
def test_no_metadata_gets_through(tmp_path: Path, format_: str, size: str) -> None:
    path = tmp_path / "medium.jpg"
    path.write_bytes(secretive(format_))
    assert SECRET in path.read_bytes()
    shown = render(path, size)
    assert SECRET not in shown
    assert SECRET.decode().encode("utf-16-be") not in shown
    # Nothing but a JFIF head without a resolution, tables, a baseline frame and its one scan.
    assert markers(shown) == [JFIF, TABLES, TABLES, BASELINE, HUFFMAN, HUFFMAN, HUFFMAN, HUFFMAN, SCAN]
    with Image.open(io.BytesIO(shown)) as image:
        assert not image.getexif()
        assert not image.getexif().get_ifd(0x8825)
        assert set(image.info) == {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert image.info["jfif_density"] in {(0, 0), (1, 1)}


def test_a_picture_that_is_shown_in_its_own_size_is_stripped_too(tmp_path: Path) -> None:
    path = tmp_path / "medium.jpg"
    path.write_bytes(secretive("JPEG", noise(500, 375)))
    assert SECRET not in render(path, "medium")
    assert SECRET not in render(path, "large")


def test_the_second_picture_of_a_file_is_left_behind(tmp_path: Path) -> None:
    second = noise(64, 48)
    content = encoded(halves(), "MPO", save_all=True, append_images=[second])
    path = tmp_path / "medium.jpg"
    path.write_bytes(content)
    assert markers(render(path, "large"))[-1] == SCAN
    assert len(render(path, "large")) < len(encoded(halves(), "JPEG")) * 1.5
