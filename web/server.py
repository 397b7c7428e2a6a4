"""The production server: gunicorn, its workers sharing the mapped generation through the page cache."""

import socket
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from reverse_search.errors import BadSettings
from web.app import create_app
from web.site import Site

PORTS_TRIED = 20
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
BACKLOG = 256
THREADS = 4
TIMEOUT_S = 120


def listen(host: str, port: int, *, or_next_free: bool = False) -> socket.socket:
    """Bind before anything else is started, so that a taken port is one clear message.

    Args:
        host: name or address; "127.0.0.1" is reached from this machine only.
        port: 0 for any free one.
        or_next_free: take the next free port where this one is taken.

    Raises:
        BadSettings: the port is taken or not allowed, or the host isn't one of this machine's.
    """
    last = port + PORTS_TRIED if or_next_free else port
    for candidate in range(port, min(last, 65535) + 1):
        try:
            return _bind(host, candidate)
        except socket.gaierror as error:
            raise BadSettings(f"no address is known for host {host!r} ({error.strerror}); use 127.0.0.1") from error
        except OSError as error:
            problem = error
    taken = f"port {port} of {host} can't be used ({problem.strerror})"
    raise BadSettings(f"{taken}; stop what listens there, or choose another one with --port") from problem


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        # So that a server which just stopped doesn't block its port for a minute; a running one still does.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(True)
    return listener


def url_of(listener: socket.socket) -> str:
    """Address to open in a browser."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def trusted_hosts(host: str, named: str | None) -> tuple[str, ...] | None:
    """Host headers to answer: those named ("*" for any); else loopback's own names on loopback, any elsewhere."""
    if named is not None:
        names = tuple(name.strip() for name in named.split(",") if name.strip())
        return None if "*" in names else names
    return LOOPBACK if host in LOOPBACK or host == "::1" else None


def serve(site: Site, listener: socket.socket, workers: int) -> None:
    """Serve until told to stop (SIGINT or SIGTERM); requests in progress are finished.

    Raises:
        StoreError: the database is missing, or older or newer than this code.
    """
    create_app(site).extensions["database"].close()  # fails here, in words, rather than in every worker
    _Server(site, listener, workers).run()


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, site: Site, listener: socket.socket, workers: int) -> None:
        self._site = site
        self._options: dict[str, Any] = {
            "bind": f"fd://{listener.fileno()}",
            "workers": workers,
            "worker_class": "gthread",
            "threads": THREADS,
            "timeout": TIMEOUT_S,
            "limit_request_line": 8190,  # the most there is: filters make long addresses
            "loglevel": "warning",
            "proc_name": "reverse-search",
            "control_socket_disable": True,
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return create_app(self._site)
