"""Read every page of the built site in Chromium, as its readers do."""

import functools
import os
import re
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, sync_playwright

SITE = Path(
    os.environ.get("STABSIM_SITE", Path(__file__).parents[2] / "docs" / "_build" / "html")
).resolve()
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
AXE = files("axe_playwright_python").joinpath("axe.min.js")
PAGES = sorted(
    path.relative_to(SITE).as_posix()
    for path in SITE.rglob("*.html")
    if "_static" not in path.parts
)
WIDTHS = {"phone": 390, "desktop": 1440}
# Bytes, of which a page with a film may have twice as many.
HEAVIEST = 1_000_000
# An alternative text says what its figure shows: a sentence has at least so many words.
FEWEST_WORDS = 5

ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",
]

# A picture may have an empty alternative text only as the decoration of a link with words.
READ_PAGE = """() => {
const scrolls = element => element !== null && element !== document.body &&
    (/auto|scroll/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
return {
    links: [...document.querySelectorAll("a[href]")].map(link => link.href),
    ids: [...document.querySelectorAll("[id]")].map(element => element.id),
    broken: [...document.images].filter(image => !image.naturalWidth).map(image => image.src),
    mute: [...document.images].filter(image => !image.hasAttribute("alt") || !image.alt.trim() &&
        !image.closest("a, .sphx-glr-thumbcontainer")?.textContent.trim()).map(image => image.src),
    figures: [...document.querySelectorAll("main img, main video, main svg[role=img]")].filter(
        figure => !figure.closest("a, .sphx-glr-thumbcontainer")
    ).map(figure => figure.getAttribute("alt") ?? figure.getAttribute("aria-label") ?? ""),
    films: document.querySelectorAll("video").length,
    width: document.documentElement.scrollWidth,
    clipped: [...document.querySelectorAll("main *")].filter(element =>
        element.clientWidth > 1 && element.scrollWidth > element.clientWidth + 1 &&
        !/auto|scroll/.test(getComputedStyle(element).overflowX) && !scrolls(element)
    ).map(element => element.tagName + ": " + element.textContent.trim().slice(0, 40)),
    unset: document.querySelectorAll(".math:not(:has(math))").length,
};}"""

# Nearly all the time goes into the contrast of colours, which are the same at every width; the
# desktop shows all of a page.
RUN_AXE = """width => axe.run(document, {
    resultTypes: ["violations"], rules: {"color-contrast": {enabled: width > 1000}}
}).then(result =>
    result.violations.map(v => v.id + ": " + v.nodes.map(n => n.target.join(" ")).join(" | ")))"""

needs_site = pytest.mark.skipif(
    not (PAGES and CHROMIUM) and not os.environ.get("CI"),
    reason=f"no site in {SITE}" if not PAGES else "no chromium on PATH",
)


