"""The staff page of a shop: one big answer to each code."""

import re
import secrets
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from flask_babel import lazy_gettext

from referral.console.guard import Visit
from referral.events.code_formats import ALPHABET
from referral.events.currencies import minor_unit_digits
from referral.events.money import POINTS
from referral.events.redemptions import RefusalReason
from referral.events.rewards import handover_of
from referral.http.context import context
from referral.pages.amounts import amount_text
from referral.pages.console_shell import render_console
from referral.pages.languages import gettext, localize
from referral.pages.reward_names import worth_text
from referral.people.known_people import known_people
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.balance import free, is_divisible
from reward_dispatcher.domain.discount_codes import LENGTH
from reward_dispatcher.domain.redemption import Redemption
from reward_dispatcher.domain.store_write_off import KEY_CHARACTERS
from reward_dispatcher.pages.account_names import account_name, rule_of
from reward_dispatcher.pages.date_texts import moment_text

Answer = (
    Literal[
        "done",
        "undone",
        "undone_unusable",
        "not_undone",
        "mistyped",
        "other_program",
        "too_many",
        "not_here",
        "redeemed_before",
    ]
    | RefusalReason
)
_Text = tuple[str, str, object, object]  # tone, glyph, title, what to do
_NOT_USABLE: _Text = (
    "bad",
    "✕",
    lazy_gettext("Can't be used"),
    lazy_gettext("Ask the people who run the program."),
)
_USED: _Text = ("bad", "✕", lazy_gettext("Already used"), lazy_gettext("Don't hand anything over."))
_TEXTS: Mapping[Answer, _Text] = {
    "done": ("good", "✓", lazy_gettext("Done"), lazy_gettext("It is written off. Hand it over now.")),
    "undone": ("wait", "↩", lazy_gettext("Taken back"), lazy_gettext("The reward can be used again.")),
    "undone_unusable": (
        "wait",
        "↩",
        lazy_gettext("Taken back"),
        lazy_gettext("It is not used any more. But its time is over, or it was revoked: it can't be used again."),
    ),
    "not_undone": (
        "bad",
        "✕",
        lazy_gettext("Not taken back"),
        lazy_gettext("It still counts as used. Ask the people who run the program."),
    ),
    "already_redeemed": _USED,
    "redeemed_before": _USED,
    "expired": ("bad", "⊘", lazy_gettext("Expired"), lazy_gettext("Its time is over.")),
    "revoked": ("bad", "↩", lazy_gettext("Taken back"), lazy_gettext("This reward was revoked.")),
    "unknown": (
        "bad",
        "?",
        lazy_gettext("Unknown code"),
        lazy_gettext("No reward has this code. Ask for the code in their wallet."),
    ),
    "mistyped": (
        "wait",
        "?",
        lazy_gettext("Probably mistyped"),
        lazy_gettext("Type it again, slowly: the codes we make never have 0, O, 1, I, L or U."),
    ),
    "other_program": (
        "bad",
        "✕",
        lazy_gettext("Another program"),
        lazy_gettext("This code is valid elsewhere, not in your shop."),
    ),
    "too_many": (
        "wait",
        "⏳",
        lazy_gettext("Too many wrong codes"),
        lazy_gettext("Wait a minute, then go on. Until then no code is looked up."),
    ),
    "not_here": (
        "wait",
        "✕",
        lazy_gettext("Not for the counter"),
        lazy_gettext("They get this reward online or by post."),
    ),
    "not_redeemable": ("wait", "⏳", lazy_gettext("Not ready yet"), lazy_gettext("Their wallet shows when it is.")),
    "held_for_order": (
        "wait",
        "⏳",
        lazy_gettext("Reserved for an order"),
        lazy_gettext("It is being paid with. Try again in a few minutes."),
    ),
    "insufficient": ("bad", "✕", lazy_gettext("Not enough left"), lazy_gettext("Look it up again to see how much.")),
}


_AMOUNT = re.compile(r"([0-9]{1,12})(?:\.([0-9]+))?")


