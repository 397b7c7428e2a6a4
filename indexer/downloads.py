"""Fetching photos over HTTPS: patient with a slow server, and suspicious of what it sends."""

import io
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx
from PIL import Image, UnidentifiedImageError

from reverse_search.errors import BadSettings, PhotoMissing, PhotoProblem, PhotoUnreachable, PhotoUnreadable

OPEN_DATA_PHOTOS_URL = "https://inaturalist-open-data.s3.amazonaws.com/photos"

_GONE = frozenset({403, 404, 410})  # the bucket answers 403 for what it doesn't have
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP")


@dataclass(frozen=True, slots=True)
class DownloadLimits:
    """How patient and how trusting a download is.

    Attributes:
        attempts: tries for one photo.
        timeout_s: for connecting, and for each wait for bytes.
        total_timeout_s: for one try as a whole; a server may send one byte a second for ever.
        first_wait_s: before the second try; doubled each time after.
        longest_wait_s: the most to wait between tries, whatever the server asks for.
        max_bytes: of one photo.
        redirects: to follow.
    """

    attempts: int = 4
    timeout_s: float = 20
    total_timeout_s: float = 120
    first_wait_s: float = 1
    longest_wait_s: float = 60
    max_bytes: int = 40 * 2**20
    redirects: int = 3


class _TryAgain(Exception):
    """This try failed in a way that another one may not."""

    def __init__(self, why: str, wait_s: float | None = None) -> None:
        super().__init__(why)
        self.wait_s = wait_s


class Downloader:
    """Downloads photos from one base URL. Safe to use from several threads."""

    def __init__(
        self,
        base_url: str = OPEN_DATA_PHOTOS_URL,
        *,
        limits: DownloadLimits | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock_s: Callable[[], float] = time.monotonic,
        now_s: Callable[[], float] = time.time,
        user_agent: str = "reverse-search",
    ) -> None:
        """Prepare, without connecting.

        Args:
            base_url: photos lie at `{base_url}/{photo_id}/{size}.{extension}`. https, or http to this machine.
            limits: how patient and trusting to be.
            sleep: waits between tries.
            clock_s: a clock that doesn't jump.
            now_s: the wall's clock, for servers that name a time to come back.
            user_agent: what to call oneself.

        Raises:
            BadSettings: the URL isn't one that photos may be fetched from.
        """
        self.base_url = base_url.rstrip("/")
        self.limits = limits or DownloadLimits()
        self._base = urlsplit(self.base_url)
        is_local = self._base.hostname in ("127.0.0.1", "::1", "localhost")
        if not self._base.hostname or not (self._base.scheme == "https" or (self._base.scheme == "http" and is_local)):
            raise BadSettings(f"photos can't be fetched from {base_url!r}; give an address that begins with https://")
        self._sleep, self._clock_s, self._now_s = sleep, clock_s, now_s
        # Proxies and netrc of the environment are followed, as operators expect; redirects are judged below.
        # Pictures don't compress, and a compressed answer could grow without bound.
        headers = {"User-Agent": user_agent, "Accept-Encoding": "identity"}
        self._client = httpx.Client(timeout=self.limits.timeout_s, follow_redirects=False, headers=headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def fetch(self, photo_id: int, size: str, extension: str, to: Path) -> Path:
        """Download one photo to `to`, which appears whole or not at all.

        Raises:
            PhotoMissing: the server has no such photo.
            PhotoUnreadable: it sent something that is no picture, or is too large.
            PhotoUnreachable: it didn't answer well, however often it was asked.
        """
        url = f"{self.base_url}/{photo_id:d}/{size}.{extension}"
        wait_s = self.limits.first_wait_s
        for attempt in range(1, self.limits.attempts + 1):
            try:
                content = self._get(url)
            except _TryAgain as again:
                if attempt == self.limits.attempts:
                    raise PhotoUnreachable(f"{url}: {again} ({attempt} tries)") from again
                self._sleep(min(again.wait_s if again.wait_s is not None else wait_s, self.limits.longest_wait_s))
                wait_s *= 2
            else:
                check_picture(content, url)
                write_whole(to, content)
                return to
        raise PhotoUnreachable(f"{url}: no try was allowed")

    def _get(self, url: str) -> bytes:
        for _ in range(self.limits.redirects + 1):
            try:
                with self._client.stream("GET", url) as response:
                    if response.has_redirect_location:
                        url = self._redirected(url, response)
                        continue
                    self._judge(url, response)
                    return self._body(url, response)
            except httpx.TransportError as error:
                raise _TryAgain(f"{type(error).__name__}: {error}") from error
        raise PhotoUnreachable(f"{url}: more than {self.limits.redirects} redirects")

    def _redirected(self, url: str, response: httpx.Response) -> str:
        """Where a redirect leads: to the same server, or to another over https."""
        try:
            target = httpx.URL(url).join(response.headers["Location"])
        except httpx.InvalidURL as error:
            raise PhotoUnreachable(f"{url} redirects to something that is no address") from error
        same_place = (target.scheme, target.host, target.port) == (
            self._base.scheme,
            self._base.hostname,
            self._base.port,
        )
        if not same_place and not (target.scheme == "https" == self._base.scheme):
            raise PhotoUnreachable(f"{url} redirects to {target.scheme}://{target.host}, which isn't followed")
        return str(target)

    def _judge(self, url: str, response: httpx.Response) -> None:
        status = response.status_code
        if status in _GONE:
            raise PhotoMissing(f"{url}: the server answered {status}")
        if status in _WORTH_ANOTHER_TRY:
            raise _TryAgain(f"the server answered {status}", self._asked_wait_s(response))
        if status != httpx.codes.OK:
            raise PhotoUnreachable(f"{url}: the server answered {status}")

    def _asked_wait_s(self, response: httpx.Response) -> float | None:
        """What Retry-After says, in seconds; it may also be a date."""
        text = response.headers.get("Retry-After", "").strip()
        if text.isdecimal():
            return float(text)
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - self._now_s()) if text else None
        except ValueError:
            return None

    def _body(self, url: str, response: httpx.Response) -> bytes:
        """The whole body. The stated length is only a hint: what arrives is counted."""
        began_s = self._clock_s()
        content = bytearray()
        for part in response.iter_raw():
            content += part
            if len(content) > self.limits.max_bytes:
                raise PhotoUnreadable(f"{url}: more than {self.limits.max_bytes} bytes")
            if self._clock_s() - began_s > self.limits.total_timeout_s:
                raise _TryAgain(f"took more than {self.limits.total_timeout_s} s")
        return bytes(content)


class Breaker:
    """Gives up on a server after several photos in a row couldn't be reached. Safe to use from several threads."""

    def __init__(self, allowed_in_a_row: int) -> None:
        self._allowed = allowed_in_a_row
        self._in_a_row = 0
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether it has given up."""
        return self._in_a_row >= self._allowed

    def saw(self, problem: PhotoProblem | None) -> None:
        """Hear how a download ended. An answer, even a bad one, shows that the server can be reached."""
        with self._lock:
            if isinstance(problem, PhotoUnreachable):
                self._in_a_row += 1
            elif not self.is_open:
                self._in_a_row = 0


def check_picture(content: bytes, where: str) -> None:
    """Raise PhotoUnreadable unless the bytes are a whole picture of a kind the platform has."""
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PhotoUnreadable(f"{where}: not a whole picture ({len(content)} bytes)") from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that others see whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        aside.write_bytes(content)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
