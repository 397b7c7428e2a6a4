"""The platform's public API, read politely: one request at a time, spaced out, patient with its troubles."""

# Not pyinaturalist: its functions have the API's address built in, and its session always opens a cache on disk.

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from reverse_search import __version__
from reverse_search.errors import BadSettings, SourceError

API_URL = "https://api.inaturalist.org/v1"
PER_PAGE = 200
IDS_PER_REQUEST = 30
MAX_BYTES = 128 * 2**20

_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})
_NO_SUCH_ID = frozenset({404, 422})
_WITHOUT = "`reverse-search demo` without --real needs no network"

Item = dict[str, object]
Params = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast and how patient a client is.

    Attributes:
        interval_s: between the beginnings of two requests; the platform asks for at most 60 a minute.
        attempts: tries for one request.
        first_wait_s: before the second try; doubled each time after.
        longest_wait_s: the most to wait between tries; if the server asks for more, its wish is told and that's all.
        timeout_s: for connecting, and for each wait for bytes.
        total_timeout_s: for one try as a whole.
        sleep: waits.
        clock_s: a clock that doesn't jump.
        now_s: the wall's clock, for servers that name a time to come back.
    """

    interval_s: float = 1.0
    attempts: int = 4
    first_wait_s: float = 2.0
    longest_wait_s: float = 60.0
    timeout_s: float = 30.0
    total_timeout_s: float = 180.0
    sleep: Callable[[float], None] = time.sleep
    clock_s: Callable[[], float] = time.monotonic
    now_s: Callable[[], float] = time.time


class _TryAgain(Exception):
    """This try failed in a way that another one may not."""

    def __init__(self, why: str, wait_s: float | None = None) -> None:
        super().__init__(why)
        self.wait_s = wait_s


class Api:
    """A client for reading. For one thread.

    Args:
        base_url: https, or http to this machine.
        pace: how fast and how patient to be.

    Raises:
        BadSettings: the URL isn't one to ask.
    """

    def __init__(self, base_url: str = API_URL, pace: Pace | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        address = urlsplit(self.base_url)
        is_local = address.hostname in ("127.0.0.1", "::1", "localhost")
        if not address.hostname or not (address.scheme == "https" or (address.scheme == "http" and is_local)):
            raise BadSettings(f"the API can't be asked at {base_url!r}; give an address that begins with https://")
        self._pace = pace or Pace()
        self._began_s: float | None = None
        self._has_answered = False
        headers = {"User-Agent": f"reverse-search/{__version__}", "Accept": "application/json"}
        self._client = httpx.Client(timeout=self._pace.timeout_s, follow_redirects=False, headers=headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def find_taxa(self, name: str) -> list[Item]:
        """Active taxa with a name that begins like `name`.

        Raises:
            SourceError: the API can't be reached, or doesn't answer well.
        """
        return self._get("taxa", {"q": name, "is_active": "true", "per_page": str(PER_PAGE)})

    def get_taxa(self, taxon_ids: Sequence[int]) -> list[Item]:
        """Taxa with their ancestors; ids that don't exist are left out. At most IDS_PER_REQUEST.

        Raises:
            SourceError: the API can't be reached, or doesn't answer well.
        """
        return self._get(f"taxa/{','.join(map(str, taxon_ids))}", {}, empty=_NO_SUCH_ID)

    def list_observations(self, params: Params, id_below: int | None = None) -> list[Item]:
        """At most PER_PAGE observations, newest first. The next page is `id_below` the last one's id.

        Raises:
            SourceError: the API can't be reached, or doesn't answer well.
        """
        page = {"order_by": "id", "order": "desc", "per_page": str(PER_PAGE)}
        below = {} if id_below is None else {"id_below": str(id_below)}
        return self._get("observations", {**params, **page, **below})

    def _get(self, path: str, params: Params, empty: frozenset[int] = frozenset()) -> list[Item]:
        wait_s = self._pace.first_wait_s
        for attempt in range(1, self._pace.attempts + 1):
            self._wait_for_turn()
            try:
                return self._ask(f"{self.base_url}/{path}", params, empty)
            except _TryAgain as again:
                asked_s = again.wait_s or 0.0
                if asked_s > self._pace.longest_wait_s:
                    raise SourceError(
                        f"{self.base_url} {again} and asks for {asked_s:.0f} s of rest; try again after that"
                    ) from again
                if attempt == self._pace.attempts:
                    raise SourceError(
                        f"{self.base_url} {again} ({attempt} tries); try again later, or note that {_WITHOUT}"
                    ) from again
                self._pace.sleep(max(asked_s, min(wait_s, self._pace.longest_wait_s)))
                wait_s *= 2
        raise SourceError(f"{self.base_url} was not asked: no try was allowed")

    def _wait_for_turn(self) -> None:
        if self._began_s is not None:
            rest_s = self._began_s + self._pace.interval_s - self._pace.clock_s()
            if rest_s > 0:
                self._pace.sleep(rest_s)
        self._began_s = self._pace.clock_s()

    def _ask(self, url: str, params: Params, empty: frozenset[int]) -> list[Item]:
        try:
            with self._client.stream("GET", url, params=dict(params)) as response:
                self._has_answered = True
                if response.status_code in empty:
                    return []
                self._judge(response)
                return _results(self._body(response))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            if self._has_answered:
                raise _TryAgain(f"can't be reached any more ({error})") from error
            # A machine without a network should hear so at once, and not after three more tries.
            raise SourceError(f"{self.base_url} can't be reached ({error}); {_WITHOUT}") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _TryAgain(f"broke off ({type(error).__name__}: {error})") from error

    def _judge(self, response: httpx.Response) -> None:
        status = response.status_code
        if status in _WORTH_ANOTHER_TRY:
            raise _TryAgain(f"answered {status}", self._asked_wait_s(response))
        if status != httpx.codes.OK:
            raise SourceError(f"{response.url} answered {status}; open this address in a browser to see why")

    def _asked_wait_s(self, response: httpx.Response) -> float | None:
        """What Retry-After says, in seconds; it may also be a date."""
        text = response.headers.get("Retry-After", "").strip()
        if text.isascii() and text.isdigit():
            return float(text)
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - self._pace.now_s()) if text else None
        except (ValueError, OverflowError):
            return None

    def _body(self, response: httpx.Response) -> bytes:
        began_s = self._pace.clock_s()
        content = bytearray()
        for part in response.iter_bytes():
            content += part
            if len(content) > MAX_BYTES:
                raise SourceError(f"{response.url} answered with more than {MAX_BYTES} bytes; is it the API?")
            if self._pace.clock_s() - began_s > self._pace.total_timeout_s:
                raise _TryAgain(f"took more than {self._pace.total_timeout_s:.0f} s")
        return bytes(content)


def _results(body: bytes) -> list[Item]:
    """The list of things that every answer of the API holds."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _TryAgain("answered with something that is no JSON") from error
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list):
        raise _TryAgain("answered without results")
    return [item for item in results if isinstance(item, dict)]
