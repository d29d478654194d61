"""Shares that are reported: what one becomes on the log, and what keeps a share page's reports within bounds.

A page is open to everybody, so what it reports is bounded by what its token can say: one participant, so many presses, soon over.
"""

from dataclasses import dataclass
from datetime import datetime

from referral.events.entities import Link, Participant
from referral.events.facts import Channel, ContentShared, Shared, ShareToken
from referral.events.ids import derive_id
from referral.events.timestamps import to_datetime

MOST_PRESSES = 10
TOKEN_MS = 3_600_000
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Who (`person`) passed what on, where; whose it was, and by which code, as far as that is known."""

    program: str
    person: str
    channel: Channel
    content: str | None = None
    cta: str | None = None
    participant: str | None = None
    code: str | None = None

    def line(self, id_: str, at: datetime) -> ContentShared:
        """The fact. The code stands in its data: said at the top it would be evidence of who brought the sharer."""
        data = Shared(content=self.content, cta=self.cta, participant=self.participant, code=self.code)
        return ContentShared(
            occurred_at=at, id=id_, program=self.program, person=self.person, channel=self.channel, data=data
        )


def pressed(token: ShareToken, press: int, now_ms: int, owner: Participant, via: Participant | Link) -> ContentShared:
    """The fact of one press of a share page's button: the participant's own share, the same however often it is told.

    It stays within the UTC day on which the token was given, since a fact told twice counts once a day.
    """
    share = Share(
        program=owner.program,
        person=owner.external_id,
        channel=token.channel,
        content=token.content,
        cta=token.cta,
        participant=owner.id,
        code=via.code,
    )
    last_ms = (token.issued_ms // _DAY_MS + 1) * _DAY_MS - 1
    return share.line(derive_id("evt", token.id, str(press)), to_datetime(min(now_ms, last_ms)))


def is_over(token: ShareToken, now_ms: int) -> bool:
    """Whether a token is too old to report anything more."""
    return now_ms - token.issued_ms > TOKEN_MS
