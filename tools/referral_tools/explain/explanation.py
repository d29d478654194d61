"""An explanation as conversion-tracker answers it; only what is shown. Fields that are not known here are passed over."""

from datetime import datetime

from msgspec import Struct


class LogPosition(Struct, frozen=True):
    """The position of a line on the log."""

    topic: str
    partition: int
    offset: int
    line: int


class ExplainedParticipant(Struct, frozen=True):
    """A referrer."""

    id: str
    external_id: str | None = None
    display_name: str | None = None


class ExplainedTouch(Struct, frozen=True):
    """A touch and what became of it."""

    kind: str
    touched_at: datetime
    event: str
    why: str
    detail: str
    code: str | None = None
    channel: str | None = None
    referrer: ExplainedParticipant | None = None
    place: LogPosition | None = None


class Rules(Struct, frozen=True):
    """The rules that were applied."""

    version: int
    effective_from: datetime
    window_days: int
    model: str
    evidence: list[str]
    qualifies_on: str
    min_amount: str | None = None
    currency: str | None = None
    retained_days: int | None = None


class Finding(Struct, frozen=True):
    """What a rule of screening found."""

    reason: str
    outcome: str
    description: str
    observed: dict[str, float] = {}


class Review(Struct, frozen=True):
    """What a person decided."""

    decision: str
    by: str
    reviewed_at: datetime
    note: str | None = ""
    api_key: str | None = None


class Screening(Struct, frozen=True):
    """Whether the referral may be trusted."""

    conversion: str
    status: str
    findings: list[Finding]
    review: Review | None = None


class RewardState(Struct, frozen=True):
    """Something that happened to a reward."""

    state: str
    at: datetime
    place: LogPosition
    reason: str | None = None


class ExplainedReward(Struct, frozen=True):
    """A reward and what became of it."""

    id: str
    beneficiary: str | None
    status: str
    states: list[RewardState]
    rule: str | None = None
    kind: str | None = None
    milestone: int | None = None
    clawback: bool = False
    external_id: str | None = None


class Rank(Struct, frozen=True):
    """The referrer's place on the board."""

    rank: int | None
    score: int
    total: int


class Cause(Struct, frozen=True):
    """A line that the answer rests on."""

    type: str
    says: str
    recorded_at: datetime
    place: LogPosition
    cause: LogPosition | None = None


class Missing(Struct, frozen=True):
    """A step that was not found."""

    step: str
    detail: str


class Explanation(Struct, frozen=True):
    """The whole answer."""

    program: str
    id: str
    external_id: str | None
    verdict: str
    timezone: str
    status: str
    touches: list[ExplainedTouch]
    rewards: list[ExplainedReward]
    causes: list[Cause]
    missing: list[Missing]
    referral: str | None = None
    referrer: ExplainedParticipant | None = None
    followed_at: datetime | None = None
    first_followed_at: datetime | None = None
    qualified_at: datetime | None = None
    rules: Rules | None = None
    screening: Screening | None = None
    rank: Rank | None = None
    rank_unknown: str | None = None
    ignored: list[str] = []
