"""Facts: what platforms and the redirect report, in `referral.events`, keyed by program and person.

Clicks are keyed by the participant whose link was opened: who opened it is not known.

Platforms identify people by their own ids; ingest replaces those, and everything else that identifies a person, by pseudonyms
(referral.people.pseudonyms) before a fact is written. Fields marked `readOnly` are only on the log.

`Fact` is the union that the ingest endpoint accepts, `EventLine` the union of all lines of the topic.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal, assert_never

from msgspec import Meta, Struct

from referral.events.keys import click_key, person_key
from referral.events.line import ClockTicked, Derived, Id, Line, Name, PersonId, PersonRef, Timestamp
from referral.events.people import TextId

Channel = Literal["xiaohongshu", "wechat", "weibo", "douyin", "web"]
Visitor = Literal["person", "head", "prefetch", "preview", "crawler"]
RefusalReason = Literal[
    "off_topic", "not_own_work", "copied", "advertising", "offensive", "unsafe_claim", "personal_data", "other"
]
"""Why a submission was refused."""
Token = Annotated[str, Meta(min_length=1, max_length=1024)]
Amount = Annotated[Decimal, Meta(description="in the currency's main unit, as a JSON string or number")]
LookAlike = (
    Annotated[
        str,
        Meta(
            max_length=64,
            description="on the log: equal for external ids that people could confuse",
            extra_json_schema={"readOnly": True},
        ),
    ]
    | None
)
DecidingKey = Annotated[Id | None, Meta(description="the id of the API key that the decision was sent with")]
SealedText = Annotated[str, Meta(min_length=1, max_length=1024)]
Note = Annotated[TextId | None, Meta(description="the id of the operator's note, which is in `people`")]
Currency = Annotated[str, Meta(min_length=1, max_length=16, description="an ISO 4217 code such as CNY")]


class PersonFact(Line, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An event of a person. `id` is the sender's own: the same id sent again is the same event."""

    id: Id
    program: Id
    person: PersonRef
    channel: Channel | None = None
    code: Name | None = None
    click: Token | None = None
    mention: Name | None = None
    device: Annotated[str, Meta(max_length=128, description="a hash, never the device's own identifier")] | None = None
    network: Annotated[str, Meta(max_length=128, description="a hash, never an address itself")] | None = None
    look_alike: LookAlike = None


