"""The server as it is started: its own processes, real sockets."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import urlopen

import pytest

from reverse_search.errors import BadSettings
from web.server import LOOPBACK, listen, trusted_hosts, url_of


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_a_taken_port_is_a_clear_message(taken: int) -> None:
    with pytest.raises(BadSettings, match=rf"port {taken} of 127\.0\.0\.1 can't be used .*--port"):
        listen("127.0.0.1", taken)


def test_the_next_free_port_is_taken_where_any_will_do(taken: int) -> None:
    with listen("127.0.0.1", taken, or_next_free=True) as listener:
        assert taken < listener.getsockname()[1] <= taken + 20
        assert url_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_host_that_is_not_this_machine_is_a_clear_message() -> None:
    with pytest.raises(BadSettings, match=r"192\.0\.2\.1"):
        listen("192.0.2.1", 0)


def test_hosts_that_are_answered() -> None:
    assert trusted_hosts("127.0.0.1", None) == LOOPBACK
    assert trusted_hosts("0.0.0.0", None) is None
    assert trusted_hosts("127.0.0.1", "search.example, www.example") == ("search.example", "www.example")
    assert trusted_hosts("127.0.0.1", "*") is None


@pytest.fixture
def started(demo_home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "indexer", "--home", str(demo_home), "serve", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert server.stdout is not None
    line = server.stdout.readline()
    assert "The site is at http://127.0.0.1:" in line
    yield server, line.split()[4]
    if server.poll() is None:
        server.terminate()
    server.communicate(timeout=40)


def get(url: str) -> str:
    until = time.monotonic() + 30
    while True:
        try:
            with urlopen(url, timeout=30) as answer:  # a loopback address
                text: str = answer.read().decode()
                return text
        except ConnectionError:
            assert time.monotonic() < until


@pytest.mark.slow
def test_it_answers_several_at_once_and_stops_when_told(started: tuple[subprocess.Popen[str], str]) -> None:
    server, url = started
    assert json.loads(get(f"{url}/api/v1/status"))["generation"]["photos"] > 1000
    with ThreadPoolExecutor(8) as clients:
        pages = list(clients.map(get, [f"{url}/taxa/47126"] * 24))
    assert all("Looks like" in page for page in pages)
    server.send_signal(signal.SIGTERM)
    _, errors = server.communicate(timeout=40)
    assert server.returncode == 0, errors
    assert "Traceback" not in errors


@pytest.mark.slow
def test_workers_never_load_torch(started: tuple[subprocess.Popen[str], str]) -> None:
    server, url = started
    get(f"{url}/taxa/47126")
    tasks = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    if not tasks.is_file():
        pytest.skip("needs /proc")
    workers = tasks.read_text().split()
    assert len(workers) == 2
    for worker in workers:
        assert "libtorch" not in Path(f"/proc/{worker}/maps").read_text()


@pytest.mark.slow
def test_a_worker_that_dies_is_replaced(started: tuple[subprocess.Popen[str], str]) -> None:
    server, url = started
    get(url)
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    if not children.is_file():
        pytest.skip("needs /proc")
    before = children.read_text().split()
    os.kill(int(before[0]), signal.SIGKILL)
    until = time.monotonic() + 20
    while len(now := set(children.read_text().split()) - {before[0]}) < 2:
        assert time.monotonic() < until, now
        time.sleep(0.1)
    assert "Worth a look" in get(url)
