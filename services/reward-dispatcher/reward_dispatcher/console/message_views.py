"""Messages to promoters in the console: what was sent, what waits and why, addresses that take none, texts, digests."""

from dataclasses import replace
from typing import get_args

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from referral.console.guard import Visit, console_view
from referral.events.deliveries import ChannelOpened
from referral.events.program import Program
from referral.events.promoter_messages import (
    MESSAGE_KINDS,
    DigestKind,
    people_endpoint,
    people_endpoints,
)
from referral.events.timestamps import to_datetime, to_ms
from referral.events.value_checks import InvalidValue
from referral.http.context import context
from referral.http.paging import decode_position, encode_position
from referral.http.problems import Problem
from referral.mail import MAX_ADDRESS, ascii_address
from referral.pages.console_shell import back_to, current_program
from referral.pages.languages import Language
from referral.polling import poll
from reward_dispatcher.delivery.excerpts import excerpt_key, read_excerpts
from reward_dispatcher.delivery_store import STATUSES, ListEntry
from reward_dispatcher.domain.mail_endpoint import digest_endpoint
from reward_dispatcher.domain.message_delivery import DeliveryStatus, MessageDelivery
from reward_dispatcher.domain.outbox import person_of_message
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.digests import digest_targets, require_kind, send_digest
from reward_dispatcher.http_api.promoter_messages import rules_of, send_test
from reward_dispatcher.http_api.webhook_lines import publish
from reward_dispatcher.pages.messages_page import (
    DigestAnswer,
    DigestState,
    MessageList,
    MessagesView,
    closed_addresses,
    figures_of,
    message_rows,
    messages_page,
    previews_of,
)

MESSAGES = "/console/rewards/messages"
MAX_CLOSED = 200
_PAGE, _EFFECT_S = 50, 2.0

blueprint = Blueprint("console_messages", __name__)


@blueprint.get(MESSAGES)
@console_view("read")
def messages(visit: Visit) -> str:
    """The messages of the program by status, addresses that take none, the texts in both languages, and digests."""
    program = current_program(visit)
    return messages_page(visit, _view(program) if program else None)


@blueprint.post(MESSAGES)
@console_view("resend_messages")
def act(visit: Visit) -> ResponseReturnValue:
    """Sends an example to an address or a digest to its target, or allows e-mails to the chosen people again."""
    program = current_program(visit)
    if program is None:
        raise Problem(404, "unknown_program", "There is no program yet. Apply a program file first.")
    match request.form.get("decision"):
        case "test":
            return back_to(MESSAGES, done=_test(visit, rules_of(program)))
        case "reopen":
            return back_to(MESSAGES, done="reopened", number=_reopen(visit, program, request.form.getlist("id")))
        case "digest":
            answer, status = _test_digest(visit, program, require_kind(request.form.get("target", "")))
            return messages_page(visit, replace(_view(program), digest_answer=answer)), status
    raise Problem(400, "malformed_request", "`decision` must be one of test, reopen, digest.")


def _test_digest(visit: Visit, program: str, kind: DigestKind) -> tuple[DigestAnswer, int]:
    """Sends the newest digest; returns what the target answered, and the status of the page."""
    visit.record("digest.tested", program=program, target=kind)
    try:
        return DigestAnswer(kind, send_digest(program, kind, visit.operator.id).result.status), 200
    except Problem as problem:
        return DigestAnswer(kind, refused=problem.detail), problem.status


def _test(visit: Visit, rules: Program) -> str:
    """What came of it, as a word for the page."""
    sent = request.form.get("address", "").strip()
    kind = next((one for one in MESSAGE_KINDS if one == request.form.get("kind")), MESSAGE_KINDS[0])
    languages: tuple[Language, ...] = get_args(Language)
    language = next((one for one in languages if one == request.form.get("language")), languages[0])
    try:
        address = ascii_address(sent)
    except InvalidValue:
        return "invalid_address"
    if not 3 <= len(sent) <= MAX_ADDRESS or "@" not in sent.strip("@"):
        return "invalid_address"
    visit.record("message.tested", program=rules.id, target=kind)
    try:
        send_test(rules, kind, language, address)
    except Problem as problem:
        return problem.code
    return "tested"


def _reopen(visit: Visit, program: str, people: list[str]) -> int:
    """Allows e-mails to people whose address is closed; returns to how many. Waits until it is in effect, for two seconds."""
    known = {entry.member for entry in dependencies().deliveries.closed_emails(program, MAX_CLOSED)}
    chosen = sorted(known.intersection(people))
    visit.record_all("address.reopened", program, chosen)
    now = to_datetime(context().clock.now_ms())
    publish(
        ChannelOpened(
            occurred_at=now, program=program, webhook=people_endpoint(program, one), person=one, channel="email"
        )
        for one in chosen
    )
    poll(lambda: _are_open(program, chosen) or None, _EFFECT_S)
    return len(chosen)


def _are_open(program: str, people: list[str]) -> bool:
    return all(one.email_closed_ms is None for one in dependencies().deliveries.outboxes(program, people))


def _view(program: str) -> MessagesView:
    rules, store = rules_of(program), dependencies().deliveries
    return MessagesView(
        rules=rules,
        figures=figures_of(store.healths(people_endpoints(program))),
        listed=_list(program, rules),
        closed=closed_addresses(store.closed_emails(program, MAX_CLOSED)),
        previews=previews_of(rules, context().clock.now_ms(), context().settings.public_url),
        digests=_digests(program),
    )


def _list(program: str, rules: Program) -> MessageList:
    """A page of the messages of the chosen status, newest first. Raises Problem 400 for an invalid cursor."""
    status: DeliveryStatus = next((one for one in STATUSES if one == request.args.get("status")), "waiting")
    name, store = f"messages/{program}/{status}", dependencies().deliveries
    position = decode_position(request.args.get("cursor"), name)
    after = ListEntry(*position) if position else None
    found, last = store.page_of_all(people_endpoints(program), [status], after, _PAGE)
    outboxes = store.outboxes(program, [person_of_message(one.id) for one in found])
    rows = message_rows(found, outboxes, _excerpts(found), rules)
    return MessageList(status, rows, encode_position(name, last.score, last.member) if last else None)


def _excerpts(found: list[MessageDelivery]) -> list[str | None]:
    return read_excerpts(context().redis, [excerpt_key(one.webhook, one.id) for one in found])


def _digests(program: str) -> list[DigestState]:
    """Each kind of target that is set, with its newest digest."""
    states = []
    for target in digest_targets(context().catalog, program):
        newest, _ = dependencies().deliveries.page(digest_endpoint(program, target.kind), STATUSES, None, 1)
        states.append(DigestState(target.kind, to_ms(target.since), *zip(newest, _excerpts(newest), strict=True)))
    return states
