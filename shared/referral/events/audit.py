"""The audit log, in `referral.audit`: what operators and admin keys did in the console and with operators. It identifies no one.

A line is written before its action takes effect, so no action is without one; an action that failed then may have a line.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from referral.events.facts import Channel
from referral.events.line import Id, Line, PersonId

ActionName = Literal[
    "session.started",
    "session.refused",
    "session.ended",
    "session.all_ended",
    "operator.added",
    "operator.enrolled",
    "operator.changed",
    "operator.reset",
    "operator.removed",
    "key.revoked",
    "conversion.released",
    "conversion.rejected",
    "conversion.withdrawn",
    "reward.approved",
    "reward.fulfilled",
    "reward.held",
    "reward.released",
    "reward.revoked",
    "reward.restored",
    "desk.recorded",
    "desk.withdrawn",
    "person.banned",
    "person.unbanned",
    "person.exported",
    "person.corrected",
    "person.erased",
    "wallet_link.created",
    "wallet_links.revoked",
    "dashboard_link.created",
    "dashboard_link.revoked",
    "reward.used",
    "reward.use_undone",
    "pool.filled",
    "pool.codes_voided",
    "budget.released",
    "webhook.enabled",
    "webhook.disabled",
    "webhook.rotated",
    "webhook.changed",
    "webhook.tested",
    "webhook.resent",
    "digest.tested",
    "message.tested",
    "address.reopened",
    "submission.approved",
    "submission.refused",
    "submission.picked",
    "submission.unpicked",
    "submission.featured",
    "submission.unfeatured",
    "submission.rights_requested",
    "submission.votes_counted",
    "submission.votes_dropped",
    "submission.decision_undone",
    "person.thanked",
    "program.applied",
]
ProgramOrNone = Annotated[str, Meta(max_length=64, description="the program that it was about; empty for none")]


class PasteEvent(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An event that a paste at the desk adds: what it withdraws again. `post` is the pseudonym of the post, of a post alone."""

    kind: Literal["follow", "tag", "post", "proof"]
    person: PersonId
    event: Annotated[str, Meta(max_length=64, description="the id of the event; of a proof, of its claim")]
    post: Annotated[str, Meta(max_length=32)] = ""


class DeskPaste(Struct, frozen=True, kw_only=True, gc=False):
    """What a paste at the desk is about to add: it names events that do not exist if the process ends in between."""

    channel: Channel
    events: Annotated[tuple[PasteEvent, ...], Meta(min_length=1, max_length=500)]


class ActionRecorded(Line, frozen=True, kw_only=True, tag="action.recorded"):
    """An operator or an API key did something: who, what, with what, and the id of their note in `people`.

    `actor` is `opr_…` or `key_…`. `target` is the id of what was acted on: a conversion, reward, person, pool, budget,
    webhook, operator, key, dashboard link, withdrawn paste or version of a program; of a submission, its author and post.
    `paste` is what `desk.recorded` adds.
    """

    id: Id
    actor: Id
    action: ActionName
    program: ProgramOrNone = ""
    target: Annotated[str, Meta(max_length=128)] = ""
    note: Annotated[Id, Meta(description="the id of a text in `people`")] | None = None
    paste: DeskPaste | None = None


def audit_key(line: ActionRecorded) -> str:
    """The key of a line; the topic has one partition, so that the order is that of all actions."""
    return line.actor
