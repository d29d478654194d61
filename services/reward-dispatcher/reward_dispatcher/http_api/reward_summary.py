"""A program's rewards in figures, over all partitions."""

from collections.abc import Mapping

from flask_smorest import Blueprint

from referral.events.program import Reward
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.require import require_program
from reward_dispatcher.domain.account import GENERATED
from reward_dispatcher.domain.code_pool import remaining
from reward_dispatcher.folds.state_keys import CLAWBACK
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.schemas import SummaryOut

blueprint = Blueprint("figures", __name__)
_ENDED_STATUSES = ("revoked", "expired")


@blueprint.get("/v1/programs/<program>/rewards/summary")
@requires("read")
@blueprint.response(200, SummaryOut)
def summary(program: str) -> dict[str, object]:
    """How many rewards there are by status and rule, and how full the pools are."""
    require_program(program)
    rules = _rules(program)
    by_rule = dependencies().store.counts(program, list(rules))
    by_status = _totals(by_rule)
    return {
        "program": program,
        "standing": sum(count for status, count in by_status.items() if status not in _ENDED_STATUSES),
        "redeemed": by_status["redeemed"] + by_status[CLAWBACK],
        "by_status": by_status,
        "by_rule": by_rule,
        "pools": _pools(program, rules),
    }


def _rules(program: str) -> dict[str, Reward]:
    """Every rule that any version had, by id; of several with one id, the newest."""
    return {rule.id: rule for version in context().catalog.versions(program) for rule in version.program.rewards}


def _totals(by_rule: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {"redeemed": 0, CLAWBACK: 0}
    for counts in by_rule.values():
        for status, count in counts.items():
            total[status] = total.get(status, 0) + count
    return total


def _pools(program: str, rules: Mapping[str, Reward]) -> dict[str, dict[str, int]]:
    names = {
        rule.pool for rule in rules.values() if rule.kind == "discount_code" and rule.pool not in (None, GENERATED)
    }
    store = dependencies().store
    found = {name: store.pool(program, name) for name in sorted(name for name in names if name)}
    return {name: {"left": remaining(pool), "waiting": len(pool.waiting)} for name, pool in found.items()}