class Content(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Which content item, call to action and post an event is about."""

    content: Id | None = None
    cta: Id | None = None
    post: Id | None = None


class Follow(Content, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """The follower's name at the platform; on the log, which patterns of throw-away names it matches instead."""

    handle: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    handle_matches: Annotated[
        tuple[Annotated[int, Meta(ge=0, le=128)], ...],
        Meta(
            max_length=128,
            description="on the log: which `disposable_handle.patterns` the handle matches, from 1; 0 for a built-in one",
            extra_json_schema={"readOnly": True},
        ),
    ] = ()


class Shared(Content, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """What was shared: the content, and the participant's code. It is not evidence of who referred the sharer."""

    participant: Id | None = None
    code: Name | None = None


class Order(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """An order: its id at the shop, what was paid, and the code of a reward that was used for it.

    `reward_amount` is how much of a code of a fixed amount was used; left out: all that is left. On the log the code is sealed.
    """

    order: Id
    amount: Amount
    currency: Currency
    reward_code: Annotated[
        Name | None, Meta(description="the code of a reward of this program, not a referral code")
    ] = None
    reward_amount: Annotated[Amount | None, Meta(description="in the order's currency, in its main unit")] = None
    sealed_reward_code: Annotated[
        SealedText | None,
        Meta(
            description="on the log: the code of the reward, sealed for the order", extra_json_schema={"readOnly": True}
        ),
    ] = None


class Refund(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """The order that was refunded, and how much of it, in the order's currency; left out: all of it. Its refunds add up."""

    order: Id
    amount: Amount | None = None


class OrderName(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """An order, by its id at the shop."""

    order: Id


class Post(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A post by a follower: its id at the platform, and the hashtags in it."""

    post: Id
    hashtags: Annotated[tuple[Name, ...], Meta(max_length=30)] = ()
    content: Id | None = None


class ChallengeName(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A challenge of the program."""

    challenge: Id


class Submission(ChallengeName, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A post that is handed in for a challenge, by its id at the platform or its URL."""

    post: Id


class Vote(Submission, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """The submission that a person votes for, and its author."""

    author: PersonRef


class Permission(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """The post that may be shown, and the words with which its author has agreed: without anything personal."""

    post: Id
    wording: Annotated[str, Meta(min_length=1, max_length=500)]


class OwnPost(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A post of the person, by its id at the platform or its URL."""

    post: Id


class Engagement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """How often a post was viewed, liked, saved, commented or shared since the last report."""

    post: Id
    kind: Literal["view", "like", "save", "comment", "share"]
    count: Annotated[int, Meta(ge=1, le=1_000_000)] = 1


class Scan(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Which parametric QR scene was scanned."""

    scene: Name | None = None


class Tag(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Who tagged this person, and under which post."""

    by: PersonRef
    post: Id | None = None


class ContentShown(PersonFact, frozen=True, kw_only=True, tag="content.shown"):
    """Content impression."""

    data: Content = Content()


class ContentShared(PersonFact, frozen=True, kw_only=True, tag="content.shared"):
    """A person shared a content item."""

    data: Shared = Shared()


class PersonFollowed(PersonFact, frozen=True, kw_only=True, tag="person.followed"):
    """A person began to follow the account; may carry evidence of their referrer."""

    data: Follow = Follow()


class PersonUnfollowed(PersonFact, frozen=True, kw_only=True, tag="person.unfollowed"):
    """A person stopped following."""


class PersonActive(PersonFact, frozen=True, kw_only=True, tag="person.active"):
    """A person was active: the measure of retention."""


class CodeScanned(PersonFact, frozen=True, kw_only=True, tag="code.scanned"):
    """A known person scanned a QR code."""

    data: Scan = Scan()


class FriendTagged(PersonFact, frozen=True, kw_only=True, tag="friend.tagged"):
    """This person was tagged by a friend."""

    data: Tag


class OrderPaid(PersonFact, frozen=True, kw_only=True, tag="order.paid"):
    """An order was paid."""

    data: Order


class OrderRefunded(PersonFact, frozen=True, kw_only=True, tag="order.refunded"):
    """An order was refunded."""

    data: Refund


class OrderCancelled(PersonFact, frozen=True, kw_only=True, tag="order.cancelled"):
    """An order was cancelled, or its payment failed: as a refund of all of it, until it is reinstated."""

    data: OrderName


class OrderReinstated(PersonFact, frozen=True, kw_only=True, tag="order.reinstated"):
    """An order is valid after all: its cancellation and its refunds up to now are void."""

    data: OrderName


class PostPublished(PersonFact, frozen=True, kw_only=True, tag="post.published"):
    """A follower published a post."""

    data: Post


class PostEngaged(PersonFact, frozen=True, kw_only=True, tag="post.engaged"):
    """People viewed a follower's post, or engaged with it. The person is its author."""

    data: Engagement


class PostRemoved(PersonFact, frozen=True, kw_only=True, tag="post.removed"):
    """A post was removed: it no longer counts."""

    data: Post


class PostVerified(PersonFact, frozen=True, kw_only=True, tag="post.verified"):
    """A post was looked at and is there, with these hashtags. One that was removed before counts again."""

    data: Post


class ChallengeJoined(PersonFact, frozen=True, kw_only=True, tag="challenge.joined"):
    """A person takes part in a challenge."""

    data: ChallengeName


class PostSubmitted(PersonFact, frozen=True, kw_only=True, tag="post.submitted"):
    """A person hands in a post of their own for a challenge. It counts once it was published or verified."""

    data: Submission


class SubmissionAppealed(PersonFact, frozen=True, kw_only=True, tag="submission.appealed"):
    """An appeal by the author against the refusal of a submission; once."""

    data: Submission


class RightsGiven(PersonFact, frozen=True, kw_only=True, tag="rights.given"):
    """The author allows that their post is shown."""

    data: Permission


class RightsWithdrawn(PersonFact, frozen=True, kw_only=True, tag="rights.withdrawn"):
    """The author no longer allows, or never allowed, that their post is shown."""

    data: OwnPost


class PostVoted(PersonFact, frozen=True, kw_only=True, tag="post.voted"):
    """A person votes for a submission. Each person has one vote in a challenge; the latest counts."""

    data: Vote


class LinkClicked(Line, frozen=True, kw_only=True, tag="link.clicked"):
    """A referral link was opened. The visitor is unknown; `id` is the click's, also contained in its token."""

    id: Id
    program: Id
    participant: Id
    code: Name
    channel: Channel | None = None
    content: Id | None = None
    cta: Id | None = None
    visitor: Visitor = "person"
    partner: Id | None = None
    campaign: Name | None = None


class ClickReclassed(Line, frozen=True, kw_only=True, omit_defaults=True, tag="click.reclassed"):
    """A click was recorded with the wrong visitor class. Carries what counters need to move it: its time
    (`clicked_at`), and the recorded class (`was`). Of several, the latest counts.
    """

    id: Id
    program: Id
    click: Id
    participant: Id
    code: Name
    clicked_at: Timestamp
    was: Visitor
    visitor: Visitor
    by: Name
    channel: Channel | None = None
    content: Id | None = None
    cta: Id | None = None
    note: Note = None
    api_key: DecidingKey = None


class BanDecision(Line, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An operator's decision about a person, with name and reason. Written by this system's API, never accepted from a platform."""

    id: Id
    program: Id
    person: PersonId
    by: Name
    note: Note = None
    api_key: DecidingKey = None


class PersonBanned(BanDecision, frozen=True, kw_only=True, tag="person.banned"):
    """The person is banned: neither their referrals nor their own referral count, earlier or later ones."""


class PersonUnbanned(BanDecision, frozen=True, kw_only=True, tag="person.unbanned"):
    """The ban is lifted: everything counts again as if there had been no ban."""


class SubmissionDecision(Line, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An operator's decision about a submission of `person`. Written by this system, never accepted from a platform."""

    id: Id
    program: Id
    person: PersonId
    challenge: Id
    post: Id
    by: Name
    api_key: DecidingKey = None


class RightsRequested(SubmissionDecision, frozen=True, kw_only=True, tag="rights.requested"):
    """The author was requested to allow that their post is shown."""


class SubmissionReviewed(SubmissionDecision, frozen=True, kw_only=True, tag="submission.reviewed"):
    """The submission was approved, or refused for a reason: then it does not count. The latest review counts."""

    approved: bool
    reason: RefusalReason | None = None


class SubmissionPicked(SubmissionDecision, frozen=True, kw_only=True, tag="submission.picked"):
    """A curator has picked the submission; `picked` false: no longer."""

    picked: bool


class SubmissionFeatured(SubmissionDecision, frozen=True, kw_only=True, tag="submission.featured"):
    """The submission is featured as the post of a week of the challenge, counted from 1; 0: no longer."""

    week: Annotated[int, Meta(ge=0, le=53)]


class VotesReviewed(SubmissionDecision, frozen=True, kw_only=True, tag="votes.reviewed"):
    """Votes for the submission that were held, up to `through`, count after all, or do not."""

    counted: bool
    through: Timestamp


class DecisionUndone(SubmissionDecision, frozen=True, kw_only=True, tag="submission.decision_undone"):
    """A review of the submission, or a decision about its held votes, was taken back: the state is as without it."""

    decision: Annotated[Id, Meta(description="the id of the line that is taken back")]


class PersonThanked(Line, frozen=True, kw_only=True, omit_defaults=True, tag="person.thanked"):
    """An operator has thanked a person for what they shared or posted on a day. Written by this system."""

    id: Id
    program: Id
    person: PersonId
    day: Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="in the program's time zone")]
    by: Name
    api_key: DecidingKey = None


class EventWithdrawn(Line, frozen=True, kw_only=True, omit_defaults=True, tag="event.withdrawn"):
    """An earlier event of the person was recorded by mistake: attribution decides as if it had never been sent.

    `event` is its id, `was` its type. Written by the desk, never accepted from a platform.
    """

    id: Id
    program: Id
    person: PersonId
    event: Id
    was: Literal["person.followed", "friend.tagged"]
    by: Name
    api_key: DecidingKey = None


class VoteCounted(Derived, frozen=True, kw_only=True, tag="vote.counted"):
    """A vote for a submission of `person` counts from now on, or (`counted` false) no longer. Written by a fold."""

    person: PersonId
    voter: PersonId
    challenge: Id
    post: Id
    voted_at: Timestamp
    counted: bool


Fact = (
    ContentShown
    | ContentShared
    | PersonFollowed
    | PersonUnfollowed
    | PersonActive
    | CodeScanned
    | FriendTagged
    | OrderPaid
    | OrderRefunded
    | OrderCancelled
    | OrderReinstated
    | PostPublished
    | PostEngaged
    | PostRemoved
    | PostVerified
    | ChallengeJoined
    | PostSubmitted
    | SubmissionAppealed
    | RightsGiven
    | RightsWithdrawn
    | PostVoted
)
SubmissionLine = (
    RightsRequested | SubmissionReviewed | SubmissionPicked | SubmissionFeatured | VotesReviewed | DecisionUndone
)
LOG_ONLY_FIELDS = frozenset({"look_alike", "handle_matches", "sealed_reward_code"})
"""Fields of facts that ingest sets; from outside they are refused."""
FACT_ALIASES: Mapping[str, str] = {"person.signed_up": "person.followed", "person.left": "person.unfollowed"}
"""Other names of the same facts, for programs whose people sign up instead of following. Lines have the name on the right."""

EventLine = (
    Fact
    | LinkClicked
    | ClickReclassed
    | PersonBanned
    | PersonUnbanned
    | SubmissionLine
    | PersonThanked
    | EventWithdrawn
    | VoteCounted
    | ClockTicked
)


class ShareToken(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The token with which a share page's script reports shares: for this code only, and short-lived."""

    id: Id
    program: Id
    code: Name
    issued_ms: int
    channel: Channel
    content: Id | None = None
    cta: Id | None = None


class ClickToken(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The content of a click token, `rt` in the target URL: it identifies the click of a follow without a look-up.

    `root` is who began the chain of sharers that the link continues; None if its participant did.
    """

    id: Id
    program: Id
    participant: Id
    code: Name
    clicked_at_ms: int
    channel: Channel | None = None
    content: Id | None = None
    cta: Id | None = None
    partner: Id | None = None
    campaign: Name | None = None
    root: Id | None = None


def fact_key(
    line: Fact
    | LinkClicked
    | ClickReclassed
    | BanDecision
    | SubmissionDecision
    | PersonThanked
    | EventWithdrawn
    | VoteCounted,
) -> str:
    """The key of the person; of a click and its reclassification, which name no person, of the participant whose link it is.

    A vote that counts has the key of the author.
    """
    match line:
        case PersonFact() | BanDecision() | SubmissionDecision() | PersonThanked() | EventWithdrawn() | VoteCounted():
            return person_key(line.program, line.person)
        case LinkClicked() | ClickReclassed():
            return click_key(line.program, line.participant)
        case _:
            assert_never(line)


__all__ = ["EventLine", "Fact", "Timestamp", "fact_key"]
