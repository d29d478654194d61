"""Rounds of drand are fetched for the draws that committed to them: from public addresses, within bounds, and verified."""

import msgspec
import pytest
from httpcore import AsyncMockBackend, AsyncMockStream, AsyncNetworkStream

from leaderboard.closing_store import AwaitedDraw
from leaderboard.domain.closing_state import DrawState
from leaderboard.drand_client import MAX_BODY, DrandClient, RoundUnavailable
from leaderboard.draw_fetcher import MAX_DRAWS, DrawFetcher
from leaderboard.folds.closing_terms import PeriodBoard
from referral.events.standings import DrawRandomnessGiven
from referral.verification import quicknet
from tests.support.builders.participants import PROGRAM

ROUND = 657413
SIGNATURE = "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b"
PUBLIC, PRIVATE = "93.184.215.14", "10.0.0.7"
NOW_MS = 1_800_000_000_000


class RecordingBackend(AsyncMockBackend):
    """A network that answers every connection with the same bytes, and records where they went."""

    def __init__(self, answer: bytes) -> None:
        super().__init__([answer])
        self._answer = answer
        self.connections: list[str] = []

    async def connect_tcp(self, host: str, *_: object, **__: object) -> AsyncNetworkStream:
        self.connections.append(host)
        return AsyncMockStream([self._answer])


def http(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    """A response as it is sent."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def round_body(number: int = ROUND) -> bytes:
    """A round as drand's API has it."""
    return msgspec.json.encode({"round": number, "signature": SIGNATURE})


def client(backend: AsyncMockBackend, *addresses: str) -> DrandClient:
    """A client to whom the API's host resolves to these addresses."""

    async def resolve(host: str, port: int) -> list[str]:
        assert (host, port) == ("drand.example", 443)
        return list(addresses)

    return DrandClient("https://drand.example/", resolve, backend)


def test_the_signature_of_a_published_round_is_returned() -> None:
    """The connection goes to the address that was checked."""
    backend = RecordingBackend(http(round_body()))
    assert client(backend, PUBLIC).signature(ROUND) == SIGNATURE
    assert backend.connections == [PUBLIC]


@pytest.mark.parametrize("addresses", [(PRIVATE,), ("127.0.0.1",), (PUBLIC, "169.254.169.254"), ()])
def test_an_address_that_is_not_public_is_never_connected_to(addresses: tuple[str, ...]) -> None:
    """Nor is any address of a host that has one, nor a host without addresses."""
    backend = RecordingBackend(http(round_body()))
    with pytest.raises(RoundUnavailable, match=r"public address|does not resolve"):
        client(backend, *addresses).signature(ROUND)
    assert backend.connections == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (http(b"", "404 Not Found"), "answered 404"),
        (http(b"", "302 Found", "Location: http://10.0.0.7/\r\n"), "answered 302"),
        (http(b"[]"), "not a round"),
        (http(b'{"round": 1}'), "not a round"),
        (http(round_body(7)), "round 7 instead of 657413"),
        (http(b" " * (MAX_BODY + 1)), "longer than 4096 bytes"),
        (b"no HTTP at all\r\n\r\n", "did not respond"),
    ],
)
def test_any_other_answer_is_unavailable_with_a_reason(answer: bytes, reason: str) -> None:
    """A redirect is not followed, and no more is read than a round has."""
    backend = RecordingBackend(answer)
    with pytest.raises(RoundUnavailable, match=reason):
        client(backend, PUBLIC).signature(ROUND)
    assert len(backend.connections) == 1


def awaited(number: int | None = ROUND, draw: str = "spring") -> AwaitedDraw:
    """A draw that has committed to a round."""
    state = DrawState(
        draw=draw,
        committed_at_s=1,
        root="00" * 32,
        entries=2,
        tickets=3,
        winners=1,
        alternates=0,
        last_leaf="00" * 32,
        version=1,
        holding_s=0,
        reward="mask",
        round=number,
    )
    return AwaitedDraw(PeriodBoard(PROGRAM, "referrals", "follower", "2026-11"), state)


class Rounds:
    """Rounds by their number, and which were asked for."""

    def __init__(self, **signatures: str) -> None:
        self.signatures = {int(number.removeprefix("r")): signature for number, signature in signatures.items()}
        self.asked: list[int] = []

    def signature(self, number: int) -> str:
        """The round, or RoundUnavailable."""
        self.asked.append(number)
        if number not in self.signatures:
            raise RoundUnavailable("answered 404")
        return self.signatures[number]


def fetch(draws: list[AwaitedDraw], rounds: Rounds, *, my_turn: bool = True) -> list[DrawRandomnessGiven]:
    """Returns what one run publishes."""
    published: list[DrawRandomnessGiven] = []

    def waiting(until_s: int, most: int) -> list[AwaitedDraw]:
        assert (until_s, most) == (NOW_MS // 1000, MAX_DRAWS)
        return draws

    fetcher = DrawFetcher(waiting, rounds.signature, published.append, lambda: NOW_MS, lambda: my_turn)
    assert fetcher.run_once() == len(published)
    return published


def test_the_round_of_each_waiting_draw_is_published_and_fetched_once() -> None:
    """Two draws that committed to the same round need it once."""
    rounds = Rounds(r657413=SIGNATURE)
    lines = fetch([awaited(), awaited(draw="summer")], rounds)
    assert [(line.draw, line.round, line.signature, line.by) for line in lines] == [
        ("spring", ROUND, SIGNATURE, "drand"),
        ("summer", ROUND, SIGNATURE, "drand"),
    ]
    assert rounds.asked == [ROUND]


@pytest.mark.parametrize(
    "signature", ["", "xyz", SIGNATURE[:-1] + "a", SIGNATURE.upper(), SIGNATURE[:-2]], ids=range(5)
)
def test_a_round_that_quicknet_did_not_sign_is_never_published(signature: str) -> None:
    """Whatever the API answers, one flipped bit included."""
    assert fetch([awaited()], Rounds(r657413=signature)) == []
    assert not quicknet.is_published(ROUND + 1, bytes.fromhex(SIGNATURE))
    assert fetch([awaited(ROUND + 1)], Rounds(r657414=SIGNATURE)) == []


def test_what_cannot_be_fetched_waits_and_a_draw_with_a_secret_is_left_alone() -> None:
    """The other draws go on."""
    rounds = Rounds(r657413=SIGNATURE)
    lines = fetch([awaited(ROUND + 5, "later"), awaited(None, "secret"), awaited()], rounds)
    assert [line.draw for line in lines] == ["spring"]
    assert rounds.asked == [ROUND + 5, ROUND]


def test_another_process_may_have_the_turn() -> None:
    """Then nothing is read or fetched."""
    rounds = Rounds(r657413=SIGNATURE)
    assert fetch([awaited()], rounds, my_turn=False) == []
    assert rounds.asked == []
