"""The staff page of a shop: a code or the id of a reward is typed or scanned, shown with what it is worth, and written off once.

A write-off has an id that follows from the form's own key: a double tap, or a form that is sent again after a lost connection,
gets the first result.
"""

import time
from dataclasses import dataclass

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from referral.console.guard import Visit, console_view
from referral.events.ids import derive_id
from referral.events.normal_forms import normalize_code
from referral.http.context import context
from referral.http.problems import Problem
from referral.pages.console_shell import back_to
from referral.telemetry.metrics import counter
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.redemption import Redemption, refusal_reason
from reward_dispatcher.domain.store_write_off import WriteOff, is_form_key, write_off_of
from reward_dispatcher.domain.uploaded_codes import MAX_CODE
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.ledger_request import require_complete_ledger
from reward_dispatcher.http_api.redemption_request import request_change, request_redemption, reward_target
from reward_dispatcher.pages.staff_page import (
    Answer,
    answer_page,
    is_for_the_counter,
    looks_mistyped,
    read_amount,
    reward_form,
    start_page,
)

STAFF_PAGE = "/desk/redeem"
_MAX_TYPED = 256

blueprint = Blueprint("staff", __name__)


@blueprint.get(STAFF_PAGE)
@console_view("redeem")
def staff_page(visit: Visit) -> str:
    """The field for a code; after a write-off its result."""
    found = _write_off(visit, request.args.get("use", ""))
    account = dependencies().store.account(found.done.reward) if found is not None else None
    if found is None or account is None:
        return start_page(visit)
    return answer_page(visit, _state(account, found.done), account, found.done, may_undo=found.may_undo(visit))


@blueprint.post(STAFF_PAGE)
@console_view("redeem")
def act(visit: Visit) -> ResponseReturnValue:
    """Looks a code up, writes a reward off, or takes a write-off back."""
    match request.form.get("decision", "look"):
        case "use":
            return _use(visit)
        case "undo":
            return _undo(visit)
        case _:
            return _look(visit, request.form.get("code", "").strip())


def _look(visit: Visit, typed: str) -> ResponseReturnValue:
    code = normalize_code(typed) if len(typed) <= _MAX_TYPED else ""
    if not 1 <= len(code) <= MAX_CODE:
        return answer_page(visit, "mistyped"), 422
    try:
        context().limiter.check_wrong_codes(request, visit.operator.id)
    except Problem:
        counter("wrong_codes").labels("refused").inc()
        dependencies().guessed.record(visit.operator.id, round(time.time() * 1000))
        return answer_page(visit, "too_many"), 429
    found = _find(code)
    if not found:
        require_complete_ledger()
        found = _find(code)
    own = [one for one in found if one.program in visit.programs()]
    if not own:
        return _unknown(visit, code, is_elsewhere=bool(found))
    chosen = next((one for one in own if one.program == request.args.get("program")), own[0])
    return _shown(visit, chosen)


def _unknown(visit: Visit, code: str, *, is_elsewhere: bool) -> ResponseReturnValue:
    context().limiter.count_wrong_code(request, visit.operator.id)
    counter("wrong_codes").labels("unknown").inc()
    answer: Answer = "other_program" if is_elsewhere else "mistyped" if looks_mistyped(code) else "unknown"
    return answer_page(visit, answer), 404


def _shown(visit: Visit, account: Account) -> ResponseReturnValue:
    """The reward with the button that writes it off, or why it cannot be used."""
    refusal = refusal_reason(account, context().clock.now_ms())
    if refusal is not None:
        return answer_page(visit, refusal, account), 409
    if not is_for_the_counter(account):
        return answer_page(visit, "not_here", account), 409
    return reward_form(visit, account)


def _use(visit: Visit) -> ResponseReturnValue:
    account, key = _require_reward(visit, request.form.get("reward", "")), request.form.get("key", "")
    if not is_form_key(key) or not is_for_the_counter(account):
        raise Problem(400, "malformed_request", "Look the code up again.")
    made = WriteOff(visit.operator.id, key, account.id)
    done = dependencies().store.result(account.program, account.beneficiary, made.request)
    if done is None:  # otherwise this form was sent before, and what is left by now is not what it was about
        amount = read_amount(account, request.form.get("amount", ""))
        if amount == "invalid":
            return reward_form(visit, account, mistake=True), 422
        visit.record("reward.used", program=account.program, target=account.id)
        done = request_redemption(reward_target(account), made.order, made.request, amount)
    if done.outcome == "redeemed":
        return back_to(STAFF_PAGE, use=made.request)
    newest = dependencies().store.account(account.id) or account
    refusal: Answer = "redeemed_before" if done.outcome == "held" else done.outcome
    return answer_page(visit, refusal, newest), 409


def _undo(visit: Visit) -> ResponseReturnValue:
    """Gives a write-off back: one's own, or with the right to revoke rewards any; not what was used elsewhere."""
    found = _write_off(visit, request.form.get("use", ""))
    if found is None:
        raise Problem(404, "unknown_redemption", "No write-off in the store has this id. Look the code up again.")
    if not found.may_undo(visit):
        raise Problem(
            403, "role_forbids", "Only who wrote it off may take that back, or an operator who may revoke rewards."
        )
    done = found.done
    visit.record("reward.use_undone", program=done.program, target=done.reward)
    request_change(done, "reverse", derive_id("rdc", done.request, "reverse"))
    account = dependencies().store.account(done.reward)
    if account is None or _is_in_use(account, done):  # it was refused, or taken again since it was taken back
        return answer_page(visit, "not_undone", account, done), 409
    return back_to(STAFF_PAGE, use=done.request)


@dataclass(frozen=True, slots=True)
class _Found:
    """A write-off with its redemption, which succeeded."""

    made: WriteOff
    done: Redemption

    def may_undo(self, visit: Visit) -> bool:
        """Whether the operator made it, or may take back any."""
        return self.made.operator == visit.operator.id or visit.may("revoke_rewards")


def _write_off(visit: Visit, id: str) -> _Found | None:
    """The write-off with this id, if it is of a program of the operator."""
    done = dependencies().store.redemption(id[:64]) if id else None
    made = write_off_of(done) if done is not None else None
    if done is None or made is None or done.outcome != "redeemed" or done.program not in visit.programs():
        return None
    return _Found(made, done)


def _state(account: Account, done: Redemption) -> Answer:
    """What a write-off is by now, so that the page of one that was taken back never says to hand something over."""
    if _is_in_use(account, done):
        return "done"
    is_usable = refusal_reason(account, context().clock.now_ms()) is None
    return "undone" if is_usable else "undone_unusable"


def _is_in_use(account: Account, done: Redemption) -> bool:
    return any(use.request == done.request and use.returned < use.amount for use in account.uses)


def _find(code: str) -> list[Account]:
    """The reward with this id, or the rewards of all programs with this code."""
    account = dependencies().store.account(code.lower()) if code.startswith("RWD_") else None
    return [account] if account else dependencies().store.by_code(code, context().catalog.programs())


def _require_reward(visit: Visit, id: str) -> Account:
    account = dependencies().store.account(id[:64])
    if account is None or account.program not in visit.programs():
        raise Problem(404, "unknown_reward", f"Unknown reward {id[:64]!r}.")
    return account
