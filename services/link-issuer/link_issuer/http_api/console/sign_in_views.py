"""Sign-in to the console, the first sign-in, and sign-out."""

import re
from typing import Any

from flask import Blueprint, Response, make_response, redirect, request

from link_issuer.http_api.dependencies import dependencies
from link_issuer.pages.enrolment_page import enrolment_page, password_mistake, wrong_code
from link_issuer.pages.sign_in_page import SignInMistake, sign_in_page
from link_issuer.sign_in import Attempt, OperatorEnrolment, Outcome
from link_issuer.store import AlreadyTaken
from referral.console.credentials import MAX_NAME, MAX_PASSWORD, normalize_name, open_credentials
from referral.console.guard import (
    SIGN_IN,
    Visit,
    console,
    console_view,
    is_secure,
    now_s,
    private,
    read_visit,
)
from referral.console.session_cookie import read_cookie, remove_cookie, write_cookie
from referral.console.sessions import start_session
from referral.events.entities import Operator
from referral.http.context import context
from referral.http.problems import Problem
from referral.http.same_origin import require_same_origin

_HOME = "/console"
_WITHIN_CONSOLE = re.compile(r"/(?:console|desk/redeem)(?:[/?][!-~]{0,500})?")
_MAX_CODE, _MAX_SEALED = 16, 1024

blueprint = Blueprint("console_sign_in", __name__, template_folder="../../pages/templates")


@blueprint.get(SIGN_IN)
def form() -> Response:
    """The sign-in page; an operator with a session goes on."""
    if read_visit() is not None:
        return private(redirect(_next_page(request.args), 303))
    return _sign_in_page(200)


@blueprint.post(SIGN_IN)
def submit() -> Response:
    """Signs in, or shows the page of the first sign-in."""
    require_same_origin()
    attempt = _read_attempt()
    context().limiter.count_sign_in(request, _account(attempt.name))
    context().follower.read_to_end()
    with dependencies().passwords.hold("sign-in", 4):
        outcome = dependencies().sign_in.check(context().catalog, attempt, context().clock.now_ms())
    if outcome.named is None or outcome.verdict == "refused":
        return _refuse(outcome)
    if outcome.verdict == "first_sign_in":
        enrolment, sealed = dependencies().sign_in.begin_enrolment(outcome.named.operator, attempt.now_s)
        return _enrolment_page(enrolment, sealed, outcome.named.credentials.name, None, 200)
    return _start(outcome.named.operator)


@blueprint.post("/console/enrolment")
def enrol() -> Response:
    """Stores the operator's own password and authenticator app, and signs them in."""
    require_same_origin()
    sealed = _field("enrolment", _MAX_SEALED)
    context().follower.read_to_end()
    found = dependencies().sign_in.read_enrolment(sealed, context().catalog, now_s())
    if found is None:
        return _sign_in_page(403, "too_late")
    enrolment, operator = found
    context().limiter.count_sign_in(request, f"enrolment {operator.id}")
    credentials = open_credentials(context().key_ring, operator)
    name, password = credentials.name if credentials else "", _field("password", MAX_PASSWORD + 1)
    mistake = password_mistake(password, name)
    if mistake is None and not dependencies().sign_in.use_code(
        operator.id, enrolment.totp, _field("code", _MAX_CODE), now_s()
    ):
        mistake = wrong_code()
    if mistake is not None:
        return _enrolment_page(enrolment, sealed, name, mistake, 422)
    return _start(_enrolled(operator, password, enrolment.totp))


@blueprint.post("/console/sign-out")
@console_view("session")
def sign_out(visit: Visit) -> Response:
    """Ends this session, or with `everywhere` all sessions of the operator."""
    if request.form.get("everywhere"):
        visit.record("session.all_ended")
        dependencies().operators.end_sessions(visit.operator)
    else:
        visit.record("session.ended")
        console().sessions.end(visit.session)
    response = make_response(redirect(f"{SIGN_IN}?out=1", 303))
    remove_cookie(response, "console", secure=is_secure())
    return response


def _enrolled(operator: Operator, password: str, totp: str) -> Operator:
    dependencies().audit.record(operator.id, "operator.enrolled", target=operator.id)
    try:
        with dependencies().passwords.hold("sign-in", 4):
            return dependencies().operators.enrol(operator, password, totp)
    except AlreadyTaken:
        raise Problem(409, "concurrent_change", "Another request is enrolling this operator. Sign in again.") from None


def _start(operator: Operator) -> Response:
    """Signs an operator in: a new session, and a browser that is known from now on."""
    dependencies().audit.record(operator.id, "session.started")
    response = private(redirect(_next_page(request.form), 303))
    signer, secure = console().signer, is_secure()
    write_cookie(response, "console", signer.write(start_session(operator, now_s())), secure=secure)
    write_cookie(response, "console-browser", signer.write_browser(operator.id, now_s()), secure=secure)
    return response


def _refuse(outcome: Outcome) -> Response:
    """The same page whatever was wrong. Attempts with the name of an operator are in the audit log; others have no actor."""
    if outcome.named is not None:
        dependencies().audit.record(outcome.named.operator.id, "session.refused")
    return _sign_in_page(403, "refused")


def _account(name: str) -> str:
    """What attempts are counted for: the name, and who has used this browser."""
    known = console().signer.known_operator(read_cookie(request, "console-browser", secure=is_secure()), now_s())
    return f"{normalize_name(name)} {known or ''}"


def _read_attempt() -> Attempt:
    return Attempt(_field("name", MAX_NAME), _field("password", MAX_PASSWORD), _field("code", _MAX_CODE), now_s())


def _field(name: str, most: int) -> str:
    """A field of the form; empty if it is missing or longer than anything that could be right."""
    value = request.form.get(name, "")
    return value if len(value) <= most else ""


def _next_page(fields: Any) -> str:
    """Where to go on: a page of the console, never another site."""
    wanted = str(fields.get("next", ""))
    return wanted if _WITHIN_CONSOLE.fullmatch(wanted) and "\\" not in wanted else _HOME


def _sign_in_page(status: int, mistake: SignInMistake | None = None) -> Response:
    goes_on, signed_out = _next_page(request.form or request.args), bool(request.args.get("out"))
    return private((sign_in_page(mistake, _field("name", MAX_NAME), goes_on, signed_out=signed_out), status))


def _enrolment_page(enrolment: OperatorEnrolment, sealed: str, name: str, mistake: str | None, status: int) -> Response:
    fields = {"enrolment": sealed, "next": _next_page(request.form)}
    return private((enrolment_page(enrolment.totp, name, fields, mistake), status))
