"""Draws the pictures in this folder anew: every page of the demo's site, light, dark and on a phone.

Run by `make screenshots`. Needs chromium, and a demo that `make demo ARGS=--no-serve` has made.
"""

import logging
import shutil
import sys
from pathlib import Path
from threading import Thread

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from werkzeug.serving import make_server

from reverse_search.store.session import default_url
from web.app import create_app
from web.site import Site, read_notice

HOME = Path("reverse-search-demo")
FOLDER = Path(__file__).parent
LOOKS: dict[str, tuple[str, ViewportSize]] = {
    "light": ("light", {"width": 1280, "height": 860}),
    "dark": ("dark", {"width": 1280, "height": 860}),
    "phone": ("light", {"width": 390, "height": 844}),
}


def main() -> None:
    """Serve the demo on a free port and take the pictures."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = create_app(Site(HOME, default_url(HOME), notice=read_notice(HOME), platform_url=None))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        url = f"http://127.0.0.1:{server.server_port}"
        paths = pages(browser, url)
        for look in LOOKS:
            take(browser, url, paths, look)
        browser.close()
    server.shutdown()


def pages(browser: Browser, url: str) -> dict[str, str]:
    """Name and path of each page: the results of the first species offered, and its best candidate."""
    page = browser.new_page()
    page.goto(url)
    taxon = page.locator("h3:has-text('Species') + ul .tile").first.get_attribute("href") or ""
    page.goto(url + taxon)
    observation = page.locator(".card a.frame").first.get_attribute("href") or ""
    page.close()
    return {
        "home": "/",
        "results": taxon,
        "observation": observation,
        "suggestions": "/suggestions",
        "status": "/status",
    }


def take(browser: Browser, url: str, paths: dict[str, str], look: str) -> None:
    """One picture a page."""
    scheme, size = LOOKS[look]
    context = browser.new_context(viewport=size, color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    for name, path in paths.items():
        page.goto(url + path)
        page.wait_for_load_state("networkidle")
        shoot(page, FOLDER / f"{name}-{look}.jpg")
    context.close()


def shoot(page: Page, path: Path) -> None:
    """As JPEG: a quarter of the bytes for pages full of photos."""
    page.screenshot(path=path, type="jpeg", quality=82)
    sys.stderr.write(f"{path}\n")


if __name__ == "__main__":
    main()
