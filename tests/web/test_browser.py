"""Journeys in a real browser, on the demo as a person meets it. Chromium comes from the system's packages."""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed; install it with the system's packages"),
]
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
Truth = dict[str, tuple[int, str]]


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: "Browser", site_url: str, request: pytest.FixtureRequest) -> Iterator["BrowserContext"]:
    """A visitor. Any error on the page's console fails the test."""
    options = getattr(request, "param", {})
    context = browser.new_context(base_url=site_url, **options)
    context.set_default_timeout(30_000)
    problems: list[str] = []
    context.on("console", lambda m: problems.append(m.text) if m.type in ("error", "warning") else None)
    context.on("weberror", lambda e: problems.append(str(e.error)))
    yield context
    context.close()
    assert not problems


@pytest.fixture
def page(context: "BrowserContext") -> "Page":
    return context.new_page()


WITHOUT_SCRIPTS = pytest.mark.parametrize("context", [{"java_script_enabled": False}], indirect=True)
EITHER_WAY = pytest.mark.parametrize(
    "context", [{}, {"java_script_enabled": False}], indirect=True, ids=["js", "no-js"]
)


def every_photo_is_there(page: "Page") -> bool:
    """Photos further down load when they come into view."""
    for image in page.locator("main img").all():
        image.scroll_into_view_if_needed()
        image.evaluate("image => image.decode()")
    return bool(page.evaluate("[...document.images].every(image => image.naturalWidth > 0)"))


def offered(page: "Page") -> tuple[str, int]:
    """Name and id of the first species that the first page offers."""
    page.goto("/")
    tile = page.locator("h3:has-text('Species') + ul .tile").first
    href = tile.get_attribute("href") or ""
    return tile.locator("strong").inner_text(), int(href.rsplit("/", 1)[1])


def test_type_a_name_and_see_right_candidates_with_their_exemplars(page: "Page", truth: Truth) -> None:
    name, taxon_id = offered(page)
    page.keyboard.press("/")
    page.keyboard.type(name[:-2].lower(), delay=10)
    page.locator("#choices li").first.wait_for()
    page.keyboard.press("ArrowDown")
    assert page.locator("#choices li[aria-selected=true]").inner_text().startswith(name)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/taxa/{taxon_id}")
    assert name in page.locator("h1").inner_text()
    cards = page.locator(".card")
    assert cards.count() == 24
    best = (cards.first.locator("a.frame").get_attribute("href") or "").rsplit("/", 1)[1]
    assert truth[best][0] == taxon_id
    assert cards.first.locator(".exemplars img").count() >= 1
    assert every_photo_is_there(page)


def test_the_mouse_and_escape_work_on_the_choices(page: "Page") -> None:
    name, taxon_id = offered(page)
    page.locator("#q").fill(name)
    page.locator("#choices li").first.wait_for()
    page.keyboard.press("Escape")
    assert page.locator("#choices").is_hidden()
    assert page.locator("#q").input_value() == name
    page.locator("#q").press("End")
    page.keyboard.press("Backspace")
    page.locator("#choices li", has_text=name).click()
    page.wait_for_url(f"**/taxa/{taxon_id}")


@EITHER_WAY
def test_search_filter_page_and_open_an_observation(page: "Page", truth: Truth) -> None:
    name, taxon_id = offered(page)
    page.locator("#q").fill(name)
    page.locator("header button").click()
    page.wait_for_url(f"**/taxa/{taxon_id}")
    page.locator(".tabs a", has_text="Unknown").click()
    page.wait_for_url("**kind=unknown")
    assert set(page.locator(".card .kind").all_inner_texts()) == {"Unknown"}
    page.get_by_label("Casual").check()
    page.get_by_label("Needs ID").uncheck()
    page.get_by_label("Research grade").uncheck()
    page.get_by_role("button", name="Apply").click()
    assert "quality_grade=casual" in page.url
    assert "kind=unknown" in page.url
    page.goto(f"/taxa/{taxon_id}")
    first = page.locator(".card a.frame").first.get_attribute("href")
    page.get_by_role("link", name="Next →").click()
    assert page.locator(".pager").inner_text().split("\n")[1].startswith("Page 2 of")
    assert page.locator(".card a.frame").first.get_attribute("href") != first
    page.get_by_role("link", name="← Previous").click()
    page.locator(".card a.frame").first.click()
    page.wait_for_url(f"**{first}")
    assert page.locator("h2", has_text="What it looks like").is_visible()
    assert every_photo_is_there(page)


@WITHOUT_SCRIPTS
def test_without_scripts_the_beginning_of_a_name_leads_to_a_list(page: "Page") -> None:
    name, taxon_id = offered(page)
    page.locator("#q").fill(name[:4])
    page.keyboard.press("Enter")
    page.locator(".matches a", has_text=name).first.click()
    page.wait_for_url(f"**/taxa/{taxon_id}")


@EITHER_WAY
def test_from_the_first_page_to_the_suggestions_and_their_trays(page: "Page") -> None:
    page.goto("/")
    page.locator(".trays a").first.click()
    assert page.locator(".tabs a[aria-current]").last.inner_text().startswith("Suggested")
    assert page.locator(".card .probability").count() > 0
    page.locator(".tabs.small a").last.click()
    assert page.locator(".card").count() > 0
    assert page.locator(".card .probability").count() == 0


@pytest.mark.parametrize(
    "context",
    [{"viewport": {"width": 360, "height": 740}}, {"viewport": {"width": 1280, "height": 900}}],
    indirect=True,
)
def test_no_page_is_wider_than_the_screen(page: "Page", truth: Truth) -> None:
    _, taxon_id = offered(page)
    observation = f"/observations/{next(iter(truth))}"
    for path in ("/", f"/taxa/{taxon_id}", observation, "/suggestions", "/status", "/taxa?q=a"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_a_photo_that_can_not_be_shown_says_so_in_its_place(browser: "Browser", site_url: str) -> None:
    page = browser.new_page()
    page.goto(f"{site_url}/status")
    loaded = page.evaluate(
        "new Promise(done => { const image = new Image(); image.onload = () => done(image.naturalWidth > 0);"
        " image.onerror = () => done(false); image.src = '/photos/123456789/small.jpg'; })"
    )
    page.close()
    assert loaded, "an answer with status 404 is a picture all the same"
