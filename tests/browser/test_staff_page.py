"""The staff page in a real browser: the camera, and a write-off by hand on a phone.

Chromium for Linux has no BarcodeDetector, so the tests bring one that reads a code of two halves, dark and light. Everything else
is real: the camera (a video file), the permission, the frames, the form that is sent, and the end of the picture.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from referral.config import Settings
from tests.support.app_server import serve_app
from tests.support.browser import launch_browser, operator_context
from tests.support.systems.reward_console import STAFF, gift, serve_reward_console
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.integration]
WIDTH, HEIGHT = 320, 240
DETECTOR = """
window.BarcodeDetector = class {
  async detect(video) {
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight), drawing = canvas.getContext("2d");
    drawing.drawImage(video, 0, 0);
    const brightness = (x) => drawing.getImageData(x * canvas.width, canvas.height / 2, 1, 1).data[1];
    const isCode = brightness(0.25) < 64 && brightness(0.75) > 192;
    if (!isCode) sessionStorage.setItem("without", 1 + Number(sessionStorage.getItem("without")));
    return isCode ? [{ rawValue: "RWD_GIFT" }] : [];
  }
};
"""


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the camera sees (YUV4MPEG2): nothing for a second, then the code."""
    colours = bytes([128]) * (WIDTH * HEIGHT // 2)
    nothing, code = bytes([235]) * (WIDTH * HEIGHT), (bytes([16]) * (WIDTH // 2) + bytes([235]) * (WIDTH // 2)) * HEIGHT
    frames = b"".join(b"FRAME\n" + picture + colours for picture in [nothing] * 10 + [code] * 10)
    path = tmp_path_factory.mktemp("camera") / "code.y4m"
    path.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode() + frames)
    return path


@pytest.fixture(scope="module")
def browser(video: Path) -> Iterator[Browser]:
    """A browser with a camera."""
    with launch_browser("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={video}") as browser:
        yield browser


@pytest.fixture
def address(settings: Settings, environ: dict[str, str]) -> Iterator[str]:
    """The address of the service, which has a gift in the store."""
    with serve_reward_console(settings, environ, "ledger") as console, serve_app(console.app) as address:
        console.service.write_rewards([gift("rwd_gift")])
        wait_until(lambda: len(console.service.wallet("xhs:friend1")) == 1)
        yield address


def staff_page(browser: Browser, address: str, *permissions: str, detector: str = DETECTOR) -> Page:
    """Returns the staff page on a phone; `permissions` are those that the person gives the page."""
    context = operator_context(browser, address, STAFF["staff"], viewport={"width": 360, "height": 740})
    context.grant_permissions(list(permissions), origin=address)
    context.add_init_script(detector)
    page = context.new_page()
    page.goto(f"{address}/desk/redeem?lang=en")
    return page


def test_a_gift_is_scanned_and_written_off(browser: Browser, address: str) -> None:
    """The page looks until it sees a code, then looks it up by itself; the reward is written off, and taken back."""
    page = staff_page(browser, address, "camera")
    page.get_by_role("button", name="Scan with the camera").click()
    expect(page.get_by_role("heading", name="A cup of tea")).to_be_visible()
    assert int(page.evaluate("sessionStorage.getItem('without')")) > 0, "frames without a code are passed over"
    page.get_by_role("button", name="Write off now").click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()
    page.get_by_role("button", name="take it back").click()
    expect(page.get_by_role("heading", name="Taken back")).to_be_visible()
    page.context.close()


def test_a_refused_camera_leaves_the_field(browser: Browser, address: str) -> None:
    """The page says what to do; the camera can be tried again, and typing works."""
    page = staff_page(browser, address)
    scan = page.get_by_role("button", name="Scan with the camera")
    scan.click()
    expect(page.get_by_role("status")).to_contain_text("The camera is not allowed or not there.")
    expect(scan).to_be_visible()
    expect(page.locator("video")).to_be_hidden()
    page.get_by_label("Code of the reward").fill("rwd_gift")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="A cup of tea")).to_be_visible()
    page.context.close()


def test_a_browser_that_cannot_read_codes_offers_no_camera(browser: Browser, address: str) -> None:
    """A barcode scanner that acts as a keyboard works in any."""
    page = staff_page(browser, address, "camera", detector="delete window.BarcodeDetector")
    expect(page.get_by_role("button", name="Look up")).to_be_visible()
    expect(page.get_by_role("button", name="Scan with the camera")).to_be_hidden()
    page.keyboard.type("RWD_GIFT\n")  # the field has the focus
    expect(page.get_by_role("heading", name="A cup of tea")).to_be_visible()
    page.context.close()
