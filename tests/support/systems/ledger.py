"""The ledger fold in memory, on one partition: lines in, and what follows, which it reads back as from its topic."""

from collections import deque
from collections.abc import Iterable
from typing import Any

import msgspec

from referral.catalog.view import Catalog
from referral.fold.fold import Key
from referral.key_ring import KeyRing
from reward_dispatcher.domain.account import Account
from reward_dispatcher.folds import state_keys
from reward_dispatcher.folds.ledger_fold import LedgerFold
from reward_dispatcher.folds.state_changes import State, account_decision
from reward_dispatcher.sealed_codes import CodeSealer
from tests.support.folds import FoldFeed

CODES = CodeSealer(KeyRing.parse("", "k" * 32))


class LedgerFeed:
    """A ledger that has read some lines, or that begins with an account in any state."""

    def __init__(self, lines: Iterable[Any], account: Account | None = None) -> None:
        self.feed = FoldFeed(LedgerFold(CODES.generate, CODES), Catalog())
        if account is not None:
            self._store(account_decision(None, account).changes)
        for line in lines:
            self.write(line)

    def write(self, line: Any, *, read_back: bool = True) -> list[Any]:
        """Folds a line and, unless `read_back` is false, all that follows from it. Returns the lines that it leads to by itself."""
        direct = self.feed.feed([line])
        waiting = deque(direct if read_back else [])
        while waiting:
            waiting.extend(self.feed.feed([waiting.popleft()]))
        return direct

    def account(self, reward: str = "rwd_1") -> Account:
        """Returns the account of a reward."""
        found = self.feed.state(state_keys.account(reward))
        assert isinstance(found, Account), reward
        return found

    def _store(self, changes: dict[Key, State | float | None]) -> None:
        values = {key: msgspec.msgpack.encode(state) for key, state in changes.items() if isinstance(key, str)}
        self.feed.states.values.setdefault(0, {}).update(values)
