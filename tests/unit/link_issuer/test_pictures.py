"""Pictures: a few at a time, kept within a bound, and small."""

import io
from collections.abc import Iterator
from dataclasses import replace
from threading import Event, Thread

import pytest
from flask import Flask
from PIL import Image

from link_issuer.http_api.app import app as make_app
from link_issuer.pictures import DRAWING, Busy, Pictures
from referral.catalog.memory_follower import MemoryFollower
from referral.config import Settings
from tests.support.builders.link_issuer import LINK_OWNER, SHARE_VERSION
from tests.support.settings import UNREACHABLE
from tests.support.waiting import wait_until

PNG = f"/v1/links/{LINK_OWNER.code}/qr.png"


def serve(settings: Settings) -> Flask:
    """Link-issuer with one participant."""
    return make_app(settings, MemoryFollower([SHARE_VERSION, LINK_OWNER]))


@pytest.fixture
def app() -> Iterator[Flask]:
    """With the default settings."""
    made = serve(UNREACHABLE)
    yield made
    made.extensions["referral"].close()


def test_a_picture_is_drawn_once() -> None:
    """The second request gets the kept one; another key is another picture."""
    pictures, drawn = Pictures(), []

    def paint() -> bytes:
        drawn.append(1)
        return b"png"

    assert [pictures.draw("a", paint), pictures.draw("a", paint), pictures.find("a")] == [b"png"] * 3
    assert pictures.find("b") is None
    assert len(drawn) == 1


def test_kept_pictures_are_bounded() -> None:
    """The ones that were not used for the longest time are dropped."""
    pictures = Pictures(max_kept=10)
    for key in "abc":
        pictures.draw(key, lambda: b"12345")
        pictures.find("a")
    assert [pictures.find(key) is not None for key in "abc"] == [True, False, True]
    assert pictures.draw("large", lambda: b"x" * 11) == b"x" * 11
    assert [pictures.find(key) for key in ("a", "c", "large")] == [None] * 3


def test_beyond_the_bound_a_picture_is_refused_at_once() -> None:
    """A few requests wait for their turn, the next one not at all; afterwards pictures are drawn again."""
    pictures, finish, began = Pictures(), Event(), [Event() for _ in range(DRAWING)]

    def draw(number: int) -> None:
        def paint() -> bytes:
            began[number].set()
            finish.wait(150)
            return b"png"

        pictures.draw(number, paint)

    threads = [Thread(target=draw, args=(number,)) for number in range(DRAWING)]
    for thread in threads:
        thread.start()
    assert all(event.wait(150) for event in began)
    while pictures._admitted.acquire(blocking=False):
        pass
    with pytest.raises(Busy):
        pictures.draw("another", lambda: b"")
    pictures._admitted.release()
    finish.set()
    wait_until(lambda: not any(thread.is_alive() for thread in threads))
    assert pictures.draw("another", lambda: b"png") == b"png"


def test_a_drawing_that_fails_frees_its_place(app: Flask) -> None:
    """As often as it happens."""
    pictures = Pictures()
    for _ in range(20):
        with pytest.raises(ZeroDivisionError):
            pictures.draw("a", lambda: b"" * (1 // 0))
    assert pictures.draw("a", lambda: b"png") == b"png"


def test_a_busy_service_answers_with_the_time_to_retry(app: Flask) -> None:
    """503 with Retry-After; redirects of the same code are answered."""
    pictures: Pictures = app.extensions["link-issuer"].pictures
    while pictures._admitted.acquire(blocking=False):
        pass
    answer = app.test_client().get(PNG)
    assert (answer.status_code, answer.get_json()["code"], answer.headers["Retry-After"]) == (503, "busy", "2")
    assert app.test_client().get(f"/{LINK_OWNER.code}").status_code == 302


def test_an_address_can_have_a_limited_number_of_pictures_drawn() -> None:
    """Each size and margin is a picture of its own; those drawn before are not counted."""
    app = serve(replace(UNREACHABLE, picture_limit="2/day"))
    try:
        client = app.test_client()
        answers = [client.get(f"{PNG}?size={size}").status_code for size in (100, 101, 100, 102, 101)]
        assert answers == [200, 200, 200, 429, 200]
    finally:
        app.extensions["referral"].close()


@pytest.mark.parametrize(("size", "margin"), [(64, 0), (500, 4), (777, 20), (2048, 0), (2048, 20)])
def test_a_qr_code_has_one_bit_per_pixel(app: Flask, size: int, margin: int) -> None:
    """In the requested size, dark on light, with its quiet zone; a large one has a few kilobytes."""
    answer = app.test_client().get(f"{PNG}?size={size}&margin={margin}")
    picture = Image.open(io.BytesIO(answer.data))
    assert picture.size == (size, size)
    assert answer.data[24] == 1  # bit depth in the header: https://www.w3.org/TR/png/#11IHDR
    assert {color for _, color in picture.convert("RGB").getcolors() or []} == {(43, 35, 32), (255, 255, 255)}
    assert len(answer.data) < 20_000


@pytest.mark.parametrize("query", ["size=2049", "size=63", "margin=21", "margin=-1", "scale=41", "scale=0", "size=1e9"])
def test_the_size_of_a_qr_code_is_bounded(app: Flask, query: str) -> None:
    """422 with the range."""
    assert app.test_client().get(f"{PNG}?{query}").status_code == 422


def test_the_largest_scale_and_margin_stay_within_the_largest_size(app: Flask) -> None:
    """2,048 pixels."""
    picture = Image.open(io.BytesIO(app.test_client().get(f"{PNG}?scale=40&margin=20").data))
    assert picture.width <= 2048
