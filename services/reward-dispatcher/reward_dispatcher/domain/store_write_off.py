"""A write-off at the counter of a shop: its order names the operator, and only the staff page can make its request id."""

import re
from dataclasses import dataclass

from referral.events.ids import derive_id
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.redemption import Redemption

KEY_CHARACTERS = 16
_ORDER = re.compile(r"desk-(opr_[0-9a-z]+)-([A-Za-z0-9_-]{16})")


@dataclass(frozen=True, slots=True)
class WriteOff:
    """Who wrote which reward off. `key`: 16 characters of the form, so that a form that is sent again is the same write-off."""

    operator: str
    key: str
    reward: str

    @property
    def order(self) -> str:
        """The order of its redemption: the history of the reward names the operator by it."""
        return f"desk-{self.operator}-{self.key}"

    @property
    def request(self) -> str:
        """The id of its redemption."""
        return derive_id("rdm", self.operator, self.key, self.reward)


def is_form_key(text: str) -> bool:
    """Whether a text can be the key of a form."""
    return _ORDER.fullmatch(f"desk-opr_0-{text}") is not None


def write_off_of(done: Redemption) -> WriteOff | None:
    """Returns the write-off that a redemption is; None for one that was made elsewhere, whatever its order is called."""
    return _made_by(done.order, done.reward, done.request)


def write_offs_of(account: Account) -> list[WriteOff]:
    """Returns the write-offs among the uses of a reward."""
    found = (_made_by(use.order, account.id, use.request) for use in account.uses)
    return [one for one in found if one is not None]


def _made_by(order: str, reward: str, request: str) -> WriteOff | None:
    named = _ORDER.fullmatch(order)
    made = WriteOff(named[1], named[2], reward) if named else None
    return made if made is not None and made.request == request else None
