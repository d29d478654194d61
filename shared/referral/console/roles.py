"""What each role may do in the console: one table, which every view uses. Pure."""

from typing import Literal, assert_never

from referral.events.entities import Operator, Role
from referral.events.rewards import RewardAction

Permission = Literal[
    "session",
    "redeem",
    "read",
    "review",
    "handle_rewards",
    "approve_rewards",
    "revoke_rewards",
    "ban_people",
    "record_events",
    "open_wallets",
    "share_dashboards",
    "manage_people",
    "manage_pools",
    "release_budgets",
    "resend_messages",
    "edit_programs",
    "manage_webhooks",
    "manage_keys",
    "manage_operators",
    "read_audit",
]

_EVERYONE: frozenset[Permission] = frozenset({"session"})
_STAFF: frozenset[Permission] = _EVERYONE | {"redeem"}
_VIEW: frozenset[Permission] = _EVERYONE | {"read"}
_SUPPORT: frozenset[Permission] = _VIEW | _STAFF | {"review", "handle_rewards"}
_GROWTH: frozenset[Permission] = _SUPPORT | {
    "approve_rewards",
    "revoke_rewards",
    "ban_people",
    "record_events",
    "open_wallets",
    "share_dashboards",
    "manage_pools",
    "release_budgets",
    "resend_messages",
    "edit_programs",
}
_ADMIN: frozenset[Permission] = _GROWTH | {
    "manage_people",
    "manage_webhooks",
    "manage_keys",
    "manage_operators",
    "read_audit",
}
_OF_ALL_PROGRAMS: frozenset[Permission] = frozenset({"manage_keys", "manage_operators", "read_audit"})


def permissions_of(role: Role) -> frozenset[Permission]:
    """The permissions of a role.

    Staff of a shop write rewards off, and see nothing else. A viewer reads; support also decides held referrals, does manual
    rewards and writes rewards off; growth also approves and revokes rewards, which are money, bans people, records events at the
    desk, makes links to wallets, which show codes, shares the growth page with others, fills pools, and changes
    programs; an admin also exports,
    corrects and erases people, manages webhooks, keys and operators, and reads the audit log.
    """
    match role:
        case "staff":
            return _STAFF
        case "viewer":
            return _VIEW
        case "support":
            return _SUPPORT
        case "growth":
            return _GROWTH
        case "admin":
            return _ADMIN
        case _:
            assert_never(role)


def permission_for_reward(action: RewardAction) -> Permission:
    """The permission that an action needs: a task may be done by support, money is decided by growth."""
    match action:
        case "fulfil":
            return "handle_rewards"
        case "approve" | "hold" | "release":
            return "approve_rewards"
        case "revoke" | "restore":
            return "revoke_rewards"
        case _:
            assert_never(action)


def may(operator: Operator, permission: Permission) -> bool:
    """Whether an operator may do something. What concerns all programs needs an operator who is bound to none."""
    if operator.programs and permission in _OF_ALL_PROGRAMS:
        return False
    return operator.may_sign_in and permission in permissions_of(operator.role)


def may_see(operator: Operator, program: str) -> bool:
    """Whether an operator may see a program."""
    return not operator.programs or program in operator.programs
