"""Messages of a live stream as browsers parse them, and the seats that bound the number of streams."""

import pytest

from leaderboard.domain.live_changes import LiveChange
from leaderboard.live import messages
from leaderboard.live.admission import Admission, Grant, Seats
from leaderboard.live.wsgi_request import call, wsgi_environ
from referral.http.problems import Problem

POSITION = (35, -1)


def test_a_change_has_its_position_and_counts() -> None:
    """The id is what the browser sends back as Last-Event-ID."""
    text = messages.message(LiveChange(referred=2, counted=-1), POSITION, counts=True, within_ms=500)
    assert text is not None
    assert text.decode().split("\n")[:2] == ["id: z.", "event: change"]
    assert b'data: {"referred":2,"discovered":0,"qualified":0,"counted":-1,"within_ms":500}\n\n' in text


def test_a_public_change_has_no_counts() -> None:
    """How much a program grows is not public; that its board may have changed is."""
    text = messages.message(LiveChange(referred=2), POSITION, counts=False, within_ms=500)
    assert text == b'id: z.\nevent: change\ndata: {"within_ms":500}\n\n'


def test_no_change_is_no_message_and_an_unknown_one_is_a_reset() -> None:
    """Then the page reads its figures again."""
    assert messages.message(LiveChange(), POSITION, counts=True, within_ms=500) is None
    text = messages.message(None, POSITION, counts=True, within_ms=500)
    assert text == b'id: z.\nevent: reset\ndata: {"within_ms":500}\n\n'


def test_many_readers_spread_their_requests() -> None:
    """5,000 pages that read themselves again at the same moment would be an attack of our own."""
    assert [messages.within_ms(readers) for readers in (1, 100, 5_000)] == [500, 500, 25_000]


def _grant(client: str) -> Grant:
    return Grant("prg_a", client, counts=True, is_valid=lambda: True)


def test_a_client_has_a_limited_number_of_seats() -> None:
    """Others still get one; a seat that was left is free again."""
    seats = Seats(10, 2)
    for _ in range(2):
        Admission(seats).admit(_grant("key a"), None)
    with pytest.raises(Problem) as refused:
        Admission(seats).admit(_grant("key a"), None)
    assert (refused.value.status, refused.value.code) == (429, "too_many_streams")
    Admission(seats).admit(_grant("key b"), None)
    seats.leave("key a")
    Admission(seats).admit(_grant("key a"), None)
    assert len(seats) == 3


def test_a_process_has_a_limited_number_of_seats() -> None:
    """503: another process, or a minute later, may have one."""
    seats = Seats(1, 5)
    Admission(seats).admit(_grant("key a"), None)
    with pytest.raises(Problem) as refused:
        Admission(seats).admit(_grant("key b"), None)
    assert (refused.value.status, refused.value.code) == (503, "streams_full")


def test_a_reader_who_left_before_they_were_admitted_has_no_seat() -> None:
    """The view runs in a thread, and may end after its reader has gone: a seat that it took then would never be given back."""
    seats = Seats(10, 2)
    late = Admission(seats)
    late.end()
    late.admit(_grant("key a"), None)
    assert (len(seats), late.grant) == (0, None)
    admitted = Admission(seats)
    admitted.admit(_grant("key a"), None)
    admitted.end()
    admitted.end()
    assert len(seats) == 0


def test_a_request_is_passed_on_as_it_came() -> None:
    """Path and query stay encoded as WSGI has them; a header that could pose as another one is left out."""
    environ = wsgi_environ(
        "/v1/programs/%E7%84%95/live",
        "lang=en",
        [("Last-Event-ID", "3.4"), ("X_Forwarded_For", "1.2.3.4"), ("Cookie", "a=1"), ("Cookie", "b=2")],
        "10.0.0.9",
        "127.0.0.1:8001",
    )
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/v1/programs/焕/live"
    assert environ["HTTP_LAST_EVENT_ID"] == "3.4"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert "HTTP_X_FORWARDED_FOR" not in environ
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"], environ["REMOTE_ADDR"]) == ("127.0.0.1", "8001", "10.0.0.9")
    assert call(lambda given, start: [start("204 No Content", []) or given["QUERY_STRING"].encode()], environ) == (
        204,
        [],
        b"lang=en",
    )
