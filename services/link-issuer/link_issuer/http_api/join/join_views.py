"""`/j/{program}`: a handle becomes a code, a link and a poster in one step; the wallet opens after proof of who the person is."""

from flask import Blueprint, Response, request

from link_issuer.domain.mail_address import as_mail_address
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.join.join_claim import forget_claim, is_proven, read_claim, write_claim
from link_issuer.http_api.join.join_enrolment import join
from link_issuer.http_api.join.join_link_sending import (
    MailsUnavailable,
    TooManyMails,
    can_send_mails,
    send_to_address,
)
from link_issuer.http_api.join.join_program import back_to_page, private, require_join, see_other
from link_issuer.http_api.visitor_network import visitor_network
from link_issuer.pages.join_page import Joined, JoinMistake, form_page, joined_page
from referral.events.entities import Participant
from referral.events.ids import random_id
from referral.events.join_page import JoinPage
from referral.events.program import Program
from referral.events.timestamps import DAY_MS, to_ms
from referral.http.context import context
from referral.http.problems import Problem
from referral.http.same_origin import require_same_origin
from referral.people.join_proofs import new_nonce, proof_code
from referral.tokens import JoinToken, WalletToken

_LINK_DAYS = 30
blueprint = Blueprint("join", __name__, template_folder="../../pages/templates")


@blueprint.get("/j/<program>")
def page(program: str) -> Response:
    """The form; for a browser that has joined, its code, link, poster and the ways to prove who the person is."""
    rules, terms = require_join(program)
    claim, is_sent = read_claim(program), request.args.get("sent") == "email"
    participant = context().catalog.participant(claim.person) if claim else None
    if claim is None or participant is None:
        return private(form_page(rules, terms, mails=can_send_mails(), sent=is_sent))
    return private(joined_page(rules, terms, _joined_view(claim, participant), mails=can_send_mails(), sent=is_sent))


@blueprint.post("/j/<program>")
def enrol(program: str) -> Response:
    """Enrols the handle, and remembers in this browser that it is claimed; to an e-mail address, sends a link.

    It opens nothing that someone else has.
    """
    require_same_origin()
    rules, terms = require_join(program)
    handle, channel = request.form.get("handle", "")[:200], request.form.get("channel", "")
    if not request.form.get("consent"):
        return _form(rules, terms, 422, "no_consent", handle)
    wait_s = dependencies().join_rate_limit.seconds_to_wait(program, visitor_network(b"join network"))
    if wait_s:
        return _later(_form(rules, terms, 429, "too_many", handle), wait_s)
    address = as_mail_address(handle) if "email" in terms.proofs and "web" in terms.channels else None
    if address is not None and can_send_mails():
        return _send_link(rules, terms, address, handle)
    chosen = next((one for one in terms.channels if one == channel), terms.channels[0])
    try:
        participant = join(program, chosen, handle)
    except Problem as problem:
        return _form(rules, terms, problem.status, "invalid_handle" if problem.status == 422 else "busy", handle)
    response = back_to_page(program)
    write_claim(response, JoinToken(program, participant.id, new_nonce()))
    return response


@blueprint.post("/j/<program>/wallet")
def open_wallet(program: str) -> Response:
    """A link to the wallet, for the browser whose own claim was proven. Raises Problem 403 for any other."""
    require_same_origin()
    require_join(program)
    claim = read_claim(program)
    if claim is None or not is_proven(claim):
        raise Problem(403, "unproven_handle", "Prove that the handle is yours first: the join page says how.")
    access, now_ms = context().people.snapshot().wallet_access(claim.person), context().clock.now_ms()
    issued_ms, expires_ms = max(now_ms, to_ms(access.links_from) if access else 0), now_ms + _LINK_DAYS * DAY_MS
    link = WalletToken(random_id("wlk"), program, claim.person, issued_ms, expires_ms, expires_ms)
    return see_other(f"{context().settings.wallet_url}/w/{dependencies().signer.sign_wallet('wallet', link)}")


@blueprint.post("/j/<program>/leave")
def leave(program: str) -> Response:
    """Forgets the claim in this browser, for the next person who uses it."""
    require_same_origin()
    response = back_to_page(program)
    forget_claim(response)
    return response


def _send_link(rules: Program, terms: JoinPage, address: str, typed: str) -> Response:
    try:
        send_to_address(rules, address)
    except TooManyMails as error:
        return _later(_form(rules, terms, 429, "too_many_mails", typed), error.wait_s)
    except MailsUnavailable:
        return _form(rules, terms, 503, "busy", typed)
    return back_to_page(rules.id, sent="email")


def _form(rules: Program, terms: JoinPage, status: int, mistake: JoinMistake, typed: str) -> Response:
    return private(form_page(rules, terms, mistake, typed, mails=can_send_mails()), status)


def _later(response: Response, wait_s: int) -> Response:
    response.headers["Retry-After"] = str(wait_s)
    return response


def _joined_view(claim: JoinToken, participant: Participant) -> Joined:
    code = participant.code
    proof = proof_code(context().pseudonyms, claim.program, claim.person, claim.nonce)
    return Joined(code, dependencies().link_url(code), f"/s/{code}", proof, is_proven(claim))
