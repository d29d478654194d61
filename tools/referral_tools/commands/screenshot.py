"""`referral screenshot`: takes a picture of a page, e.g. of the demo's board for the README."""

import shutil
from pathlib import Path

import click

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_BOARD = "http://127.0.0.1:8000/p/prg_glow?lang=en&period=all"


@click.command("screenshot")
@click.option("--url", default=_BOARD, show_default=True, help="The page.")
@click.option("--out", default="docs/images/board.png", show_default=True, type=click.Path(path_type=Path))
@click.option("--size", default=(1120, 760), show_default=True, type=(int, int), help="Width and height, CSS pixels.")
@click.option("--scale", default=2.0, show_default=True, help="Pixels of the picture for each CSS pixel.")
@click.option("--dark", is_flag=True, help="Use the dark colour scheme.")
@click.option("--most", default=200_000, show_default=True, help="Fail above this many bytes.")
def screenshot(url: str, out: Path, size: tuple[int, int], scale: float, dark: bool, most: int) -> None:
    """Take a picture of a page with Chromium."""
    out.parent.mkdir(parents=True, exist_ok=True)
    picture = _take_screenshot(url, size, scale, dark=dark)
    if len(picture) > most:
        raise click.ClickException(f"{len(picture)} bytes are more than {most}: choose a smaller --size or --scale.")
    out.write_bytes(picture)
    click.echo(f"{out}: {len(picture)} bytes")


def _take_screenshot(url: str, size: tuple[int, int], scale: float, *, dark: bool) -> bytes:
    """Returns the page as PNG. Raises ClickException if Chromium is missing or the page does not return success."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        raise click.ClickException("Chromium is not on the PATH. Install it with: sudo apt-get install -y chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        page = browser.new_page(
            viewport={"width": size[0], "height": size[1]},
            device_scale_factor=scale,
            color_scheme="dark" if dark else "light",
        )
        answer = page.goto(url, wait_until="networkidle")
        if answer is None or not answer.ok:
            raise click.ClickException(f"{url} returned {answer.status if answer else 'no response'}")
        picture = page.screenshot(type="png")
        browser.close()
    return picture
