"""Posts in challenges as the wallet shows them to their author, and in plain words why one was refused."""

from dataclasses import dataclass
from typing import assert_never

from referral.events.facts import RefusalReason
from referral.pages.languages import gettext
from reward_dispatcher.wallet_parts import OwnPost, PostState


@dataclass(frozen=True, slots=True)
class OwnPostView:
    """A post: its text or the hashtag, the glyph and name of its state, and the reason of a refusal."""

    challenge: str
    hashtag: str
    post: str
    name: str
    glyph: str
    state: str
    reason: str
    appealed: bool
    may_appeal: bool


def own_post_view(post: OwnPost) -> OwnPostView:
    """Returns what the wallet shows of a post."""
    glyph, state = _state_text(post.state)
    return OwnPostView(
        challenge=post.challenge,
        hashtag=post.hashtag,
        post=post.post,
        name=post.text or gettext("Your post"),
        glyph=glyph,
        state=state,
        reason=refusal_text(post.reason) if post.reason else "",
        appealed=post.appealed,
        may_appeal=post.may_appeal,
    )


def _state_text(state: PostState) -> tuple[str, str]:
    match state:
        case "counts":
            return "✓", gettext("Counts")
        case "checking":
            return "⏳", gettext("Counts, and is being checked")
        case "refused":
            return "⊘", gettext("Does not count")
        case "removed":
            return "⊘", gettext("The post was removed")
        case "unverified":
            return "⏳", gettext("Not seen yet")
        case _:
            assert_never(state)


def refusal_text(reason: RefusalReason) -> str:  # noqa: C901, PLR0911 - a table
    """Returns why a reviewer refused a post, for its author."""
    match reason:
        case "off_topic":
            return gettext("It is about something else than the challenge.")
        case "not_own_work":
            return gettext("It does not look like your own post.")
        case "copied":
            return gettext("It repeats another post.")
        case "advertising":
            return gettext("It advertises something else.")
        case "offensive":
            return gettext("It could hurt or insult people.")
        case "unsafe_claim":
            return gettext("It promises what no product can.")
        case "personal_data":
            return gettext("It shows personal data of others.")
        case "other":
            return gettext("Our team had another reason.")
        case _:
            assert_never(reason)
