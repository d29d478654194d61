"""Messages to promoters about people and rewards that do not exist: for the authors of the texts."""

from flask import current_app

from referral.events.deliveries import PromoterMessage
from referral.events.program import Program
from referral.events.promoter_messages import MessageKind
from referral.events.timestamps import DAY_MS, to_datetime
from referral.pages.languages import Language
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.next_milestone import next_milestone
from reward_dispatcher.pages.message_texts import MessageFacts, MessageText, example_items, write_message

_EXAMPLE = "example"
_CODE = "AMY88"


def preview_message(
    program: Program, kind: MessageKind, language: Language, now_ms: int, public_url: str
) -> MessageText:
    """Returns the message of a kind as its first reader would get it, in a language."""
    [item] = example_items(to_datetime(now_ms), [kind])
    message = PromoterMessage(occurred_at=item.at, program=program.id, person="psn_example", items=(item,))
    # All texts follow the language of a request, which is kept in its application context.
    with current_app.app_context(), current_app.test_request_context(f"/?lang={language}"):
        written = write_message(message, _facts(program, kind, now_ms, public_url))
    if written is None:
        raise LookupError(f"the example of {kind} is not true")
    return written


def _facts(program: Program, kind: MessageKind, now_ms: int, public_url: str) -> MessageFacts:
    rules = [rule for rule in program.rewards if rule.to == "referrer"]
    milestones = [rule.milestone for rule in rules if rule.milestone]
    progress = next_milestone(rules, max(milestones, default=1) - 1)
    return MessageFacts(
        program=program,
        now_ms=now_ms,
        name="Amy",
        accounts={_EXAMPLE: _account(program, kind, now_ms)},
        progress=progress,
        wallet=f"{public_url}/w/…",
        code=_CODE,
        link=f"{public_url}/{_CODE}",
        poster=f"{public_url}/s/{_CODE}/poster.png",
    )


def _account(program: Program, kind: MessageKind, now_ms: int) -> Account:
    rule = next(iter(program.rewards), None)
    is_revoked = kind == "reward_revoked"
    return Account(
        program=program.id,
        id=_EXAMPLE,
        beneficiary="psn_example",
        rule=rule.id if rule else "",
        kind=rule.kind if rule else "guide",
        role="referrer",
        version=1,
        trigger="",
        granted_ms=now_ms,
        due_ms=now_ms,
        changed_ms=now_ms,
        status="revoked" if is_revoked else "fulfilled",
        expires_ms=now_ms + 3 * DAY_MS,
        percent=rule.percent if rule else None,
        revocation_reason="unfollowed" if is_revoked else None,
    )
