"""How many rewards a program has, over all partitions."""

from collections.abc import Mapping

from referral.events.entities import ProgramVersion
from referral.events.reward_rules import Reward
from referral.events.rewards import handover_of
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.require import require_program
from referral.http.responses import response
from referral.program_file.supply import SupplyProblem, supply_problems
from reward_dispatcher.domain.account import GENERATED
from reward_dispatcher.domain.code_pool import free
from reward_dispatcher.folds.state_keys import CLAWBACK
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.responses import PoolSummary, RewardSummaryResponse, SupplyProblemResponse

blueprint = Blueprint("reward_summary", __name__)
_ENDED_STATUSES = ("revoked", "expired")


@blueprint.get("/v1/programs/<program>/rewards/summary")
@requires("read")
@response(RewardSummaryResponse)
def summary(program: str) -> RewardSummaryResponse:
    """Rewards by status and rule, and how many codes the pools have left."""
    newest = require_program(program)
    rules = _rules(program)
    by_rule = dependencies().store.counts(program, list(rules))
    by_status = _totals(by_rule)
    return RewardSummaryResponse(
        program=program,
        granted=sum(count for status, count in by_status.items() if status != "revoked"),
        standing=sum(count for status, count in by_status.items() if status not in _ENDED_STATUSES),
        redeemed=by_status["redeemed"] + by_status[CLAWBACK],
        by_status=by_status,
        by_rule=by_rule,
        pools=_pools(program, rules),
        problems=[SupplyProblemResponse(one.code, one.pointer, one.detail) for one in _problems(newest)],
    )


def _problems(newest: ProgramVersion) -> list[SupplyProblem]:
    pools = context().catalog.code_pools(newest.program.id)
    return supply_problems(newest.program, pools, dependencies().guides.names(newest.program.id))


def _rules(program: str) -> dict[str, Reward]:
    """The reward rules of all versions, by id; the newest of those with the same id."""
    return {rule.id: rule for version in context().catalog.versions(program) for rule in version.program.rewards}


def _totals(by_rule: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {"redeemed": 0, CLAWBACK: 0}
    for counts in by_rule.values():
        for status, count in counts.items():
            total[status] = total.get(status, 0) + count
    return total


def _pools(program: str, rules: Mapping[str, Reward]) -> dict[str, PoolSummary]:
    names = {rule.pool for rule in rules.values() if rule.pool and handover_of(rule.kind) == "code"} - {GENERATED}
    pools = dependencies().pools.pools(program, sorted(names))
    return {name: PoolSummary(left=free(pool), waiting=pool.queued) for name, pool in pools.items()}
