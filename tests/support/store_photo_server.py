"""A photo server on this machine that misbehaves as told."""

import io
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image

Answer = Callable[[BaseHTTPRequestHandler], None]


def picture(kind: str = "JPEG", width: int = 40) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((width, 30)).save(file, kind)
    return file.getvalue()


def says(status: int, body: bytes = b"", **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


class PhotoServer:
    """`answers[path]` are given one after the other, the last one for ever; other paths get 404."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.asked: defaultdict[str, int] = defaultdict(int)
        self.at_once = 0
        self.most_at_once = 0
        self.lock = threading.Lock()
        self.url = ""

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        with self.lock:
            turn = self.asked[handler.path]
            self.asked[handler.path] += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            answers = self.answers.get(handler.path, [says(404)])
            answers[min(turn, len(answers) - 1)](handler)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client had enough
        finally:
            with self.lock:
                self.at_once -= 1


@contextmanager
def on_loopback(handle: Answer) -> Iterator[int]:
    """A server that answers every GET with `handle`, as long as this lasts. Gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            handle(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def photo_server() -> Iterator[PhotoServer]:
    told = PhotoServer()
    with on_loopback(told.handle) as port:
        told.url = f"http://127.0.0.1:{port}/photos"
        yield told
