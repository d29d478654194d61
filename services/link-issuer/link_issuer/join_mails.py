"""Sends links of the join page by e-mail, beside the request: the time of an answer does not show whether an e-mail is sent.

A process that is stopped sends what waits, for up to three seconds (`DRAIN_S`): after five it is killed. What is left then is
lost, as in one that is killed at once, so the page advises to try again when nothing arrives: a link is of use for half an hour,
and the address of someone who is no participant yet is stored nowhere. Nothing is sent twice: an attempt that may have arrived is
the last one.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import BoundedSemaphore, Event

import structlog

from referral.config import Settings
from referral.http.serve import DRAIN_S
from referral.mail import HARD_BOUNCES, Mail, Mailer, MailFailed, mailer_of
from referral.telemetry.metrics import counter

_WORKERS, _MOST_WAITING = 4, 100
_PAUSES_S = (2.0, 15.0)
log = structlog.get_logger()


class JoinMails:
    """Thread-safe. After `stop` nothing is accepted."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._places = BoundedSemaphore(_MOST_WAITING)
        self._stopping, self._ends_at = Event(), float("inf")
        self._pool = ThreadPoolExecutor(_WORKERS, "join-mails")
        self._unfinished: set[Future[None]] = set()

    @property
    def is_open(self) -> bool:
        """Whether there is a mail server."""
        return bool(self._settings.smtp_host)

    def send(self, mail: Mail, on_bounce: Callable[[], None]) -> bool:
        """Whether the e-mail will be sent; False if too many wait. `on_bounce` is called if the mailbox does not exist."""
        if not self.is_open or self._stopping.is_set() or not self._places.acquire(blocking=False):
            return False
        attempt = self._pool.submit(self._run, mail, on_bounce)
        self._unfinished.add(attempt)
        attempt.add_done_callback(self._unfinished.discard)
        return True

    def stop(self) -> None:
        """Sends what waits, once each, for up to `DRAIN_S` seconds, then leaves the rest: what is closed next needs its time."""
        self._ends_at = time.monotonic() + DRAIN_S
        self._stopping.set()
        left = wait(self._unfinished.copy(), DRAIN_S).not_done
        self._pool.shutdown(wait=False, cancel_futures=True)
        if left:
            log.warning("links of the join page not sent", count=len(left), reason="the process stops")

    def _run(self, mail: Mail, on_bounce: Callable[[], None]) -> None:
        try:
            counter("join_links").labels("email", self._attempts(mail, on_bounce)).inc()
        except Exception as error:  # noqa: BLE001 - no caller sees this thread's errors
            log.warning("link of the join page not sent", reason=type(error).__name__)
        finally:
            self._places.release()

    def _attempts(self, mail: Mail, on_bounce: Callable[[], None]) -> str:
        """The outcome. What failed for now is tried again, unless it may have arrived or the process stops."""
        if time.monotonic() >= self._ends_at:
            return "failed"
        for pause_s in (*_PAUSES_S, None):
            error, has_begun = self._attempt(mail)
            if error is None:
                return "sent"
            log.info("link of the join page refused", reason=str(error))
            if error.status in HARD_BOUNCES and not has_begun:
                on_bounce()
                return "bounced"
            is_final = has_begun or (error.status or 0) >= 500
            if is_final or pause_s is None or self._stopping.wait(pause_s):
                break
        return "failed"

    def _attempt(self, mail: Mail) -> tuple[MailFailed | None, bool]:
        """The error of an attempt, and whether its content was begun."""
        has_begun = False

        async def begin() -> None:
            nonlocal has_begun
            has_begun = True

        mailer: Mailer | None = mailer_of(self._settings)
        try:
            if mailer is not None:
                asyncio.run(mailer.send(mail, begin))
        except MailFailed as error:
            return error, has_begun
        return None, has_begun
