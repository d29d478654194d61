"""What a person is entitled to now, for platforms that grant access by it."""

from typing import Annotated

from msgspec import Meta, Struct

from referral.events.rewards import RewardKind, handover_of
from referral.events.timestamps import to_datetime
from referral.http.api_keys import requires
from referral.http.context import context
from referral.http.json_body import Blueprint
from referral.http.require import require_program
from referral.http.responses import Timestamp, response
from reward_dispatcher.domain.account import Account
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.responses import FULFILLED_STATUSES, optional_datetime

blueprint = Blueprint("entitlements", __name__)
_REWARDS_AT_ONCE = 1000
MAX_REWARDS = 20_000
"""How many of a person's newest rewards are searched."""


class EntitlementResponse(Struct):
    """A right that a person has now."""

    rule: Annotated[str, Meta(description="the program's reward rule that it follows from", examples=["bonus3"])]
    kind: RewardKind
    reward_id: Annotated[str, Meta(examples=["rwd_0123456789abcdef"])]
    version: Annotated[int, Meta(description="the program version that contains the rule")]
    since: Timestamp
    until: Annotated[Timestamp | None, Meta(description="when it ends; null if it does not end by itself")]


class EntitlementsResponse(Struct):
    """The rights that a person has now, the newest first; empty for a person without any."""

    program: str
    person: Annotated[str, Meta(description="the person id", examples=["psn_3v8k2m9q4t6w1x7z"])]
    items: list[EntitlementResponse]


@blueprint.get("/v1/programs/<program>/people/<path:external_id>/entitlements")
@requires("read")
@response(EntitlementsResponse)
@blueprint.alt_response(404, description="Unknown program.")
@blueprint.alt_response(503, description="Redis is unavailable.")
def entitlements(program: str, external_id: str) -> EntitlementsResponse:
    """What a person is entitled to now, such as early access. A person id works as well as the platform's own id."""
    require_program(program)
    person = context().pseudonyms.person_id_to_find(program, external_id)
    now_ms = context().clock.now_ms()
    active = [one for one in _rewards(program, person) if _is_active(one, now_ms)]
    return EntitlementsResponse(program, person, [_response(one) for one in active])


def _rewards(program: str, person: str) -> list[Account]:
    """The person's newest rewards."""
    found: list[Account] = []
    while len(found) < MAX_REWARDS:
        page = dependencies().store.wallet(program, person, len(found), _REWARDS_AT_ONCE)
        found += page.accounts
        if not page.accounts or len(found) >= page.total:
            break
    return found


def _is_active(account: Account, now_ms: int) -> bool:
    """Whether the reward is a right that was given and has not ended, also if no tick has ended it yet."""
    if handover_of(account.kind) != "entitlement" or account.status not in FULFILLED_STATUSES or account.clawback:
        return False
    return account.expires_ms is None or now_ms < account.expires_ms


def _response(account: Account) -> EntitlementResponse:
    since_ms = account.granted_ms if account.fulfilled_ms is None else account.fulfilled_ms
    return EntitlementResponse(
        rule=account.rule,
        kind=account.kind,
        reward_id=account.id,
        version=account.version,
        since=to_datetime(since_ms),
        until=optional_datetime(account.expires_ms),
    )