class QuietHandler(SimpleHTTPRequestHandler):
    """A server of files that does not narrate."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    handler = functools.partial(QuietHandler, directory=str(SITE))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Literal["light", "dark"]:
    chosen: Literal["light", "dark"] = request.param
    return chosen


@pytest.fixture(scope="module")
def tab(browser: Browser, scheme: Literal["light", "dark"]) -> Iterator[Page]:
    # A fixed preference of the reader, not the site's own switch, so each page starts with it.
    context = browser.new_context(color_scheme=scheme, reduced_motion="reduce")
    yield context.new_page()
    context.close()


def visit(tab: Page, url: str) -> tuple[list[str], set[str]]:
    """Open a page and return what went wrong, and every address that it asked for."""
    problems: list[str] = []
    requested: set[str] = set()

    def on_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            problems.append(f"console {message.type}: {message.text}")

    def on_request(request: Request) -> None:
        requested.add(request.url)
        if urlsplit(request.url).netloc not in {urlsplit(url).netloc, ""}:
            problems.append(f"foreign request: {request.url}")

    def on_response(response: Response) -> None:
        if response.status >= 400:
            problems.append(f"HTTP {response.status}: {response.url}")

    listeners: dict[Any, Callable[[Any], None]] = {
        "console": on_console,
        "pageerror": lambda error: problems.append(f"script error: {error}"),
        "request": on_request,
        "requestfailed": lambda request: problems.append(f"failed request: {request.url}"),
        "response": on_response,
    }
    for event, listener in listeners.items():
        tab.on(event, listener)
    tab.goto(url, wait_until="load")
    # Pictures below the fold would otherwise not be loaded at all.
    tab.evaluate(
        "async () => { for (const image of document.images) {"
        " image.loading = 'eager'; await image.decode().catch(() => null); } }"
    )
    for event, listener in listeners.items():
        tab.remove_listener(event, listener)
    return problems, requested


def file_of(url: str) -> Path:
    """Return the file behind an address of the site."""
    return SITE / (unquote(urlsplit(url).path).lstrip("/") or "index.html")


@functools.cache
def anchors_of(page: Path) -> frozenset[str]:
    """Return the anchors of a page."""
    return frozenset(re.findall(r'\bid="([^"]+)"', page.read_text(encoding="utf-8")))


def broken_links(links: list[str], address: str) -> list[str]:
    """Return the links into the site that lead to no page or no anchor."""
    broken = []
    for link in links:
        target, anchor = urldefrag(link)
        file = file_of(target)
        if link.startswith(address) and not (
            file.is_file()
            and (not anchor or file.suffix != ".html" or unquote(anchor) in anchors_of(file))
        ):
            broken.append(link)
    return broken


@needs_site
def test_there_is_a_site() -> None:
    assert CHROMIUM, "no chromium on PATH"
    assert "index.html" in PAGES


@needs_site
@pytest.mark.parametrize("page", PAGES)
def test_page(tab: Page, address: str, scheme: str, page: str) -> None:
    tab.set_viewport_size({"width": WIDTHS["phone"], "height": 900})
    problems, requested = visit(tab, address + page)
    assert tab.evaluate("document.documentElement.dataset.theme") == scheme
    loaded = {file_of(url) for url in requested if url.startswith(address)}
    weight = sum(file.stat().st_size for file in loaded if file.is_file())
    seen = tab.evaluate(READ_PAGE)
    if weight > HEAVIEST * (2 if seen["films"] else 1):
        problems.append(f"the page weighs {weight / 1e6:.2f} MB")
    problems += [
        f"a figure's text is no sentence: {text!r}"
        for text in seen["figures"]
        if len(text.split()) < FEWEST_WORDS
    ]
    problems += [f"broken image: {source}" for source in seen["broken"]]
    problems += [f"image without alternative text: {source}" for source in seen["mute"]]
    problems += [f"broken link: {link}" for link in broken_links(seen["links"], address)]
    problems += [f"anchor used {n} times: {i}" for i, n in Counter(seen["ids"]).items() if n > 1]
    if seen["unset"]:
        problems.append(f"{seen['unset']} formulas are not typeset")

    tab.evaluate(AXE.read_text(encoding="utf-8"))
    for name, width in WIDTHS.items():
        tab.set_viewport_size({"width": width, "height": 900})
        seen = tab.evaluate(READ_PAGE)
        if seen["width"] > width:
            problems.append(f"{name}: the page is {seen['width']} px wide")
        problems += [f"{name}: wider than its place: {element}" for element in seen["clipped"]]
        problems += [f"{name}: axe: {violation}" for violation in tab.evaluate(RUN_AXE, width)]
    assert not problems, "\n".join(problems)


@needs_site
def test_search_by_keyboard_finds_the_page(browser: Browser, address: str) -> None:
    tab = browser.new_page()
    tab.goto(address + "index.html")
    tab.keyboard.press("Control+k")
    tab.keyboard.type("loss scaling")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("ul.search li a", timeout=20_000)
    links = tab.locator("ul.search li a")
    first = links.evaluate_all("links => links.slice(0, 3).map(link => link.getAttribute('href'))")
    place = ["plot_2_loss_scaling" in link for link in first].index(True)
    links.nth(place).focus()
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/plot_2_loss_scaling.html*")
    tab.close()


@needs_site
def test_answers_unfold_by_keyboard(browser: Browser, address: str) -> None:
    tab = browser.new_page()
    tab.goto(address + "gallery/vanishing/plot_1_sigmoid_gradient.html")
    answers = tab.locator("details.answer")
    assert answers.count() == 2
    assert not answers.first.locator("p").is_visible()
    answers.first.locator("summary").focus()
    tab.keyboard.press("Enter")
    assert answers.first.locator("p").is_visible()
    tab.close()


@needs_site
def test_every_page_is_found_and_previewed() -> None:
    """The sitemap has all pages but those that no reader looks for, and all can be shared."""
    listed = re.findall(r"<loc>(.*?)</loc>", (SITE / "sitemap.xml").read_text(encoding="utf-8"))
    front = min((url for url in listed if url.endswith("/index.html")), key=len).removesuffix(
        "index.html"
    )
    hidden = {"404.html", "genindex.html", "search.html"}
    assert {url.removeprefix(front) for url in listed} == set(PAGES) - hidden
    for page in set(PAGES) - hidden:
        text = (SITE / page).read_text(encoding="utf-8")
        assert f'<link rel="canonical" href="{front}{page}"' in text
        tags = {
            name: re.search(rf'<meta property="og:{name}" content="([^"]+)"', text)
            for name in ("title", "description", "image", "image:alt")
        }
        assert all(tags.values()), (page, tags)
        assert (SITE / tags["image"][1].removeprefix(front)).is_file()


@needs_site
def test_a_page_of_the_gallery_prints_whole(browser: Browser, address: str) -> None:
    tab = browser.new_page(viewport={"width": 794, "height": 1123})
    tab.goto(address + "gallery/vanishing/plot_3_sigmoid_layers.html")
    tab.emulate_media(media="print")
    for gone in (".bd-header", ".bd-sidebar-primary", ".sphx-glr-footer", ".bd-footer"):
        assert not tab.locator(gone).first.is_visible(), gone
    clipped = tab.evaluate(
        "[...document.querySelectorAll('main pre')].filter(p => p.scrollWidth > p.clientWidth + 1)"
        ".map(p => p.textContent.slice(0, 40))"
    )
    assert clipped == []
    assert tab.locator("details.answer p").first.is_visible()
    # What has an overflow of its own is cut where the paper ends.
    article = tab.locator(".bd-article-container")
    assert article.evaluate("article => getComputedStyle(article).overflow") == "visible"
    tab.close()


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("<img src='missing.png' alt='x'>", "404"),
        ("<img src='https://example.org/x.png' alt='x'>", "foreign"),
        ("<script>undefinedFunction()</script>", "script error"),
    ],
)
@needs_site
def test_a_bad_page_is_noticed(browser: Browser, address: str, body: str, complaint: str) -> None:
    tab = browser.new_page()
    page = f"<!doctype html><title>bad</title>{body}"
    tab.route("**/bad.html", lambda route: route.fulfill(body=page, content_type="text/html"))
    tab.route("https://example.org/*", lambda route: route.abort())
    problems, _ = visit(tab, address + "bad.html")
    tab.close()
    assert any(complaint in problem for problem in problems)
