import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from indexer.downloads import OPEN_DATA_PHOTOS_URL, Downloader, DownloadLimits
from indexer.photos import PhotoRef, PhotoStore, photo_source
from reverse_search.errors import BadSettings, PhotoMissing, PhotoProblem, PhotoUnreachable, PhotoUnreadable
from reverse_search.store.migrate import migrate
from reverse_search.store.photos import add_photo_root
from reverse_search.store.session import default_url, open_database
from tests.support.store_photo_server import Answer, PhotoServer, photo_server, picture, says

LIMITS = DownloadLimits(attempts=3, timeout_s=0.4, total_timeout_s=5, max_bytes=50_000)


@pytest.fixture
def server() -> Iterator[PhotoServer]:
    with photo_server() as running:
        yield running


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def downloader(server: PhotoServer, waits: list[float]) -> Iterator[Downloader]:
    with Downloader(server.url, limits=LIMITS, sleep=waits.append, now_s=lambda: 1_700_000_000.0) as made:
        yield made


def put(root: Path, photo_id: int, *names: str) -> Path:
    folder = root / str(photo_id)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")
    return folder


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


# Local files


def test_folders_are_looked_at_in_order_the_one_for_downloads_last(tmp_path: Path) -> None:
    store = PhotoStore([tmp_path / "first", tmp_path / "second"], download_dir=tmp_path / "photos")
    with pytest.raises(PhotoMissing, match="none of 3 folders"):
        store.find(PhotoRef(1, ""))
    for name in ("photos", "second", "first"):
        put(tmp_path / name, 1, "medium.jpg")
        assert store.find(PhotoRef(1, "")).parts[-3] == name


def test_a_local_photo_is_not_downloaded(server: PhotoServer, downloader: Downloader, tmp_path: Path) -> None:
    put(tmp_path / "named", 1, "small.png")
    store = PhotoStore([tmp_path / "named"], downloader=downloader, download_dir=tmp_path / "photos")
    assert store.fetch(PhotoRef(1, "jpg")) == tmp_path / "named" / "1" / "small.png"
    assert not server.asked


def test_an_unsafe_extension_is_not_asked_for(server: PhotoServer, downloader: Downloader, tmp_path: Path) -> None:
    server.answers["/photos/7/medium.jpg"] = [says(200, picture())]
    store = PhotoStore([], downloader=downloader, download_dir=tmp_path)
    assert store.fetch(PhotoRef(7, "/../../x")) == tmp_path / "7" / "medium.jpg"


def test_a_folder_that_cannot_be_read_does_not_end_the_job(downloader: Downloader, tmp_path: Path) -> None:
    store = PhotoStore([tmp_path / ("x" * 300)], downloader=downloader, download_dir=tmp_path / "photos")
    put(tmp_path / "photos", 2, "medium.jpg")
    (_, first), (_, second) = store.fetch_many([PhotoRef(1, "jpg"), PhotoRef(2, "jpg")])
    assert isinstance(first, PhotoUnreachable)
    assert second == tmp_path / "photos" / "2" / "medium.jpg"


def test_without_a_downloader_nothing_is_fetched(tmp_path: Path) -> None:
    ((ref, found),) = PhotoStore([], download_dir=tmp_path).fetch_many([PhotoRef(1, "jpg")])
    assert ref == PhotoRef(1, "jpg")
    assert isinstance(found, PhotoMissing)


# Downloads


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_photo_comes_whole(server: PhotoServer, downloader: Downloader, tmp_path: Path, kind: str) -> None:
    server.answers["/photos/7/medium.jpg"] = [says(200, picture(kind), Content_Type="text/html")]
    store = PhotoStore([], downloader=downloader, download_dir=tmp_path)
    path = store.fetch(PhotoRef(7, "JPG"))
    assert path == tmp_path / "7" / "medium.jpg"
    assert path.read_bytes() == picture(kind)
    assert store.fetch(PhotoRef(7, "jpg")) == path
    assert server.asked["/photos/7/medium.jpg"] == 1
    assert files_below(tmp_path) == [path]


@pytest.mark.parametrize("status", [403, 404, 410])
def test_gone(server: PhotoServer, downloader: Downloader, tmp_path: Path, status: int) -> None:
    server.answers["/photos/7/medium.jpg"] = [says(status)]
    with pytest.raises(PhotoMissing, match=str(status)):
        downloader.fetch(7, "medium", "jpg", tmp_path / "x.jpg")
    assert server.asked["/photos/7/medium.jpg"] == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_failure_is_waited_out(
    server: PhotoServer, downloader: Downloader, waits: list[float], tmp_path: Path, status: int
) -> None:
    server.answers["/photos/7/medium.jpg"] = [says(status), says(status), says(200, picture())]
    assert downloader.fetch(7, "medium", "jpg", tmp_path / "x.jpg").is_file()
    assert waits == [1, 2]


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        ("7", 7),
        ("100000", 60),
        ("Tue, 14 Nov 2023 22:13:30 GMT", 10),
        ("Tue, 14 Nov 2000 00:00:00 GMT", 0),
        ("soon", 1),
    ],
)
def test_retry_after(
    server: PhotoServer, downloader: Downloader, waits: list[float], tmp_path: Path, asked: str, waited: float
) -> None:
    server.answers["/photos/7/medium.jpg"] = [says(429, Retry_After=asked), says(200, picture())]
    assert downloader.fetch(7, "medium", "jpg", tmp_path / "x.jpg").is_file()
    assert waits == [waited]


