from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reverse_search.errors import PhotoMissing, PhotoUnreachable
from reverse_search.photos.files import EXTENSIONS, SIZES, PhotoFolders, PhotoRef, safe_extension


def put(root: Path, photo_id: int, *names: str) -> Path:
    folder = root / str(photo_id)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")
    return folder


def test_the_best_size_is_found(tmp_path: Path) -> None:
    folders = PhotoFolders([tmp_path])
    put(tmp_path, 1, "small.jpg", "original.jpg")
    assert folders.find(PhotoRef(1, "jpg")).name == "original.jpg"
    put(tmp_path, 1, "large.jpg")
    assert folders.find(PhotoRef(1, "jpg")).name == "large.jpg"
    put(tmp_path, 1, "medium.png")
    assert folders.find(PhotoRef(1, "jpg")).name == "medium.png"
    put(tmp_path, 1, "medium.jpg")
    assert folders.find(PhotoRef(1, "JPG")).name == "medium.jpg"


def test_the_caller_says_which_sizes_are_good(tmp_path: Path) -> None:
    put(tmp_path, 1, "thumb.jpg", "medium.jpg", "original.jpg")
    folders = PhotoFolders([tmp_path])
    assert folders.find(PhotoRef(1, "jpg"), ("small", "original", "medium")).name == "original.jpg"
    assert folders.find(PhotoRef(1, "jpg"), ("thumb",)).name == "thumb.jpg"
    with pytest.raises(PhotoMissing):
        folders.find(PhotoRef(1, "jpg"), ("small", "large"))


def test_roots_are_looked_at_in_order(tmp_path: Path) -> None:
    put(tmp_path / "second", 1, "medium.jpg")
    folders = PhotoFolders([tmp_path / "first", tmp_path / "second"])
    assert folders.find(PhotoRef(1, "")).parts[-3] == "second"
    put(tmp_path / "first", 1, "small.jpg")
    assert folders.find(PhotoRef(1, "")).parts[-3] == "first"


def test_the_extension_that_the_source_told_may_be_an_unusual_one(tmp_path: Path) -> None:
    put(tmp_path, 1, "medium.avif")
    assert PhotoFolders([tmp_path]).find(PhotoRef(1, "AVIF")).name == "medium.avif"


@pytest.mark.parametrize("extension", ["jpg", "", "/../../secret", "..", "x" * 300, "j\0g"])
def test_missing_whatever_the_extension(tmp_path: Path, extension: str) -> None:
    put(tmp_path, 2, "thumb.jpg")
    (tmp_path / "secret").write_text("secret")
    for photo_id in (1, 2):
        with pytest.raises(PhotoMissing, match="none of 1 folders"):
            PhotoFolders([tmp_path]).find(PhotoRef(photo_id, extension))


@given(st.integers(), st.text(max_size=12), st.lists(st.text(max_size=12), max_size=3))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_outside_is_ever_found(tmp_path: Path, photo_id: int, extension: str, sizes: list[str]) -> None:
    root = tmp_path / "root"
    root.mkdir(exist_ok=True)
    (tmp_path / "medium.jpg").write_bytes(b"x")
    with pytest.raises(PhotoMissing):
        PhotoFolders([root]).find(PhotoRef(photo_id, extension), [*SIZES, "../../medium"])
    with pytest.raises((PhotoMissing, ValueError)):  # a size is the program's own word; NUL can't be in a path
        PhotoFolders([root]).find(PhotoRef(photo_id, extension), sizes)


@pytest.mark.parametrize("size", ["../../medium", "{0}/medium"])
def test_a_size_that_is_a_path_leads_nowhere(tmp_path: Path, size: str) -> None:
    outside = put(tmp_path, 1, "medium.jpg")
    put(tmp_path / "root", 1, "thumb.jpg")
    with pytest.raises(PhotoMissing):
        PhotoFolders([tmp_path / "root"]).find(PhotoRef(1, "jpg"), [size.format(outside), "../../1/medium"])


@pytest.mark.parametrize("linked", ["file", "folder"])
def test_a_link_that_leads_out_is_refused_and_named(tmp_path: Path, linked: str) -> None:
    elsewhere = put(tmp_path / "elsewhere", 1, "medium.jpg")
    if linked == "folder":
        (tmp_path / "root").mkdir()
        (tmp_path / "root" / "1").symlink_to(elsewhere)
    else:
        (put(tmp_path / "root", 1) / "medium.jpg").symlink_to(elsewhere / "medium.jpg")
    with pytest.raises(PhotoMissing, match=r"medium\.jpg is not followed"):
        PhotoFolders([tmp_path / "root"]).find(PhotoRef(1, "jpg"))
    put(tmp_path / "second", 1, "small.jpg")
    found = PhotoFolders([tmp_path / "root", tmp_path / "second"]).find(PhotoRef(1, "jpg"))
    assert found == tmp_path / "second" / "1" / "small.jpg"


def test_a_root_whose_name_begins_the_same_is_another_root(tmp_path: Path) -> None:
    elsewhere = put(tmp_path / "root-2", 1, "medium.jpg")
    (put(tmp_path / "root", 1) / "medium.jpg").symlink_to(elsewhere / "medium.jpg")
    with pytest.raises(PhotoMissing):
        PhotoFolders([tmp_path / "root"]).find(PhotoRef(1, "jpg"))


def test_links_within_a_root_and_roots_that_are_links_are_followed(tmp_path: Path) -> None:
    put(tmp_path / "disk", 1, "medium.jpg")
    (put(tmp_path / "disk", 2) / "medium.jpg").symlink_to("../1/medium.jpg")
    (tmp_path / "root").symlink_to(tmp_path / "disk")
    for photo_id in (1, 2):
        path = PhotoFolders([tmp_path / "root"]).find(PhotoRef(photo_id, "jpg"))
        assert path == tmp_path / "root" / str(photo_id) / "medium.jpg"


def test_links_to_nothing_and_in_circles_are_no_files(tmp_path: Path) -> None:
    folder = put(tmp_path, 1)
    (folder / "medium.jpg").symlink_to("gone.jpg")
    (folder / "large.jpg").symlink_to("large.jpg")
    (folder / "original.jpg").mkdir()
    with pytest.raises(PhotoMissing):
        PhotoFolders([tmp_path]).find(PhotoRef(1, "jpg"))


def test_a_folder_that_cannot_be_read_is_told_from_a_photo_that_is_not_there(tmp_path: Path) -> None:
    unreadable = tmp_path / ("x" * 300)  # a name too long is an error like any other, for root too
    with pytest.raises(PhotoUnreachable, match="can't be read"):
        PhotoFolders([unreadable, tmp_path]).find(PhotoRef(1, "jpg"))
    put(tmp_path, 1, "medium.jpg")
    assert PhotoFolders([unreadable, tmp_path]).find(PhotoRef(1, "jpg")).is_file()


def test_no_roots() -> None:
    with pytest.raises(PhotoMissing, match="none of 0 folders"):
        PhotoFolders([]).find(PhotoRef(1, "jpg"))


@given(st.text(max_size=10))
def test_a_safe_extension_is_letters_and_digits(extension: str) -> None:
    safe = safe_extension(extension)
    assert safe.isascii()
    assert safe.isalnum()
    assert safe == safe.lower()
    assert safe in (extension.lower(), EXTENSIONS[0])
