"""Response structs of challenges."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from leaderboard.challenge_store import ListedPost
from leaderboard.domain.challenge_record import PostRecord, ReviewState, RightsState, VerificationState
from leaderboard.domain.challenge_score import SCORE, ChallengeDays, ScoreItem, counts
from leaderboard.folds.closing_terms import prize_text
from referral.events.challenges import Challenge, ChallengePrize
from referral.events.facts import RefusalReason
from referral.events.timestamps import to_datetime
from referral.http.paging import Page
from referral.http.responses import Timestamp
from referral.people.known_people import KnownPerson

ChallengeState = Literal["not_begun", "running", "over", "frozen"]


class ChallengeResponse(Struct, kw_only=True):
    """A challenge, as of now."""

    program: str
    id: Annotated[str, Meta(examples=["glow30"])]
    hashtag: Annotated[str, Meta(examples=["#Glow30"])]
    state: Annotated[ChallengeState, Meta(description="`frozen`: a day after its end; no submission enters any more.")]
    starts: date
    days: int
    day: Annotated[
        int | None, Meta(description="The day of the challenge, from 1; null before it begins and after it.")
    ]
    days_left: Annotated[int, Meta(description="With today, in the program's time zone.")]
    starts_at: Timestamp
    ends_at: Timestamp
    frozen_at: Timestamp
    votes_from: Annotated[Timestamp | None, Meta(description="From when on followers can vote; null without votes.")]
    prompt: Annotated[dict[str, str], Meta(description="What to post about today, by language; empty without one.")]
    guide: str | None
    examples: list[str]
    prizes: Annotated[dict[ChallengePrize, str], Meta(description="A text, of several languages the first.")]
    points: Annotated[dict[ScoreItem, int], Meta(description="What counts in the score, and for how much.")]
    participants: int
    posts: Annotated[int, Meta(description="Posts that count.")]
    waiting: Annotated[int, Meta(description="Submissions that wait for a review.")]


class RightsResponse(Struct, kw_only=True):
    """Whether a post may be shown, with the words of the permission."""

    state: RightsState
    asked_at: Timestamp | None
    given_at: Timestamp | None
    wording: str | None
    withdrawn_at: Timestamp | None


class VotesResponse(Struct, kw_only=True):
    """The votes for a submission."""

    counted: int
    own_friends: Annotated[int, Meta(description="Votes of people whom the author brought; part of the others.")]
    held: Annotated[int, Meta(description="Votes of a burst, which an operator has to decide about.")]


class SubmissionResponse(Struct, kw_only=True):
    """A post in a challenge."""

    person: Annotated[str, Meta(description="The author's person id.", examples=["psn_3v8k2m9q4t6w1x7z"])]
    external_id: Annotated[str | None, Meta(description="The author's id at the platform; null once they are erased.")]
    display_name: str | None
    post: Annotated[str, Meta(description="The id of the post in this system.", examples=["pst_3v8k2m9q4t6w1x7z"])]
    text: Annotated[str | None, Meta(description="Its id at the platform or its URL; null once its author is erased.")]
    entered_at: Annotated[Timestamp | None, Meta(description="When it entered the challenge.")]
    published_at: Annotated[Timestamp | None, Meta(description="Null while it was not reported to be there.")]
    day: Annotated[int | None, Meta(description="The day of the challenge on which it was published.")]
    verification: VerificationState
    review: ReviewState
    reason: RefusalReason | None
    reviewed_by: str | None
    revocable: Annotated[list[str], Meta(description="The ids of the decisions that `POST …/undo` can take back.")]
    counts: Annotated[bool, Meta(description="Whether it counts: there, within the days, and not refused.")]
    rights: RightsResponse
    picked: bool
    featured_week: Annotated[int | None, Meta(description="The week that it is the post of, from 1.")]
    votes: VotesResponse


class SubmissionPage(Page[SubmissionResponse]):
    """A page of submissions, the earliest first; of the gallery, the newest first."""


class ParticipationResponse(Struct, kw_only=True):
    """A person's part in a challenge."""

    program: str
    challenge: str
    participant: str
    joined_at: Timestamp | None
    score: int
    rank: Annotated[int | None, Meta(description="Their place by score; null without one.")]
    posts: Annotated[int, Meta(description="Posts of theirs that count.")]
    posted_days: Annotated[list[int], Meta(description="The days of the challenge with such a post.")]
    streak: Annotated[int, Meta(description="Days in a row with a post until today, which may still follow.")]
    longest_streak: int


def challenge_state(days: ChallengeDays, second: int) -> ChallengeState:
    """The state of a challenge at a second since the epoch."""
    if second < days.start_s:
        return "not_begun"
    if second < days.end_s:
        return "running"
    return "over" if second < days.frozen_s else "frozen"


def challenge_response(
    program: str, declared: Challenge, days: ChallengeDays, second: int, sizes: tuple[int, int, int]
) -> ChallengeResponse:
    """The response about a challenge; `sizes` are its participants, posts that count, and waiting submissions."""
    state, day = challenge_state(days, second), days.day_at(second)
    prompts = declared.resources.prompts
    return ChallengeResponse(
        program=program,
        id=declared.id,
        hashtag=declared.hashtag,
        state=state,
        starts=days.starts,
        days=days.days,
        day=day if state == "running" else None,
        days_left=days.days_left(second),
        starts_at=to_datetime(days.start_s * 1000),
        ends_at=to_datetime(days.end_s * 1000),
        frozen_at=to_datetime(days.frozen_s * 1000),
        votes_from=to_datetime(days.votes_from_s * 1000) if days.votes_from_s is not None else None,
        prompt=dict(prompts[day - 1]) if state == "running" and day <= len(prompts) else {},
        guide=declared.resources.guide,
        examples=list(declared.resources.examples),
        prizes={kind: prize_text(prize) for kind, prize in declared.prizes.items()},
        points=dict(SCORE),
        participants=sizes[0],
        posts=sizes[1],
        waiting=sizes[2],
    )


def submission_response(
    listed: ListedPost, days: ChallengeDays, known: KnownPerson | None, text: str | None
) -> SubmissionResponse:
    """The response about a submission; `text` is the post's id or URL at the platform."""
    record, entry = listed.record, listed.record.entry(days.id)
    state = entry.review_state
    return SubmissionResponse(
        person=listed.person,
        external_id=known.external_id if known else None,
        display_name=known.display_name if known else None,
        post=listed.post,
        text=text,
        entered_at=_time(entry.entered_ms),
        published_at=_time(record.published_s * 1000),
        day=days.day_at(record.published_s) if record.published_s and days.contains(record.published_s) else None,
        verification=record.verification,
        review=state,
        reason=entry.review.reason if entry.review else None,
        reviewed_by=entry.review.by if entry.review else None,
        revocable=list(entry.revocable),
        counts=counts(record, days),
        rights=_rights_response(record),
        picked=entry.is_picked,
        featured_week=entry.week or None,
        votes=VotesResponse(counted=listed.votes.counted, own_friends=listed.votes.friends, held=listed.votes.held),
    )


def _rights_response(record: PostRecord) -> RightsResponse:
    rights = record.rights
    return RightsResponse(
        state=rights.state,
        asked_at=_time(rights.asked_ms),
        given_at=_time(rights.given_ms),
        wording=rights.wording or None,
        withdrawn_at=_time(rights.withdrawn_ms),
    )


def _time(at_ms: int) -> Timestamp | None:
    return to_datetime(at_ms) if at_ms else None
