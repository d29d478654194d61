"""Holds draws by itself: fetches the rounds that committed draws wait for, and publishes those that verify.

What it publishes is the same line as `referral draw hold` leads to, and it is checked in the same way. A round that cannot be
fetched is tried again a minute later.
"""

import threading
from collections.abc import Callable

import structlog

from leaderboard.closing_store import AwaitedDraw
from leaderboard.domain.draw_result import InvalidRandomness, randomness
from leaderboard.drand_client import RoundUnavailable
from referral.events.standings import DrawRandomnessGiven
from referral.events.timestamps import to_datetime
from referral.verification import quicknet

INTERVAL_S = 60.0
MAX_DRAWS = 20
"""Of one run; the next one goes on."""
log = structlog.get_logger()


class DrawFetcher:
    """Repeats `run_once` in a thread. `awaited` returns draws with a published round, at most so many; `signature` fetches it.

    `is_my_turn` is called once a run, so that one process of several does it.
    """

    def __init__(
        self,
        awaited: Callable[[int, int], list[AwaitedDraw]],
        signature: Callable[[int], str],
        publish: Callable[[DrawRandomnessGiven], None],
        now_ms: Callable[[], int],
        is_my_turn: Callable[[], bool],
    ) -> None:
        self._awaited = awaited
        self._signature = signature
        self._publish = publish
        self._now_ms = now_ms
        self._is_my_turn = is_my_turn
        self._stopping = threading.Event()

    def start(self) -> "DrawFetcher":
        """Starts the thread; returns itself."""
        threading.Thread(target=self._run, name="draws", daemon=True).start()
        return self

    def stop(self) -> None:
        """Ends the thread soon."""
        self._stopping.set()

    def run_once(self) -> int:
        """Publishes the randomness of draws with a published round; returns of how many. Raises redis's and the log's errors."""
        if not self._is_my_turn():
            return 0
        now_ms, found, published = self._now_ms(), dict[int, str | None](), 0
        for draw in self._awaited(now_ms // 1000, MAX_DRAWS):
            number = draw.state.round
            if number is not None and number not in found:
                found[number] = self._verified_signature(number)
            signature = found.get(number) if number is not None else None
            if signature is not None and _is_valid(draw, signature):
                self._publish(_randomness_line(draw, signature, now_ms))
                published += 1
        return published

    def _verified_signature(self, number: int) -> str | None:
        try:
            signature = self._signature(number)
        except RoundUnavailable as error:
            log.warning("round not fetched", round=number, reason=str(error))
            return None
        if not _is_hex(signature) or not quicknet.is_published(number, bytes.fromhex(signature)):
            log.warning("round refused: not quicknet's signature", round=number)
            return None
        return signature

    def _run(self) -> None:
        while not self._stopping.wait(INTERVAL_S):
            try:
                self.run_once()
            except Exception as error:  # noqa: BLE001 - the thread must outlive whatever Redis and the log raise
                log.warning("draws not held", reason=f"{type(error).__name__}: {error}")


def _is_hex(text: str) -> bool:
    return len(text) % 2 == 0 and all(character in "0123456789abcdef" for character in text)


def _is_valid(draw: AwaitedDraw, signature: str) -> bool:
    try:
        randomness(draw.state, draw.state.round, signature, None)
    except InvalidRandomness:
        return False
    return True


def _randomness_line(draw: AwaitedDraw, signature: str, now_ms: int) -> DrawRandomnessGiven:
    return DrawRandomnessGiven(
        occurred_at=to_datetime(now_ms),
        program=draw.board.program,
        metric=draw.board.metric,
        period=draw.board.period,
        draw=draw.state.draw,
        by="drand",
        round=draw.state.round,
        signature=signature,
    )
