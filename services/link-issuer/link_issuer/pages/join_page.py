"""The join page: the form, what a person has once they have joined, and the pages of links that prove who they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from flask import render_template
from flask_babel import lazy_gettext

from referral.events.join_page import JoinPage
from referral.events.program import Program
from referral.pages.channel_names import channel_name
from referral.pages.languages import gettext, localize

JoinMistake = Literal["no_consent", "invalid_handle", "too_many", "too_many_mails", "busy"]
_MISTAKES: Mapping[JoinMistake, object] = {
    "no_consent": lazy_gettext("Please agree first. Without it we may not store your handle."),
    "invalid_handle": lazy_gettext("Write your name as the platform shows it, up to 40 characters."),
    "too_many": lazy_gettext("Many people have joined from here. Try again in an hour."),
    "too_many_mails": lazy_gettext("We have sent several links there. Look into your mailbox, or try again later."),
    "busy": lazy_gettext("That didn't work right now. Nothing is lost: try again in a moment."),
}


@dataclass(frozen=True, slots=True)
class Joined:
    """What a person has: code, link, the path of the invitation, the code that proves the handle, and whether that was done."""

    code: str
    link: str
    invitation: str
    proof: str
    proven: bool


def form_page(
    program: Program,
    terms: JoinPage,
    mistake: JoinMistake | None = None,
    handle: str = "",
    *,
    mails: bool = False,
    sent: bool = False,
) -> str:
    """The form, with what was wrong with the last one; `mails`: there is a mail server, `sent`: a link was asked for."""
    by_address = mails and "email" in terms.proofs and "web" in terms.channels
    by_wechat = "wechat" in terms.proofs and "wechat" in terms.channels
    by_handle = [one for one in terms.channels if not _is_only_by_link(one, terms, by_address=by_address)]
    return render_template(
        "join.html",
        program=localize(program.name),
        consent=localize(terms.consent),
        channels=[(one, channel_name(one) or gettext("Website")) for one in by_handle],
        mistake=_MISTAKES[mistake] if mistake else None,
        handle=handle,
        by_address=by_address,
        by_wechat=by_wechat,
        path=f"/j/{program.id}",
        sent=sent,
        joined=None,
    )


def _is_only_by_link(channel: str, terms: JoinPage, *, by_address: bool) -> bool:
    """Whether people of a channel need no handle: their mailbox or their WeChat account is who they are."""
    if channel == "wechat":
        return "wechat" in terms.proofs and "message" not in terms.proofs
    return channel == "web" and by_address


def joined_page(program: Program, terms: JoinPage, joined: Joined, *, mails: bool = False, sent: bool = False) -> str:
    """Code, link and poster, and how to open the rewards."""
    return render_template(
        "join.html",
        program=localize(program.name),
        joined=joined,
        path=f"/j/{program.id}",
        by_message="message" in terms.proofs,
        by_mail=mails and "email" in terms.proofs,
        sent=sent,
    )


def wechat_page(program: Program, code: str, qr: str) -> str:
    """The code that a person sends to the WeChat account, and its QR code as a data URL, if there is one."""
    return render_template(
        "join_wechat.html", program=localize(program.name), code=code, qr=qr, path=f"/j/{program.id}"
    )


def confirm_page(program: Program, hint: str, claim: str) -> str:
    """The button that proves this browser; `hint` tells the owner of a mailbox which one it is."""
    return render_template("join_link.html", program=localize(program.name), hint=hint, claim=claim)


def ended_page(program: Program) -> str:
    """The page for a link that leads nowhere any more."""
    return render_template("join_link.html", program=localize(program.name), claim=None, path=f"/j/{program.id}")