def looks_mistyped(code: str) -> bool:
    """Whether a code that does not exist looks like a generated one with a mistake in it."""
    near = abs(len(code) - LENGTH) <= 1
    return near and code.isalnum() and (len(code) != LENGTH or any(one not in ALPHABET for one in code.upper()))


def is_for_the_counter(account: Account) -> bool:
    """Whether staff may write a reward off: gifts that are handed over in the store, codes, and credit."""
    rule = rule_of(account)
    return handover_of(account.kind, rule.handover if rule else None) in ("counter", "code", "balance")


def read_amount(account: Account, typed: str) -> int | Literal["invalid"] | None:
    """Returns an amount in minor units; None for all of the reward, which is also the answer for one that is used as a whole."""
    text = unicodedata.normalize("NFKC", typed).strip().replace(",", ".")
    if not text or account.value is None or not is_divisible(account):
        return None
    digits = 0 if account.value.unit == POINTS else minor_unit_digits(account.value.unit)
    number = _AMOUNT.fullmatch(text)
    if number is None or len(number[2] or "") > digits:  # "1,000" is not 1 with three decimals
        return "invalid"
    amount = int(Decimal(text).scaleb(digits))
    return amount if 0 < amount <= free(account, context().clock.now_ms()) else "invalid"


def start_page(visit: Visit) -> str:
    """The field for a code as HTML."""
    return _page(visit)


def reward_form(visit: Visit, account: Account, *, mistake: bool = False) -> str:
    """A reward that can be written off, as HTML."""
    key = secrets.token_urlsafe(KEY_CHARACTERS * 3 // 4)
    left = _left_text(account)
    return _page(visit, account, form={"key": key, "left": left, "mistake": mistake})


def answer_page(
    visit: Visit,
    answer: Answer,
    account: Account | None = None,
    done: Redemption | None = None,
    *,
    may_undo: bool = False,
) -> str:
    """The answer as HTML, with the field for the next code."""
    tone, glyph, title, text = _TEXTS.get(answer, _NOT_USABLE)
    values = {"tone": tone, "glyph": glyph, "title": title, "text": text, "when": _when(answer, account, done)}
    undo = done.request if done is not None and answer == "done" and may_undo else None
    amount = sum(taking.amount for taking in done.takings) if done is not None and done.unit else None
    used = amount_text(amount, done.unit) if done is not None and done.unit and amount is not None else None
    return _page(visit, account, answer=values, undo=undo, used=used)


def _page(visit: Visit, account: Account | None = None, **values: object) -> str:
    return render_console("console/staff.html", visit, "store", facts=_facts(account) if account else None, **values)


def _facts(account: Account) -> dict[str, str]:
    """What staff may see of a reward: what it is, and the first letter of who has it."""
    person = known_people([account.beneficiary], context().people)[account.beneficiary]
    version = context().catalog.version(account.program, account.version)
    name = person.display_name if person else None
    return {
        "id": account.id,
        "name": account_name(account),
        "worth": worth_text(account.worth),
        "program": localize(version.program.name) if version else account.program,
        "person": f"{name[0]}…" if name else gettext("A guest"),
        "until": moment_text(account.expires_ms, _zone(account)) if account.expires_ms is not None else "",
        "left": _left_text(account) or "",
    }


def _left_text(account: Account) -> str | None:
    if account.value is None or not is_divisible(account):
        return None
    return amount_text(free(account, context().clock.now_ms()), account.value.unit)


def _when(answer: Answer, account: Account | None, done: Redemption | None) -> str:
    """The time that belongs to an answer."""
    if account is None:
        return ""
    if done is not None:
        return moment_text(done.decided_ms, _zone(account))
    at_ms = account.expires_ms if answer == "expired" else account.redeemed_ms
    return moment_text(at_ms, _zone(account)) if at_ms is not None else ""


def _zone(account: Account) -> str:
    version = context().catalog.version(account.program, account.version)
    return version.program.timezone if version else "UTC"
