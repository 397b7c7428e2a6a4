import math
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from indexer.downloads import check_picture
from reverse_search.errors import BadRequest
from reverse_search.photos import rendering
from reverse_search.photos.rendering import SHOWN_SIZES, best_sizes_for, render
from tests.photos.pictures import BLUE, RED, Shows, encoded, halves, noise


@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
@pytest.mark.parametrize(
    ("size", "landscape", "portrait"),
    [
        ("square", (75, 75), (75, 75)),
        ("thumb", (100, 75), (75, 100)),
        ("small", (240, 180), (180, 240)),
        ("medium", (500, 375), (375, 500)),
        ("large", (1024, 768), (768, 1024)),
    ],
)
def test_the_sizes(
    shows: Shows, format_: str, size: str, landscape: tuple[int, int], portrait: tuple[int, int]
) -> None:
    assert shows(encoded(Image.new("RGB", (2048, 1536)), format_), size).size == landscape
    assert shows(encoded(Image.new("RGB", (1200, 1600)), format_), size).size == portrait


@given(st.integers(1, 1500), st.integers(1, 1500), st.sampled_from(sorted(SHOWN_SIZES)))
@settings(deadline=None, max_examples=60)
def test_no_shape_is_enlarged_or_distorted(shows: Shows, width: int, height: int, size: str) -> None:
    for format_ in ("JPEG", "PNG"):
        shown = shows(encoded(Image.new("L", (width, height)), format_), size).size
        assert max(shown) == min(SHOWN_SIZES[size], min(width, height) if size == "square" else max(width, height))
        if size == "square":
            assert shown[0] == shown[1]
        else:
            scale = max(shown) / max(width, height)
            assert math.dist(shown, (max(1, width * scale), max(1, height * scale))) <= 1.5


@pytest.mark.parametrize(("size", "shown"), [((20_000, 1), (100, 1)), ((1, 20_000), (1, 100)), ((1, 1), (1, 1))])
def test_extreme_shapes(shows: Shows, size: tuple[int, int], shown: tuple[int, int]) -> None:
    content = encoded(Image.new("RGB", size, RED), "PNG")
    assert shows(content, "thumb").size == shown
    assert shows(content, "square").size == (1, 1)


@pytest.mark.parametrize("size", [(900, 300), (300, 900), (60, 20)])
def test_a_square_is_the_middle(shows: Shows, size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size, BLUE)
    side = min(size)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    picture.paste(RED, (left, top, left + side, top + side))
    square = np.asarray(shows(encoded(picture, "PNG"), "square")).astype(int)
    assert square.shape == (min(75, side), min(75, side), 3)
    assert np.abs(square[2:-2, 2:-2] - RED).max() <= 12


@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
@pytest.mark.parametrize("size", ["thumb", "medium"])
def test_a_small_picture_is_a_small_version_of_the_same(shows: Shows, format_: str, size: str) -> None:
    large = noise(16, 12).resize((1600, 1200), Image.Resampling.BICUBIC)
    shown = shows(encoded(large, format_), size)
    wanted = np.asarray(large.resize(shown.size, Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(np.asarray(shown).astype(int) - wanted).mean() < 6


def test_large_jpegs_are_decoded_at_reduced_scale(shows: Shows, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[tuple[int, int]] = []
    load = JpegImageFile.load

    def noted(image: JpegImageFile) -> Any:
        decoded.append(image.size)
        return load(image)

    content = encoded(Image.new("RGB", (4096, 2048), RED), "JPEG")
    monkeypatch.setattr(JpegImageFile, "load", noted)
    for size, reduced in {"thumb": 512, "small": 512, "medium": 512, "large": 1024, "square": 512}.items():
        decoded.clear()
        shows(content, size)
        assert decoded[0] == (reduced, reduced // 2)


@pytest.mark.parametrize("size", ["", "original", "LARGE", "../large"])
def test_an_unknown_size_is_refused(tmp_path: Path, size: str) -> None:
    with pytest.raises(BadRequest, match="square, thumb, small, medium, large"):
        render(tmp_path / "medium.jpg", size)
    with pytest.raises(BadRequest, match="choose one"):
        best_sizes_for(size)


STORED = {**SHOWN_SIZES, "original": 2048}


@pytest.mark.parametrize("size", SHOWN_SIZES)
def test_the_smallest_stored_size_that_is_large_enough_comes_first(size: str) -> None:
    best = best_sizes_for(size)
    assert sorted(best) == sorted(STORED)
    # A square needs a picture whose shorter side is large enough; one of 3 to 1 counts as usual.
    enough = [s for s in STORED if s == size or STORED[s] > SHOWN_SIZES[size] * (3 if size == "square" else 1)]
    larger, smaller = best[: len(enough)], best[len(enough) :]
    assert list(larger) == sorted(enough, key=STORED.__getitem__)
    assert list(smaller) == sorted(set(STORED) - set(enough), key=STORED.__getitem__, reverse=True)


def test_the_formats_are_those_that_are_downloaded() -> None:
    for format_ in rendering.FORMATS:
        check_picture(encoded(halves(), format_), "here")


def test_threads_leave_the_warnings_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "medium.jpg"
    path.write_bytes(encoded(noise(200, 150), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x05\0"))
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as threads:
        shown = list(threads.map(lambda _: render(path, "small"), range(200)))
    assert set(shown) == {render(path, "small")}
    assert list(warnings.filters) == before
    with pytest.warns(UserWarning, match="still heard"):
        warnings.warn("still heard", stacklevel=1)
