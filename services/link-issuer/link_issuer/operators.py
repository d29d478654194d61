"""Operators of the console in the catalog: added, enrolled, changed, reset and removed. Each change is one record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec
from msgspec.structs import replace

from link_issuer.store import Store
from referral.catalog.follower import CatalogFollower
from referral.clock import Clock
from referral.console.credentials import (
    Credentials,
    find_operator,
    generate_password,
    hash_password,
    normalize_name,
    open_credentials,
    seal_credentials,
)
from referral.events.entities import Operator, Role
from referral.events.timestamps import to_datetime
from referral.key_ring import KeyRing
from referral.people.pseudonyms import Pseudonyms

FIRST_PASSWORD_VALID = timedelta(days=7)
MAX_OPERATORS = 200  # who are not removed: a sign-in looks at all of them

_encode = msgspec.msgpack.Encoder().encode


class NameTaken(Exception):
    """Another operator has the name."""


class TooManyOperators(Exception):
    """There are MAX_OPERATORS."""


class OperatorRemoved(Exception):
    """The operator was removed: there is nothing to change."""


@dataclass(frozen=True, slots=True)
class FirstPassword:
    """An operator with the password that an admin hands to them, which ends at a time (ms since the epoch)."""

    operator: Operator
    password: str
    until_ms: int


class Operators:
    """The operators of all programs.

    Changes raise NotDurable, RedisError, and AlreadyTaken if another request is changing the same operator.
    """

    def __init__(
        self, store: Store, follower: CatalogFollower, ring: KeyRing, pseudonyms: Pseudonyms, clock: Clock
    ) -> None:
        self._store, self._follower, self._ring = store, follower, ring
        self._pseudonyms, self._clock = pseudonyms, clock

    def add(self, id: str, name: str, role: Role, programs: Sequence[str]) -> FirstPassword:
        """A new operator, with a new id. Raises NameTaken, also for the same request again, and TooManyOperators."""
        catalog, now_ms = self._store.complete_catalog(), self._clock.now_ms()
        present = [one for one in catalog.operators() if one.sealed is not None]
        if len(present) >= MAX_OPERATORS:
            raise TooManyOperators
        if find_operator(self._ring, present, name) is not None:
            raise NameTaken
        self._store.reserve_changes([self._fingerprint(normalize_name(name))], id, now_ms)
        blank = Operator(recorded_at=to_datetime(now_ms), id=id, role=role, programs=tuple(programs))
        return self._write_first_password(blank, name)

    def change(self, operator: Operator, role: Role, programs: Sequence[str], *, disabled: bool) -> Operator:
        """The operator with these rights; one who is disabled has no session any more."""
        ends = disabled and not operator.disabled
        epoch = operator.epoch + ends
        changed = replace(operator, role=role, programs=tuple(programs), disabled=disabled, epoch=epoch)
        return operator if changed == operator else self._replace(operator, changed)

    def reset(self, operator: Operator) -> FirstPassword:
        """The operator with a first password again, without TOTP secret and sessions. Raises OperatorRemoved."""
        credentials = open_credentials(self._ring, operator)
        if credentials is None:
            raise OperatorRemoved
        return self._write_first_password(operator, credentials.name, before=operator)

    def enrol(self, operator: Operator, password: str, totp: str) -> Operator:
        """The operator with a password and TOTP secret of their own; the first password is over. Raises OperatorRemoved."""
        credentials = open_credentials(self._ring, operator)
        if credentials is None:
            raise OperatorRemoved
        own = Credentials(credentials.name, hash_password(password), totp)
        return self._replace(operator, self._sealed(operator, own))

    def end_sessions(self, operator: Operator) -> Operator:
        """The operator without sessions."""
        return self._replace(operator, replace(operator, epoch=operator.epoch + 1))

    def remove(self, operator: Operator) -> Operator:
        """The operator without name, password and TOTP secret: only id, role and programs are left."""
        removed = replace(operator, sealed=None, epoch=operator.epoch + 1, disabled=True)
        return operator if operator.sealed is None else self._replace(operator, removed)

    def _write_first_password(self, operator: Operator, name: str, before: Operator | None = None) -> FirstPassword:
        password = generate_password()
        until_ms = self._clock.now_ms() + round(FIRST_PASSWORD_VALID.total_seconds() * 1000)
        credentials = Credentials(name, hash_password(password), None, until_ms)
        sealed = self._sealed(operator, credentials)
        return FirstPassword(self._replace(before, sealed), password, until_ms)

    def _sealed(self, operator: Operator, credentials: Credentials) -> Operator:
        """With these credentials, and without sessions."""
        sealed = seal_credentials(self._ring, operator.id, credentials)
        return replace(operator, sealed=sealed, epoch=operator.epoch + 1)

    def _replace(self, before: Operator | None, changed: Operator) -> Operator:
        """Returns when the record is durable and in this process's view. Of two changes of one record, one is refused."""
        if before is not None:
            own = self._fingerprint(changed)
            self._store.reserve_changes([self._fingerprint(before)], own, self._clock.now_ms())
        self._store.write([changed])
        self._follower.read_to_end()
        return changed

    def _fingerprint(self, record: object) -> str:
        return self._pseudonyms.fingerprint(b"operator", _encode(record))