def test_a_lasting_failure(server: PhotoServer, downloader: Downloader, waits: list[float], tmp_path: Path) -> None:
    server.answers["/photos/7/medium.jpg"] = [says(500)]
    with pytest.raises(PhotoUnreachable, match=r"answered 500 \(3 tries\)"):
        downloader.fetch(7, "medium", "jpg", tmp_path / "x.jpg")
    assert len(waits) == 2
    assert files_below(tmp_path) == []


@pytest.mark.parametrize("status", [400, 401, 204, 206, 418])
def test_an_answer_that_makes_no_sense_is_not_asked_for_again(
    server: PhotoServer, downloader: Downloader, waits: list[float], tmp_path: Path, status: int
) -> None:
    server.answers["/photos/7/medium.jpg"] = [says(status)]
    with pytest.raises(PhotoUnreachable, match=str(status)):
        downloader.fetch(7, "medium", "jpg", tmp_path / "x.jpg")
    assert waits == []


def _truncated(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(picture())))
    handler.end_headers()
    handler.wfile.write(picture()[:100])


def test_truncated_then_whole(server: PhotoServer, downloader: Downloader, tmp_path: Path) -> None:
    server.answers["/photos/7/medium.jpg"] = [_truncated, says(200, picture())]
    assert downloader.fetch(7, "medium", "jpg", tmp_path / "x.jpg").read_bytes() == picture()


def test_truncated_for_ever(server: PhotoServer, downloader: Downloader, tmp_path: Path) -> None:
    server.answers["/photos/7/medium.jpg"] = [_truncated]
    with pytest.raises(PhotoUnreachable):
        downloader.fetch(7, "medium", "jpg", tmp_path / "x.jpg")
    assert files_below(tmp_path) == []


def _silent(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(1)


def _drips(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"x")
        time.sleep(0.02)


def test_silence_is_not_waited_for(server: PhotoServer, tmp_path: Path) -> None:
    server.answers["/photos/7/medium.jpg"] = [_silent]
    limits = DownloadLimits(attempts=1, timeout_s=0.1)
    with Downloader(server.url, limits=limits) as downloader, pytest.raises(PhotoUnreachable, match="Timeout"):
        downloader.fetch(7, "medium", "jpg", tmp_path / "x.jpg")


def test_a_server_that_sends_byte_by_byte_is_left(server: PhotoServer, tmp_path: Path) -> None:
    server.answers["/photos/7/medium.jpg"] = [_drips]
    limits = DownloadLimits(attempts=1, timeout_s=5, total_timeout_s=0.2)
    began = time.monotonic()
    with Downloader(server.url, limits=limits) as downloader, pytest.raises(PhotoUnreachable, match="took more than"):
        downloader.fetch(7, "medium", "jpg", tmp_path / "x.jpg")
    assert time.monotonic() - began < 1.5


def _endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(10_000):
        handler.wfile.write(b"x" * 10_000)


def test_too_large(server: PhotoServer, downloader: Downloader, tmp_path: Path) -> None:
    server.answers["/photos/7/medium.jpg"] = [_endless]
    with pytest.raises(PhotoUnreadable, match="more than 50000 bytes"):
        downloader.fetch(7, "medium", "jpg", tmp_path / "x.jpg")


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Sorry</html>", picture()[:300], b"\xff\xd8\xff" + b"x" * 100, picture("BMP"), picture("TIFF")],
    ids=["empty", "html", "half", "magic only", "bmp", "tiff"],
)
def test_no_picture(server: PhotoServer, downloader: Downloader, tmp_path: Path, body: bytes) -> None:
    server.answers["/photos/7/medium.jpg"] = [says(200, body, Content_Type="image/jpeg")]
    with pytest.raises(PhotoUnreadable):
        downloader.fetch(7, "medium", "jpg", tmp_path / "x.jpg")
    assert files_below(tmp_path) == []


def test_redirects_on_the_same_server(server: PhotoServer, downloader: Downloader, tmp_path: Path) -> None:
    server.answers["/photos/7/medium.jpg"] = [says(302, Location="/elsewhere/7.jpg")]
    server.answers["/elsewhere/7.jpg"] = [says(200, picture())]
    assert downloader.fetch(7, "medium", "jpg", tmp_path / "x.jpg").is_file()


