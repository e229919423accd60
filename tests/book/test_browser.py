"""The built book in a real browser: headless Chromium, pages opened from the folder, no network.

Run by `make checkbook`, which builds the book first, and by `.ci/run`. Where the book, playwright or Chromium is
missing, these tests are skipped.
"""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "site"
SCREENSHOTS = ROOT / "scratch/book/screenshots"
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
# Chromium neither looks for updates nor reports home.
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
FAULTY = '[data-mml-node="merror"]'  # what MathJax draws of a formula that it cannot read
RULES = {
    "light": {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa"]}},
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast"]}},  # all that the theme changes
}


def missing():
    """What keeps these tests from running, as a sentence; "" where nothing does."""
    if not (SITE / "index.html").exists():
        return "Skipped because the book is not built: `make book` builds it."
    try:
        import axe_playwright_python  # noqa: F401
        import playwright  # noqa: F401
    except ImportError:
        return "Skipped because playwright is not installed here: `make checkbook` installs it in scratch/book/venv."
    if CHROMIUM is None:
        return "Skipped because this machine has no Chromium: `apt-get install chromium`, or name one in CHROMIUM."
    return ""


REASON = missing()
pytestmark = [pytest.mark.skipif(bool(REASON), reason=REASON), pytest.mark.timeout(300)]


def all_pages():
    return [path for path in sorted(SITE.rglob("*.html")) if "_static" not in path.parts and "files" not in path.parts]


def kinds():
    """One page of each kind, by name, of the paper with most pages: others may not have run yet."""
    paper = max(sorted(SITE.glob("*/index.html")), key=lambda path: len(list(path.parent.rglob("*.html"))))
    pages = [path for path in sorted(paper.parent.glob("*.html")) if path.name != "index.html"]
    wanted = ("math notranslate", "<table", "cell_output", "Show the imports", "Show the parameters of this run")
    executed = [path for path in pages if all(part in path.read_text() for part in wanted)]
    return {
        "welcome": SITE / "index.html",
        "paper": paper,
        "notebook": min(executed, key=lambda path: path.stat().st_size),
        "ledger": SITE / "claims/ledger.html",
        "where": SITE / "where.html",
        "code": min(SITE.glob("code/**/*.html"), key=lambda path: path.stat().st_size),
    }


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


@pytest.fixture
def watch(browser):
    """A maker of pages that keeps what went wrong on them: errors, and requests that leave the folder."""
    contexts = []

    def make(viewport, **settings):
        context = browser.new_context(viewport=viewport, **settings)
        contexts.append(context)
        page, wrong = context.new_page(), []
        page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
        page.on("console", lambda said: wrong.append(f"{page.url}: {said.text}") if said.type == "error" else None)
        page.on("requestfailed", lambda request: wrong.append(f"{page.url}: could not read {request.url}"))
        page.on("request", lambda request: wrong.append(f"asks for {request.url}") if leaves(request.url) else None)
        return page, wrong

    yield make
    for context in contexts:
        context.close()


def leaves(address):
    return not address.startswith((SITE.as_uri(), "data:", "blob:"))


def test_every_page_loads_without_an_error_and_asks_for_nothing_outside_the_folder_and_fits_a_phone(watch):
    page, wrong = watch(PHONE)
    wide, undrawn = [], []
    for path in all_pages():
        page.goto(path.as_uri())
        if page.locator(".math").count():  # a formula has its width only when it is drawn
            page.wait_for_function("window.MathJax?.startup?.promise?.then(() => true)")
            undrawn += [path.relative_to(SITE).as_posix()] * page.locator(FAULTY).count()
        if page.evaluate("document.documentElement.scrollWidth") > PHONE["width"]:
            wide.append(path.relative_to(SITE).as_posix())
    assert wrong == []
    assert wide == []
    assert undrawn == []


def test_mathematics_is_drawn(watch):
    page, wrong = watch(DESKTOP)
    page.goto(kinds()["notebook"].as_uri())
    page.wait_for_selector("mjx-container svg", state="attached")
    assert page.locator(".math").count() == page.locator(".math:has(mjx-container svg)").count()
    assert page.locator(FAULTY).count() == 0
    assert wrong == []


def test_the_search_finds_words_of_a_page_and_a_result_opens(watch):
    page, wrong = watch(DESKTOP)
    page.goto((SITE / "search.html").as_uri() + "?q=occlusion+ratio")
    results = page.locator("ul.search li a")
    results.first.wait_for()
    results.first.click()
    page.wait_for_load_state()
    assert "occlusion" in page.locator("article").text_content().lower()
    assert wrong == []


def test_every_picture_has_an_alternative_text(watch):
    page, _ = watch(DESKTOP)
    for path in kinds().values():
        page.goto(path.as_uri())
        assert page.locator("article img:not([alt]), article img[alt='']").count() == 0, path


@pytest.mark.parametrize("scheme", list(RULES))
def test_the_pages_pass_wcag_aa(watch, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page, _ = watch(DESKTOP, color_scheme=scheme)
    faults = []
    for name, path in kinds().items():
        if scheme == "dark" and name in ("where", "code"):  # hold nothing that the others do not
            continue
        page.goto(path.as_uri())
        page.wait_for_timeout(300)  # the theme fades its colours in
        found = Axe().run(page, options=RULES[scheme]).response["violations"]
        faults += [f"{name}: {fault['id']}: {fault['nodes'][0]['html'][:200]}" for fault in found]
    assert faults == []


def test_the_ledger_filters_and_sorts(watch):
    page, _ = watch(DESKTOP)
    page.goto((SITE / "claims/ledger.html").as_uri())
    claims = page.locator("table.ledger > tbody")
    everything = claims.count()
    assert page.locator(".ledger-count").inner_text() == f"{everything} of {everything} shown"
    page.select_option("select[name=verdict]", "cannot tell")
    shown = page.locator("table.ledger > tbody:visible")
    assert 0 < shown.count() < everything
    assert all("cannot tell" in text for text in shown.all_inner_texts())
    page.select_option("select[name=verdict]", "")
    for order in (1, -1):
        page.get_by_role("button", name="Verdict").click()
        ranks = [int(rank) * order for rank in claims.evaluate_all("rows => rows.map(row => row.dataset.rank)")]
        assert ranks == sorted(ranks)


def test_a_figure_grows_on_a_click_and_goes_back(watch):
    page, _ = watch(DESKTOP)
    page.goto(kinds()["notebook"].as_uri())
    figure = page.locator(".cell_output img").first
    small = figure.bounding_box()["width"]
    figure.click()
    large = page.locator("dialog.zoom img")
    assert large.bounding_box()["width"] > small
    large.click()
    assert not large.is_visible()


def test_parameters_and_imports_are_folded(watch):
    page, _ = watch(DESKTOP)
    page.goto(kinds()["notebook"].as_uri())
    for what in ("Show the parameters of this run", "Show the imports"):
        assert page.get_by_text(what).is_visible()
    assert not page.get_by_text("import numpy as np").first.is_visible()


def test_pictures_of_some_pages_are_kept_to_be_looked_at(watch):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for width, viewport in (("desktop", DESKTOP), ("phone", PHONE)):
        page, _ = watch(viewport)
        for name, path in kinds().items():
            if name != "code":
                page.goto(path.as_uri())
                page.wait_for_timeout(300)
                page.screenshot(path=SCREENSHOTS / f"{name}-{width}.png")
    assert len(list(SCREENSHOTS.glob("*.png"))) >= 10
