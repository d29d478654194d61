"""The thread that follows up erasures; one in each process, any of which may do what is due."""

from threading import Event, Thread
from typing import Self

import structlog
from redis.exceptions import RedisError

from link_issuer.privacy.erasure import Erasure, ErasureIncomplete, ErasureInProgress
from link_issuer.privacy.follow_up_schedule import FollowUp, FollowUpSchedule
from referral.log.errors import LogUnavailable, NotDurable

_LONGEST_PAUSE_S = 10.0
log = structlog.get_logger()


class FollowUpWorker:
    """Carries out what is due. One that fails stays scheduled; two processes may carry out the same one, which is harmless."""

    def __init__(self, erasure: Erasure, schedule: FollowUpSchedule, erase_within_s: int) -> None:
        self._erasure, self._schedule = erasure, schedule
        self._pause_s = min(_LONGEST_PAUSE_S, erase_within_s / 8)
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="erasures", daemon=True)

    def start(self) -> Self:
        """Starts the thread."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stops the thread."""
        self._stopping.set()
        self._thread.join(5)

    def _run(self) -> None:
        while not self._stopping.wait(self._pause_s):
            try:
                self.run_once()
            except (RedisError, LogUnavailable, NotDurable) as error:
                log.warning("following up erasures failed", reason=f"{type(error).__name__}: {error}")

    def run_once(self) -> None:
        """Carries out the follow-ups that are due. Raises RedisError, LogUnavailable, NotDurable; then the rest stays scheduled."""
        for follow_up in self._schedule.due():
            try:
                self._carry_out(follow_up)
            except (ErasureIncomplete, ErasureInProgress) as error:  # of this person alone
                reason = f"{type(error).__name__}: {error}"
                log.warning("following up an erasure failed", person=follow_up.removal.person, reason=reason)

    def _carry_out(self, follow_up: FollowUp) -> None:
        if self._erasure.follow_up(follow_up.removal):
            log.info("remaining records of an erased person removed", person=follow_up.removal.person)
            self._schedule.add(follow_up.removal)
        else:
            self._schedule.remove(follow_up)
