"""How an attempt to deliver a message ended."""

from dataclasses import dataclass

from referral.events.deliveries import AttemptFailure, AttemptOutcome
from referral.events.promoter_messages import ChannelName


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """How an attempt ended. `excerpt` is of the answer, or of the error; it is not for the log.

    `channel` is that of a message to a promoter.
    """

    outcome: AttemptOutcome
    failure: AttemptFailure | None = None
    status: int | None = None
    retry_after_s: int | None = None
    excerpt: str = ""
    channel: ChannelName | None = None
