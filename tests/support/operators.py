"""Operators of the console, and a browser that is signed in as one of them."""

import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from referral.console.credentials import Credentials, hash_password, seal_credentials
from referral.console.sessions import Session, SessionSigner, start_session
from referral.console.totp import totp_code
from referral.events.entities import Operator, Role
from referral.http.context import Context
from referral.key_ring import KeyRing
from tests.support.settings import SIGNING_KEY

RING = KeyRing.parse("", SIGNING_KEY)
PASSWORD = "several words that only tests use"
TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}


@cache
def _hash() -> str:
    return hash_password(PASSWORD)


def operator(name: str, role: Role = "admin", programs: tuple[str, ...] = (), **more: Any) -> Operator:
    """Returns an operator who has signed in before, with PASSWORD and TOTP; the id is `opr_` and the name."""
    id = f"opr_{name}"
    sealed = seal_credentials(RING, id, Credentials(name, _hash(), TOTP))
    return Operator(
        recorded_at=datetime(2026, 11, 1, tzinfo=UTC), id=id, role=role, programs=programs, sealed=sealed, **more
    )


def current_code(secret: str = TOTP, steps: int = 0) -> str:
    """Returns the one-time code of now, or of a number of steps of 30 seconds later."""
    return totp_code(secret, time.time() + 30 * steps)


@dataclass
class ConsoleBrowser:
    """A browser without scripts, before the app of a service."""

    app: Flask
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    def enter(self, who: Operator, started_s: int | None = None, used_s: int | None = None) -> Session:
        """Gives the browser a session of an operator, by default one that began now."""
        now = int(time.time())
        begun = start_session(who, now if started_s is None else started_s)
        session = begun.at(now if used_s is None else used_s)
        self.set_cookie(SessionSigner(RING).write(session))
        return session

    def set_cookie(self, token: str) -> None:
        """Sets the session cookie."""
        self.client.set_cookie("console", token)

    def get(self, path: str, **headers: str) -> TestResponse:
        """Returns a page."""
        return self.client.get(path, headers=SAME_ORIGIN | headers)

    def post(self, path: str, fields: dict[str, Any] | None = None, *, page: str | None = None) -> TestResponse:
        """Returns the response to a form, with the token of the form on `page` if that is given."""
        sent = dict(fields or {})
        if page is not None:
            sent["csrf"] = self.token(page)
        return self.client.post(path, data=sent, headers=SAME_ORIGIN)

    def token(self, page: str) -> str:
        """Returns the token that a page's forms carry."""
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.get(page).text)
        assert found is not None, f"{page} has no form with a token"
        return found[1]

    @property
    def context(self) -> Context:
        """The context of the app."""
        found: Context = self.app.extensions["referral"]
        return found
