"""Chromium for tests of pages."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from referral.console.sessions import SessionSigner, start_session
from referral.events.entities import Operator
from tests.support.operators import RING
from tests.support.requirements import require_program

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# What is awaited comes at once, but on a machine that does much else: Playwright's own 5 s and 30 s are too short.
PATIENCE_S = 150
expect.set_options(timeout=PATIENCE_S * 1000)


@contextmanager
def launch_browser(*arguments: str) -> Iterator[Browser]:
    """Yields a browser with further arguments of its command line; fails the test if Chromium is not installed."""
    path = require_program("chromium", "chromium-browser", "google-chrome", package="chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*_ARGUMENTS, *arguments])
        browser.on("context", lambda context: context.set_default_timeout(PATIENCE_S * 1000))
        yield browser
        browser.close()


def open_page(browser: Browser, url: str, width: int = 390, **more: object) -> Page:
    """Returns the page in a window of its own; `more` are options of its context."""
    page = browser.new_context(viewport={"width": width, "height": 844}, **more).new_page()  # type: ignore[arg-type]
    page.goto(url)
    return page


def operator_context(browser: Browser, address: str, who: Operator | None, **more: object) -> BrowserContext:
    """Returns a window of an operator who is signed in, or of no one; `more` are options of the context."""
    context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **more})  # type: ignore[arg-type]
    if who is not None:
        token = SessionSigner(RING).write(start_session(who, int(time.time())))
        context.add_cookies([{"name": "console", "value": token, "url": address}])
    return context


def control_stream(context: BrowserContext) -> None:
    """Lets the test send what the stream of a page sends."""
    context.add_init_script(
        "window.EventSource = class extends EventTarget { constructor() { super(); window.streamOfTest = this; } };"
    )


def change_now(page: Page) -> None:
    """Sends a change by the stream that the test controls, once the page has opened it."""
    page.wait_for_function("window.streamOfTest !== undefined")
    page.evaluate("streamOfTest.dispatchEvent(new MessageEvent('change', { data: '{\"within_ms\": 10}' }))")
