"""The page of an operator's first sign-in: their own password, and the authenticator app."""

from base64 import b64encode
from collections.abc import Mapping
from io import BytesIO

import segno
from flask import render_template, request

from referral.console.credentials import MAX_PASSWORD, MIN_PASSWORD, normalize_name
from referral.console.totp import enrolment_uri
from referral.pages.languages import gettext

_LONG_NAME, _FEW_CHARACTERS = 4, 5  # a shorter name is in many words


def enrolment_page(secret: str, name: str, fields: Mapping[str, str], mistake: str | None) -> str:
    """The page as HTML. `fields` are hidden fields of its form, `mistake` what was wrong with the last one."""
    return render_template(
        "console/enrolment.html",
        qr=_qr_code(enrolment_uri(secret, name, request.host)),
        secret=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        name=name,
        fields=fields,
        mistake=mistake,
        least=MIN_PASSWORD,
        most=MAX_PASSWORD,
    )


def password_mistake(password: str, name: str) -> str | None:
    """What is wrong with a password (NIST SP 800-63B: its length, or that it contains the name); None if nothing is."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        return gettext(
            "The password must have %(least)d to %(most)d characters.", least=MIN_PASSWORD, most=MAX_PASSWORD
        )
    has_name = len(name) >= _LONG_NAME and normalize_name(name) in normalize_name(password)
    if has_name or len(set(password)) < _FEW_CHARACTERS:
        return gettext("The password is too easy to guess: use several words, without your name.")
    return None


def wrong_code() -> str:
    """What is wrong with a code that the app does not show now."""
    return gettext("That code is not right, or was used before. Type the one that the app shows now.")


def _qr_code(uri: str) -> str:
    """A QR code as the data URI of an SVG, dark on light in any theme."""
    out = BytesIO()
    segno.make(uri, error="m").save(out, kind="svg", scale=1, border=4, dark="#000", light="#fff", xmldecl=False)
    return "data:image/svg+xml;base64," + b64encode(out.getvalue()).decode()
