"""What other services answer about the home view of the console, with one of everything, and decisions of an operator."""

from datetime import UTC, datetime, timedelta

from flask import Flask, Response

from referral.console.home_part import BudgetLevel, HomePart, Movement, Need, part_response
from referral.events.audit import ActionName
from referral.events.entities import Operator
from referral.events.money import Value
from tests.support.builders.participants import AMY, PROGRAM

_DECISIONS: tuple[tuple[ActionName, str], ...] = (
    ("reward.approved", "rwd_0123456789abcdef0123456789abcdef"),
    ("person.banned", AMY.id),
    ("reward.held", "rwd_0123456789abcdef0123456789abcdef"),
    ("conversion.released", "cnv_0123456789abcdef0123456789abcdef"),
)


def home_parts() -> Flask:
    """Returns the three services, of which one has a long name of everything."""
    app = Flask("parts")
    app.add_url_rule("/console/review/home", "review", lambda: part_response(_review()))
    app.add_url_rule("/console/rewards/home", "rewards", lambda: part_response(_rewards()))
    app.add_url_rule("/console/boards/home", "boards", _boards)
    return app


def record_decisions(app: Flask, who: Operator) -> None:
    """Writes decisions of an operator to the audit log, as the services do."""
    audit = app.extensions["link-issuer"].audit
    for action, target in _DECISIONS:
        audit.record(who.id, action, program=PROGRAM, target=target)


def _review() -> HomePart:
    oldest = datetime.now(UTC) - timedelta(hours=26)
    return HomePart((Need("held", 4, oldest, "/console/review"),), (Movement("friends", 61, 9), Movement("left", 12)))


def _rewards() -> HomePart:
    now = datetime.now(UTC)
    money, long = (Value(39_800, "CNY"),), "spring-" * 6
    return HomePart(
        (
            Need("manual", 2, now - timedelta(hours=3), "/console/rewards?state=manual", worth=money),
            Need("pool_low", 1, None, "/console/rewards/pools", long, 12),
            Need("webhook_failing", 1, now, "/console/rewards/webhooks/whk_1", f"https://{long}.example/hook", 18),
        ),
        (Movement("rewards", 44, -3, worth=(Value(88_000, "CNY"), Value(1_200, "points"))),),
        (
            BudgetLevel("total", "CNY", 1_000_000, 640_000, 90_000, 270_000),
            BudgetLevel(long, "CNY", 50_000, 50_000, 0, 0),
        ),
    )


def _boards() -> Response:
    return part_response(HomePart(movements=(Movement("leader", 23, 2, "Amy 🌸 " + "小鹿" * 12),)))