@pytest.mark.parametrize(
    "location",
    [
        "http://localhost:1/x.jpg",
        "http://example.org/x.jpg",
        "https://example.org/x.jpg",
        "file:///etc/passwd",
        "http://[bad",
    ],
)
def test_redirects_elsewhere(server: PhotoServer, downloader: Downloader, tmp_path: Path, location: str) -> None:
    server.answers["/photos/7/medium.jpg"] = [says(301, Location=location)]
    with pytest.raises(PhotoUnreachable, match="redirects to"):
        downloader.fetch(7, "medium", "jpg", tmp_path / "x.jpg")


def test_redirects_in_a_circle(server: PhotoServer, downloader: Downloader, tmp_path: Path) -> None:
    server.answers["/photos/7/medium.jpg"] = [says(307, Location="/photos/7/medium.jpg")]
    with pytest.raises(PhotoUnreachable, match="more than 3 redirects"):
        downloader.fetch(7, "medium", "jpg", tmp_path / "x.jpg")


@pytest.mark.parametrize(
    "url", ["http://example.org/photos", "ftp://127.0.0.1/", "", "photos", "https://", "file:///x"]
)
def test_urls_that_photos_do_not_come_from(url: str) -> None:
    with pytest.raises(BadSettings, match="https://"):
        Downloader(url)


# Many


def _slow(answer: Answer, seconds: float) -> Answer:
    def slowly(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        answer(handler)

    return slowly


def test_many_come_in_order_and_few_at_a_time(server: PhotoServer, downloader: Downloader, tmp_path: Path) -> None:
    refs = [PhotoRef(n, "jpg") for n in range(1, 41)]
    for ref in refs:
        answer = says(404) if ref.photo_id % 5 == 0 else says(200, picture())
        server.answers[f"/photos/{ref.photo_id}/medium.jpg"] = [_slow(answer, 0.03 if ref.photo_id % 4 == 1 else 0)]
    store = PhotoStore([], downloader=downloader, download_dir=tmp_path, workers=3)
    found = list(store.fetch_many(iter(refs)))
    assert [ref for ref, _ in found] == refs
    assert [isinstance(what, PhotoMissing) for _, what in found] == [ref.photo_id % 5 == 0 for ref in refs]
    assert 1 < server.most_at_once <= 3


def test_a_consumer_that_stops_early_stops_the_downloads(
    server: PhotoServer, downloader: Downloader, tmp_path: Path
) -> None:
    store = PhotoStore([], downloader=downloader, download_dir=tmp_path, workers=2)
    found = store.fetch_many(PhotoRef(n, "jpg") for n in range(1, 1_000))
    next(found)
    found.close()  # type: ignore[attr-defined]
    assert sum(server.asked.values()) <= 10


def test_an_unreachable_server_is_given_up(waits: list[float], tmp_path: Path) -> None:
    limits = DownloadLimits(attempts=2, timeout_s=0.5)
    with Downloader("http://127.0.0.1:9/photos", limits=limits, sleep=waits.append) as downloader:
        store = PhotoStore([], downloader=downloader, download_dir=tmp_path, workers=2, unreachable_in_a_row=4)
        put(tmp_path, 500, "medium.jpg")
        found = dict(store.fetch_many(PhotoRef(n, "jpg") for n in range(1, 501)))
    problems = [what for what in found.values() if isinstance(what, PhotoProblem)]
    assert all(isinstance(problem, PhotoUnreachable) for problem in problems)
    assert len(problems) == 499
    assert len(waits) <= 6
    assert "wasn't tried" in str(problems[-1])
    assert found[PhotoRef(500, "jpg")] == tmp_path / "500" / "medium.jpg"


def test_answers_between_failures_keep_it_going(server: PhotoServer, downloader: Downloader, tmp_path: Path) -> None:
    for n in range(1, 13):
        server.answers[f"/photos/{n}/medium.jpg"] = [says(404 if n % 3 == 0 else 400)]
    store = PhotoStore([], downloader=downloader, download_dir=tmp_path, workers=1, unreachable_in_a_row=3)
    list(store.fetch_many(PhotoRef(n, "jpg") for n in range(1, 13)))
    assert len(server.asked) == 12


def test_the_source_of_a_home(tmp_path: Path) -> None:
    url = default_url(tmp_path)
    migrate(url)
    put(tmp_path / "named", 3, "medium.jpg")
    put(tmp_path / "photos", 4, "medium.jpg")
    with open_database(url) as database:
        with database.write() as connection:
            add_photo_root(connection, tmp_path / "named")
        store = photo_source(tmp_path, database, OPEN_DATA_PHOTOS_URL)
    assert store.find(PhotoRef(3, "jpg")).parts[-3] == "named"
    assert store.find(PhotoRef(4, "jpg")).parts[-3] == "photos"
