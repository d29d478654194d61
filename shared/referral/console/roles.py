"""What each role may do in the console: one table, which every view uses. Pure."""

from typing import Literal, assert_never

from referral.events.entities import Operator, Role

Permission = Literal[
    "read",
    "review",
    "handle_rewards",
    "approve_rewards",
    "revoke_rewards",
    "manage_keys",
    "manage_operators",
    "read_audit",
]

_VIEW: frozenset[Permission] = frozenset({"read"})
_SUPPORT: frozenset[Permission] = _VIEW | {"review", "handle_rewards"}
_GROWTH: frozenset[Permission] = _SUPPORT | {"approve_rewards", "revoke_rewards"}
_ADMIN: frozenset[Permission] = _GROWTH | {"manage_keys", "manage_operators", "read_audit"}
_OF_ALL_PROGRAMS: frozenset[Permission] = frozenset({"manage_keys", "manage_operators", "read_audit"})


def permissions_of(role: Role) -> frozenset[Permission]:
    """The permissions of a role.

    A viewer reads; support also decides held referrals and does manual rewards; growth also approves and revokes rewards, which are
    money; an admin also manages keys and operators, and reads the audit log.
    """
    match role:
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


def may(operator: Operator, permission: Permission) -> bool:
    """Whether an operator may do something. What concerns all programs needs an operator who is bound to none."""
    if operator.programs and permission in _OF_ALL_PROGRAMS:
        return False
    return operator.may_sign_in and permission in permissions_of(operator.role)


def may_see(operator: Operator, program: str) -> bool:
    """Whether an operator may see a program."""
    return not operator.programs or program in operator.programs
