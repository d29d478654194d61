"""The wallet of an example person: what a referrer could have after some friends, under the rules of a program."""

from referral.events.program import Program
from referral.events.reward_rules import Reward
from referral.events.rewards import handover_of
from referral.events.timestamps import DAY_MS
from referral.http.context import context
from referral.pages.languages import gettext, localize, use_languages_of
from reward_dispatcher.domain.account import Account
from reward_dispatcher.pages.tickets import Download, Moment, Ticket, state_text, ticket
from reward_dispatcher.pages.wallet_view import counter_picture

MAX_SHOWN = 20
_CODE = "EXAMPLE-7K2P"
_FILE_BYTES = 2_100_000


def wallet_preview(program: Program) -> dict[str, object]:
    """The values of the template `wallet.html`."""
    use_languages_of(program.name)
    at = Moment(context().clock.now_ms(), program.timezone)
    tickets = [_ticket(program, rule, at) for rule in program.rewards[:MAX_SHOWN] if rule.to == "referrer"]
    return {
        "program": localize(program.name),
        "greeting": gettext("Hi %(name)s", name=gettext("Amy")),
        "tickets": {
            "ready": [one for one in tickets if one.state == "ready"],
            "on_its_way": [one for one in tickets if one.state == "on_its_way"],
            "history": [],
        },
        "balances": [],
        "state_text": state_text,
        "qr": counter_picture,
        "older": 0,
        "shown": len(tickets),
        "profile": None,
        "may_share": False,
        "participant": None,
    }


def _ticket(program: Program, rule: Reward, at: Moment) -> Ticket:
    return ticket(_account(program, rule, at), rule, at, _download(rule))


def _account(program: Program, rule: Reward, at: Moment) -> Account:
    """A reward that was granted yesterday: held while it waits, otherwise ready to use."""
    granted = at.now_ms - DAY_MS
    due = granted + program.holding_days * DAY_MS
    waits, manual = due > at.now_ms, rule.fulfilment == "manual"
    return Account(
        program=program.id,
        id=f"rwd_example_{rule.id}",
        beneficiary="psn_example",
        rule=rule.id,
        kind=rule.kind,
        role="referrer",
        version=1,
        trigger="evt_example",
        granted_ms=granted,
        due_ms=due,
        changed_ms=granted,
        status="held" if waits or manual else "fulfilled",
        hold_reason="holding_period" if waits else "manual" if manual else None,
        expires_ms=at.now_ms + rule.expires_days * DAY_MS if rule.expires_days else None,
        percent=rule.percent,
        worth=rule.worth,
        code=_CODE if handover_of(rule.kind, rule.handover) == "code" else None,
    )


def _download(rule: Reward) -> Download | None:
    if handover_of(rule.kind, rule.handover) != "file" or not rule.pool:
        return None
    return Download("#", rule.pool, _FILE_BYTES)
