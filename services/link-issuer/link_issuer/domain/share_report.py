"""Reported shares: the fact that a report becomes, and the limits of what a share page can report.

Share pages are public, so a page's token limits its reports: one participant, at most MAX_PRESSES reports, for one hour.
"""

from dataclasses import dataclass
from datetime import datetime

from referral.events.entities import Link, Participant
from referral.events.facts import Channel, ContentShared, Shared, ShareToken
from referral.events.ids import derive_id
from referral.events.timestamps import DAY_MS, to_datetime

MAX_PRESSES = 10
TOKEN_LIFETIME_MS = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareReport:
    """Who shared (`person`, their person id), what and on which channel; the participant it counts for and the code, if known."""

    program: str
    person: str
    channel: Channel
    content: str | None = None
    cta: str | None = None
    participant: str | None = None
    code: str | None = None

    def fact(self, id_: str, at: datetime) -> ContentShared:
        """The fact. The code is in its data: as a top-level field it would be evidence that its owner referred the sharer."""
        data = Shared(content=self.content, cta=self.cta, participant=self.participant, code=self.code)
        return ContentShared(
            occurred_at=at, id=id_, program=self.program, person=self.person, channel=self.channel, data=data
        )


def share_page_fact(
    token: ShareToken, press: int, now_ms: int, owner: Participant, holder: Participant | Link
) -> ContentShared:
    """The fact of one press of a share page's button: a share by the participant, the same fact each time it is reported.

    Its time stays within the UTC day on which the token was issued, since folds recognize a repeated fact by id and day.
    """
    report = ShareReport(
        program=owner.program,
        person=owner.id,
        channel=token.channel,
        content=token.content,
        cta=token.cta,
        participant=owner.id,
        code=holder.code,
    )
    last_ms = (token.issued_ms // DAY_MS + 1) * DAY_MS - 1
    return report.fact(derive_id("evt", token.id, str(press)), to_datetime(min(now_ms, last_ms)))


def is_expired(token: ShareToken, now_ms: int) -> bool:
    """Whether a token can no longer report shares."""
    return now_ms - token.issued_ms > TOKEN_LIFETIME_MS
