"""Redis users: one for each process, with the keys it reads and writes. Pure.

HTTP services read the state that their folds derive, and write only keys of requests: limits, idempotency keys, reservations.
A fold reads and writes only its own state.
"""

from collections.abc import Mapping
from typing import NamedTuple

# Data commands on permitted keys. Without those that list keys of others, load code, change the server or stop it. A client of a
# cluster reads which node has which slots.
_COMMANDS = (
    "-@all +@read +@write +@scripting +@transaction +@connection -@dangerous -@admin -scan -randomkey -function -fcall"
    " -fcall_ro -script|flush -script|kill -script|debug +info +time +cluster|slots"
)
_BANS = "ct:{attribute-*}:bans:*"  # whose invitations and wallets promise nothing
_DECISIONS = "lb:{experiments-*}:decided:*"  # which variants experiments were decided for
_CLOSED_MAIL = "rd:{deliveries-*}:closed:*"  # whose mailboxes take no e-mails
_REQUESTS = "http:*"  # shared by HTTP services: their names are hashes of keys, addresses and request bodies

OPERATOR = "operator"
"""The user of people who repair something: may do everything."""


class RedisUser(NamedTuple):
    """A process and the key patterns that it writes (and reads), and those that it only reads."""

    process: str
    writes: tuple[str, ...]
    reads: tuple[str, ...] = ()


USERS = (
    RedisUser("link-issuer", (_REQUESTS, "rd:wechat:token*", "li:*"), (_BANS, _DECISIONS, _CLOSED_MAIL)),
    # Which lines wait for a replay is in the state of their folds, whatever their service.
    RedisUser("conversion-tracker", (_REQUESTS, "ct:{replays}:*"), ("ct:*", "rd:{*}:set_aside", "lb:{*}:set_aside")),
    RedisUser(
        "reward-dispatcher",
        (
            _REQUESTS,
            "rd:asked:*",
            "rd:opened:*",
            "rd:downloads:*",
            "rd:changing:*",
            "rd:guessed-codes",
            "rd:link-requests:*",
            "rd:returned:*",
        ),
        ("rd:*", _BANS),
    ),
    RedisUser("leaderboard", (_REQUESTS,), ("lb:*",)),
    RedisUser("attribute", ("ct:{attribute-*",)),
    RedisUser("screen", ("ct:{screen-*",)),
    RedisUser("decide", ("rd:{decide-*",)),
    RedisUser("ledger", ("rd:{ledger-*",)),
    RedisUser("pools", ("rd:{pools-*",)),
    RedisUser("prizes", ("rd:{prizes-*",)),
    RedisUser("deliveries", ("rd:{deliveries-*",)),
    RedisUser("delivery", ("rd:answers:*", "rd:wechat:*"), ("rd:{deliveries-*", "rd:{ledger-*", "rd:{decide-*")),
    RedisUser("boards", ("lb:{boards-*",)),
    RedisUser("growth", ("lb:{growth-*",)),
    RedisUser("activity", ("lb:{activity-*",)),
    RedisUser("closings", ("lb:{closings-*",)),
    RedisUser("experiments", ("lb:{experiments-*",)),
)


def acl_file(passwords: Mapping[str, str]) -> str:
    """The ACL file of Redis: `passwords` has what a rule writes for the password of each process and of the operator.

    That is `>password`, or `#` and the password's SHA-256 in hexadecimal digits. No one can connect without a user.
    """
    lines = [
        "user default off resetkeys resetchannels -@all",
        *(_line(user, passwords[user.process]) for user in USERS),
        f"user {OPERATOR} on {passwords[OPERATOR]} ~* &* +@all",
    ]
    return "\n".join(lines) + "\n"


def _line(user: RedisUser, password: str) -> str:
    keys = [*(f"~{pattern}" for pattern in user.writes), *(f"%R~{pattern}" for pattern in user.reads)]
    return f"user {user.process} on {password} {' '.join(keys)} resetchannels {_COMMANDS}"
