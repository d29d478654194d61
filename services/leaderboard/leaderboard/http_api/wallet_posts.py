"""The wallet's part about challenges: a person's own posts, what was decided about them, and the form of an appeal."""

from typing import Annotated, Literal

import msgspec
from flask import Blueprint as Pages
from flask import request
from msgspec import Meta, Struct
from werkzeug.wrappers import Response as AnyResponse

from leaderboard.challenge_store import ChallengeStore
from leaderboard.domain.challenge_record import ChallengeRecord, Entry, PostRecord
from leaderboard.domain.challenge_score import ChallengeDays, counts
from leaderboard.folds.challenge_terms import DeclaredChallenge
from leaderboard.http_api.dependencies import dependencies
from referral.events.facts import RefusalReason, Submission, SubmissionAppealed, fact_key
from referral.events.ids import derive_id
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.problems import Problem
from referral.http.rate_limit import without_rate_limit
from referral.http.responses import response
from referral.http.same_origin import require_same_origin
from referral.http.wallet_session import back_to_wallet, require_wallet_session
from referral.polling import becomes_true
from referral.tokens import WalletToken
from referral.topics import EVENTS

MAX_POSTS = 20
_WAIT_S = 2.0
PostState = Literal["counts", "checking", "refused", "removed", "unverified"]
blueprint = Blueprint("wallet_posts", __name__, description="A person's posts in challenges, for their wallet.")
pages = Pages("wallet_post_appeals", __name__)


class OwnPostResponse(Struct):
    """A person's post in a challenge."""

    challenge: str
    hashtag: str
    post: Annotated[str, Meta(description="its id in this system", examples=["pst_3v8k2m9q4t6w1x7z"])]
    text: Annotated[str | None, Meta(description="its id at the platform, or its URL")]
    state: Annotated[PostState, Meta(description="`unverified`: the post was not reported to be there, or not in time")]
    reason: Annotated[RefusalReason | None, Meta(description="why it was refused; null for any other state")]
    appealed: bool
    may_appeal: bool


class OwnPostsResponse(Struct):
    """The newest posts of a person in challenges, and how many there are in all."""

    items: list[OwnPostResponse]
    total: int


@blueprint.get("/v1/wallet/posts")
@without_rate_limit
@response(OwnPostsResponse)
@blueprint.alt_response(401, description="No session of a wallet, as a bearer token or cookie.")
def posts() -> OwnPostsResponse:
    """The newest 20 posts in challenges of the person whose wallet is open."""
    session = require_wallet_session()
    record = dependencies().challenges.record(session.program, session.person)
    declared = dependencies().challenge_terms.all_of(session.program, context().catalog)
    found = sorted(
        (
            (-entry.entered_ms, name, id_)
            for name, post in record.posts.items()
            for id_, entry in post.entries.items()
            if id_ in declared and entry.is_submission
        )
    )
    items = [_own_post(session, record, name, declared[id_]) for _, name, id_ in found[:MAX_POSTS]]
    return OwnPostsResponse(items, len(found))


@pages.post("/w/post-appeals")
def appeal() -> AnyResponse:
    """Asks for another look at a post that was refused: once. It waits for a review again, and counts until then."""
    require_same_origin()
    session = require_wallet_session()
    challenge, post = request.form.get("challenge", "")[:128], request.form.get("post", "")[:128]
    store, known = dependencies().challenges, dependencies().challenge_terms
    if not _entry(store, session, challenge, post).is_submission or not known.days_of(
        session.program, challenge, context().catalog
    ):
        raise Problem(404, "unknown_submission", "There is no such post in this wallet.")
    if not _may_appeal(_entry(store, session, challenge, post)):
        raise Problem(409, "not_appealable", "This post counts, or you have asked about it before.")
    line = SubmissionAppealed(
        id=derive_id("evt", session.person, challenge, post, "appeal"),
        program=session.program,
        person=session.person,
        occurred_at=to_datetime(context().clock.now_ms()),
        data=Submission(challenge=challenge, post=post),
    )
    dependencies().publisher.publish(EVENTS, [(fact_key(line), msgspec.json.encode(line))])
    becomes_true(lambda: _entry(store, session, challenge, post).appealed_ms > 0, _WAIT_S)
    return back_to_wallet("appealed", "posts")


def _entry(store: ChallengeStore, session: WalletToken, challenge: str, post: str) -> Entry:
    return store.record(session.program, session.person).post(post).entry(challenge)


def _may_appeal(entry: Entry) -> bool:
    return entry.review_state == "refused" and not entry.appealed_ms


def _own_post(session: WalletToken, record: ChallengeRecord, name: str, declared: DeclaredChallenge) -> OwnPostResponse:
    post = record.post(name)
    entry = post.entry(declared.days.id)
    text, state = context().people.snapshot().text(session.person, name), _state(post, declared.days)
    return OwnPostResponse(
        challenge=declared.days.id,
        hashtag=declared.challenge.hashtag,
        post=name,
        text=text.text if text else None,
        state=state,
        reason=entry.review.reason if state == "refused" and entry.review else None,
        appealed=entry.appealed_ms > 0,
        may_appeal=_may_appeal(entry),
    )


def _state(post: PostRecord, days: ChallengeDays) -> PostState:
    review = post.entry(days.id).review_state
    if post.verification == "removed":
        return "removed"
    if review == "refused":
        return "refused"
    if not counts(post, days):
        return "unverified"
    return "counts" if review == "approved" else "checking"
