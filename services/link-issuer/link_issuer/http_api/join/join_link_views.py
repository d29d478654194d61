"""Links that prove who a person is: asked for on the join page, sent to their mailbox or WeChat chat, opened in any browser.

The proof belongs to the browser in which the link is opened, never to the one that asked: to ask for a link to another person's
mailbox, or to have them scan a QR code, gets no one anything. GET changes nothing, since scanners of mail servers follow links.
"""

from datetime import timedelta

from flask import Blueprint, Response, request

from link_issuer.domain.mail_address import address_hint
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.join.join_claim import read_claim, write_claim
from link_issuer.http_api.join.join_enrolment import enrol_proven
from link_issuer.http_api.join.join_link_sending import (
    MailsUnavailable,
    TooManyMails,
    send_to_contact,
)
from link_issuer.http_api.join.join_program import back_to_page, private, require_join
from link_issuer.http_api.join.join_scene import scene_picture
from link_issuer.http_api.visitor_network import visitor_network
from link_issuer.pages.join_page import confirm_page, ended_page, form_page, wechat_page
from referral.events.people import WalletAccess
from referral.events.timestamps import to_datetime, to_ms
from referral.http.context import context
from referral.http.problems import Problem
from referral.http.same_origin import require_same_origin
from referral.people.join_links import InvalidJoinLink, JoinLink, read_join_link
from referral.people.join_proofs import claim_id, new_nonce, request_code
from referral.telemetry.metrics import counter
from referral.tokens import InvalidTokenError, JoinToken

blueprint = Blueprint("join_links", __name__, template_folder="../../pages/templates")


@blueprint.post("/j/<program>/email")
def ask_by_mail(program: str) -> Response:
    """Sends a link to a participant who joined by their handle, if they have given this address. The answer is always the same."""
    require_same_origin()
    rules, terms = require_join(program)
    claim = read_claim(program)
    if claim is None or "email" not in terms.proofs:
        return back_to_page(program)
    try:
        send_to_contact(rules, claim.person, request.form.get("address", "")[:254])
    except TooManyMails as error:
        detail = "This mailbox or network was sent several links already. Try again later."
        raise Problem(429, "too_many_mails", detail, headers={"Retry-After": str(error.wait_s)}) from None
    except MailsUnavailable:
        raise Problem(503, "no_mail_now", "No e-mail can be sent now. Try again in a moment.") from None
    return back_to_page(program, sent="email")


@blueprint.post("/j/<program>/wechat")
def ask_by_wechat(program: str) -> Response:
    """The QR code and the code that a person scans or writes in WeChat; the account answers with their link."""
    require_same_origin()
    rules, terms = require_join(program)
    if "wechat" not in terms.proofs or "wechat" not in terms.channels:
        raise Problem(
            404, "no_wechat", "This program's join page has no WeChat: `join.proofs` of its file names the ways."
        )
    if not request.form.get("consent"):
        return private(form_page(rules, terms, "no_consent", mails=dependencies().join_mails.is_open), 422)
    wait_s = dependencies().join_rate_limit.seconds_to_wait(program, visitor_network(b"join network"))
    if wait_s:
        response = private(form_page(rules, terms, "too_many", mails=dependencies().join_mails.is_open), 429)
        response.headers["Retry-After"] = str(wait_s)
        return response
    counter("join_links").labels("wechat", "asked").inc()
    code = request_code(context().pseudonyms, program, context().clock.now_ms())
    return private(wechat_page(rules, code, scene_picture(rules, code)))


@blueprint.get("/j/<program>/open/<token>")
def confirm(program: str, token: str) -> Response:
    """The page with the button; 410 for a link that was used, has expired or was not made here."""
    rules, _ = require_join(program)
    link = _read(program, token)
    if link is None:
        return private(ended_page(rules), 410)
    person = context().pseudonyms.person_id(program, link.external_id)
    claim = _own_claim(program, person) or JoinToken(program, person, new_nonce())
    if _is_used(link, claim):
        return private(ended_page(rules), 410)
    return private(confirm_page(rules, _hint(link.external_id), dependencies().signer.sign_join(claim)))


@blueprint.post("/j/<program>/open/<token>")
def prove(program: str, token: str) -> Response:
    """Enrols the person if they are new, and proves this browser, once; the same form again changes nothing.

    Raises Problem 503 if it is not durable: the link stays valid.
    """
    require_same_origin()
    rules, _ = require_join(program)
    context().follower.read_to_end()
    link = _read(program, token)
    claim = _form_claim(program)
    if link is None or claim is None or claim.person != context().pseudonyms.person_id(program, link.external_id):
        return private(ended_page(rules), 410)
    if _is_used(link, claim):
        counter("join_links").labels("link", "ended").inc()
        return private(ended_page(rules), 410)
    enrol_proven(program, link.external_id)
    _write_proof(claim)
    counter("join_links").labels("link", "proven").inc()
    response = back_to_page(program)
    write_claim(response, claim)
    return response


def _read(program: str, token: str) -> JoinLink | None:
    try:
        return read_join_link(context().key_ring, program, token, context().clock.now_ms())
    except InvalidJoinLink:
        return None


def _is_used(link: JoinLink, claim: JoinToken) -> bool:
    """Whether the link ended: by a proof or a revocation since it was made, unless that proof is of this very claim."""
    access = context().people.snapshot().wallet_access(claim.person)
    return access is not None and link.issued_ms < to_ms(access.links_from) and not _is_proven_by(claim, access)


def _is_proven_by(claim: JoinToken, access: WalletAccess) -> bool:
    return claim_id(context().pseudonyms, claim.program, claim.person, claim.nonce) in access.claims


def _write_proof(claim: JoinToken) -> None:
    """Records the claim as proven, which ends what was opened before; nothing if it is recorded. Raises NotDurable."""
    access = context().people.snapshot().wallet_access(claim.person)
    if access is not None and _is_proven_by(claim, access):
        return
    now = to_datetime(context().clock.now_ms())
    record = WalletAccess(
        id=claim.person,
        program=claim.program,
        recorded_at=now,
        links_from=now + timedelta(milliseconds=1),
        claims=(claim_id(context().pseudonyms, claim.program, claim.person, claim.nonce),),
    )
    dependencies().store.write([], [record])
    context().follower.read_to_end()


def _own_claim(program: str, person: str) -> JoinToken | None:
    """The claim of this browser, if it is about this person."""
    claim = read_claim(program)
    return claim if claim is not None and claim.person == person else None


def _form_claim(program: str) -> JoinToken | None:
    try:
        claim = dependencies().signer.read_join(request.form.get("claim", "")[:1024])
    except InvalidTokenError:
        return None
    return claim if claim.program == program else None


def _hint(external_id: str) -> str:
    """What tells the owner of an id that it is theirs, and no one else anything."""
    _, _, name = external_id.partition(":")
    return address_hint(name) if external_id.startswith("web:") and "@" in name else ""
