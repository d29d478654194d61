"""A program's rewards in figures, over all partitions."""

from collections.abc import Mapping

from flask_smorest import Blueprint

from referral.events.program import Reward
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.require import require_program
from reward_dispatcher.domain.account import GENERATED
from reward_dispatcher.domain.pool import left
from reward_dispatcher.folds.places import CLAWBACK
from reward_dispatcher.http_api.collaborators import collaborators
from reward_dispatcher.http_api.schemas import SummaryOut

blueprint = Blueprint("figures", __name__)
_GONE = ("revoked", "expired")


@blueprint.get("/v1/programs/<program>/rewards/summary")
@requires("read")
@blueprint.response(200, SummaryOut)
def summary(program: str) -> dict[str, object]:
    """How many rewards there are by status and rule, and how full the pools are."""
    require_program(program)
    rules = _rules(program)
    by_rule = collaborators().store.counts(program, list(rules))
    by_status = _added(by_rule)
    return {
        "program": program,
        "standing": sum(count for status, count in by_status.items() if status not in _GONE),
        "redeemed": by_status["redeemed"] + by_status[CLAWBACK],
        "by_status": by_status,
        "by_rule": by_rule,
        "pools": _pools(program, rules),
    }


def _rules(program: str) -> dict[str, Reward]:
    """Every rule that any version had, by id; of several with one id, the newest."""
    return {rule.id: rule for version in context().catalog.versions(program) for rule in version.program.rewards}


def _added(by_rule: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {"redeemed": 0, CLAWBACK: 0}
    for counts in by_rule.values():
        for status, count in counts.items():
            total[status] = total.get(status, 0) + count
    return total


def _pools(program: str, rules: Mapping[str, Reward]) -> dict[str, dict[str, int]]:
    names = {
        rule.pool for rule in rules.values() if rule.kind == "discount_code" and rule.pool not in (None, GENERATED)
    }
    store = collaborators().store
    found = {name: store.pool(program, name) for name in sorted(name for name in names if name)}
    return {name: {"left": left(pool), "waiting": len(pool.waiting)} for name, pool in found.items()}
