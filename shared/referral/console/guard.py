"""What stands before every view of the console: session, permission, and for forms their origin and token.

    @console_view("review")
    def queue(visit: Visit) -> Response: ...

A view without a session leads to the sign-in page. Every response is private, and may load only its own styles and scripts.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from hmac import compare_digest
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from flask import Flask, Response, current_app, g, make_response, redirect, request
from flask.typing import ResponseReturnValue

from referral.console.audit_log import AuditLog
from referral.console.credentials import open_credentials
from referral.console.roles import Permission, may, may_see
from referral.console.session_cookie import read_cookie, write_cookie
from referral.console.session_store import SessionStore
from referral.console.sessions import REFRESH_S, Session, SessionSigner, refusal_of
from referral.events.audit import ActionName, DeskPaste
from referral.events.entities import Operator
from referral.http.context import Context, context
from referral.http.problems import Problem
from referral.http.same_origin import require_same_origin

SIGN_IN = "/console/sign-in"
_NAME = "console"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",  # without it, browsers hide the origin of forms
}
_WITHIN_CONSOLE = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'self'"
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Console:
    """What the console's views need of an app. `audit` is None in a service that has no actions."""

    signer: SessionSigner
    sessions: SessionStore
    audit: AuditLog | None


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of an operator: who it is, their name, and their session."""

    operator: Operator
    name: str
    session: Session

    def may(self, permission: Permission) -> bool:
        """Whether the operator may do something."""
        return may(self.operator, permission)

    def programs(self) -> list[str]:
        """The ids of the programs that the operator may see."""
        return [program for program in context().catalog.programs() if may_see(self.operator, program)]

    def require_program(self, program: str) -> str:
        """A program that the operator may see. Raises Problem 404 for any other: its existence is not revealed."""
        if program not in self.programs():
            raise Problem(404, "unknown_program", f"Unknown program {program[:64]!r}.")
        g.program = program
        return program

    def record(
        self,
        action: ActionName,
        *,
        program: str = "",
        target: str = "",
        note: str | None = None,
        paste: DeskPaste | None = None,
    ) -> str:
        """Records an action of the operator in the audit log, before it takes effect, and returns the line's id.

        Raises NotDurable or Overloaded.
        """
        audit = _require_audit(action)
        return audit.record(self.operator.id, action, program=program, target=target, note=note, paste=paste)

    def record_all(self, action: ActionName, program: str, targets: Sequence[str]) -> None:
        """The same for one action on many objects: a line for each."""
        if targets:
            _require_audit(action).record_all(self.operator.id, action, program, targets)


def init_console(app: Flask, audit: AuditLog | None) -> None:
    """Adds what console views need to an app made by `create_app`."""
    shared: Context = app.extensions["referral"]
    app.extensions[_NAME] = Console(SessionSigner(shared.key_ring), SessionStore(shared.redis), audit)


def console() -> Console:
    """What console views need, of the app that handles this request."""
    found: Console = current_app.extensions[_NAME]
    return found


def _require_audit(action: ActionName) -> AuditLog:
    audit = console().audit
    if audit is None:
        raise TypeError(f"this service writes no audit log, so it must not do {action}")
    return audit


def console_view(
    permission: Permission, *, within_page: bool = False
) -> Callable[[Callable[Concatenate[Visit, P], ResponseReturnValue]], Callable[P, Response]]:
    """Makes a view one for operators with this permission; it is called with their visit.

    `within_page`: other views may show it in a frame; it then runs no scripts, and its forms and links do nothing.
    """

    def decorate(view: Callable[Concatenate[Visit, P], ResponseReturnValue]) -> Callable[P, Response]:
        @wraps(view)
        def guarded_view(*args: P.args, **kwargs: P.kwargs) -> Response:
            visit = read_visit()
            if visit is None:
                return private(redirect(_sign_in_url(), 303))
            g.visit, g.caller = visit, visit.operator.id
            _require(visit, permission)
            response = private(view(visit, *args, **kwargs))
            if within_page:
                response.headers["Content-Security-Policy"] = f"{_WITHIN_CONSOLE}; sandbox"
            _refresh(visit.session, response)
            return response

        guarded_view.__dict__["console_permission"] = permission
        return guarded_view

    return decorate


def read_visit() -> Visit | None:
    """The visit of this request's valid session; None without one. Raises RedisError, and LogUnavailable for an old catalog."""
    session = console().signer.read(read_cookie(request, "console", secure=is_secure()))
    if session is None:
        return None
    _require_fresh_catalog()
    operator = _operator_of(session)
    if operator is None or refusal_of(session, operator, now_s()) or console().sessions.was_ended(session):
        return None
    credentials = open_credentials(context().key_ring, operator)
    return None if credentials is None else Visit(operator, credentials.name, session)


def _operator_of(session: Session) -> Operator | None:
    """The operator of a session, not older than the session: another service may have written the operator a moment before."""
    operator = context().catalog.operator(session.operator)
    if operator is None or operator.epoch < session.epoch:
        context().follower.read_to_end()
        operator = context().catalog.operator(session.operator)
    return operator


def private(returned: ResponseReturnValue) -> Response:
    """A response that is stored nowhere and loads nothing from elsewhere."""
    response: Response = make_response(returned)
    response.headers.update(_HEADERS)
    return response


def is_secure() -> bool:
    """Whether people reach the console by TLS."""
    return request.is_secure or context().settings.public_url.startswith("https://")


def now_s() -> int:
    """The time of the machine, in seconds since the epoch: sessions do not follow a simulated clock."""
    return int(time.time())


def _require(visit: Visit, permission: Permission) -> None:
    """Raises Problem 403 without the permission, or for a form without a valid origin and token."""
    if request.method not in ("GET", "HEAD"):
        require_same_origin()
        # A script that streams a file sends the token in a header, so that the body is not read here.
        token = request.headers.get("X-CSRF-Token") or request.form.get("csrf", "")
        if not compare_digest(token.encode(), visit.session.csrf_token.encode()):
            raise Problem(403, "stale_form", "This form is of another session. Load the page again, and send it there.")
    if not visit.may(permission):
        detail = f"The role {visit.operator.role} of {visit.operator.id} does not permit `{permission}`. Ask an admin."
        raise Problem(403, "role_forbids", detail)


def _require_fresh_catalog() -> None:
    """Raises Problem 503 if this process has not heard from the catalog for a while: an operator could be disabled since."""
    reason = context().follower.stale_reason()
    if reason is not None:
        raise Problem(503, "unavailable", f"The catalog is not up to date: {reason}", headers={"Retry-After": "2"})


def _refresh(session: Session, response: Response) -> None:
    """Renews the time of last use in the cookie, unless the view has set or removed it, or a page reads itself again unattended."""
    now = now_s()
    if "X-Background" in request.headers:
        return
    if now - session.used_s >= REFRESH_S and "Set-Cookie" not in response.headers:
        write_cookie(response, "console", console().signer.write(session.at(now)), secure=is_secure())


def _sign_in_url() -> str:
    """The sign-in page, from which a GET continues where it was interrupted."""
    if request.method != "GET":
        return SIGN_IN
    return f"{SIGN_IN}?{urlencode({'next': request.full_path.rstrip('?')[:512]})}"
