"""The key ring: the secret keys of an installation, each for one purpose, and the ways to rotate them.

The newest key of a purpose signs or seals; older ones only read, until they are removed. What a key made carries the key's id.
REFERRAL_SIGNING_KEY is a ring of one key without an id: the oldest of every purpose, since values from before there were ids
are its own. docs/runbooks/rotate-keys.md has the steps of a rotation.

The key of pseudonyms never changes: with another one every person would be a new one. So there is at most one of them, and it
is used instead of REFERRAL_SIGNING_KEY where both are set.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

KeyPurpose = Literal["tokens", "codes", "sealing", "pseudonyms", "devices", "sessions"]
PURPOSES: tuple[KeyPurpose, ...] = get_args(KeyPurpose)
SIGNING_KEY_ID = ""  # of REFERRAL_SIGNING_KEY: what it made carries no id

_MOST_KEYS, _LEAST_LENGTH, _MOST_LENGTH = 64, 32, 1024
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,15}")
_SINGLE: frozenset[KeyPurpose] = frozenset({"pseudonyms"})  # purposes whose key cannot be rotated
_FORM = "PURPOSE:ID:VALUE, e.g. tokens:2026b:…"
_FILE = "file:"


class InvalidKeys(ValueError):
    """REFERRAL_KEYS is invalid; the message names the entry and what to write, never a value."""


@dataclass(frozen=True, slots=True)
class RingKey:
    """A key of one purpose. `id` is empty for REFERRAL_SIGNING_KEY."""

    id: str
    value: str = field(repr=False)

    @property
    def name(self) -> str:
        """How messages name it."""
        return f"the key {self.id!r} of REFERRAL_KEYS" if self.id else "REFERRAL_SIGNING_KEY"


class KeyRing:
    """The keys of each purpose, the newest first. Immutable."""

    def __init__(self, keys: Mapping[KeyPurpose, Sequence[RingKey]]) -> None:
        self._keys = {purpose: {key.id: key for key in keys[purpose]} for purpose in PURPOSES}

    @classmethod
    def parse(cls, keys: str, signing_key: str) -> "KeyRing":
        """The ring of REFERRAL_KEYS (a list, or `file:` and a path) and REFERRAL_SIGNING_KEY; one of them may be empty.

        Raises InvalidKeys.
        """
        ring: dict[KeyPurpose, list[RingKey]] = {purpose: [] for purpose in PURPOSES}
        for purpose, key in _read_entries(keys):
            if ring[purpose] and purpose in _SINGLE:
                raise InvalidKeys(
                    f"it has a second key for {purpose}, {purpose}:{key.id}: that key cannot change, remove one"
                )
            ring[purpose].append(key)
        if signing_key:
            for purpose in PURPOSES:
                if ring[purpose] and purpose in _SINGLE:
                    continue
                ring[purpose].append(RingKey(SIGNING_KEY_ID, signing_key))
        _check_complete(ring)
        return cls(ring)

    def newest(self, purpose: KeyPurpose) -> RingKey:
        """The key that signs or seals."""
        return next(iter(self._keys[purpose].values()))

    def all(self, purpose: KeyPurpose) -> list[RingKey]:
        """Every key that reads, the newest first."""
        return list(self._keys[purpose].values())

    def find(self, purpose: KeyPurpose, id: str) -> RingKey | None:
        """The key of this purpose and id."""
        return self._keys[purpose].get(id)


def missing_key(id: str) -> str:
    """Why something cannot be read because its key is not in the ring, and the remedy."""
    if id == SIGNING_KEY_ID:
        return "it was made with REFERRAL_SIGNING_KEY, which is not set: set it again"
    return f"it was made with the key {id!r}, which REFERRAL_KEYS does not have: add the key again"


def _read_entries(keys: str) -> Iterator[tuple[KeyPurpose, RingKey]]:
    """The entries in their order. Raises InvalidKeys."""
    entries = _split(keys)
    if len(entries) > _MOST_KEYS:
        raise InvalidKeys(f"it has {len(entries)} keys; at most {_MOST_KEYS} are possible")
    seen: dict[str, str] = {}
    names: set[tuple[str, str]] = set()
    for number, entry in enumerate(entries, 1):
        purpose, key = _read_entry(number, entry)
        if (purpose, key.id) in names:
            raise InvalidKeys(f"it has two keys {purpose}:{key.id}: give the newer one another id")
        if key.value in seen:
            raise InvalidKeys(
                f"{purpose}:{key.id} has the value of {seen[key.value]}: each key needs a value of its own"
            )
        names.add((purpose, key.id))
        seen[key.value] = f"{purpose}:{key.id}"
        yield purpose, key


def _split(keys: str) -> list[str]:
    """The entries of a list, or of the file that it names."""
    if not keys.startswith(_FILE):
        return re.findall(r"[^\s,]+", keys)
    path = Path(keys.removeprefix(_FILE))
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidKeys(f"the file {path} cannot be read ({error})") from None
    return [entry for line in lines for entry in re.findall(r"[^\s,]+", line.partition("#")[0])]


def _read_entry(number: int, entry: str) -> tuple[KeyPurpose, RingKey]:
    """One entry. Raises InvalidKeys, which shows the purpose and the id, but not the value."""
    parts = entry.split(":", 2)
    if len(parts) != 3:
        raise InvalidKeys(f"entry {number} must be {_FORM}")
    purpose, id_, value = parts
    for valid in PURPOSES:
        if purpose == valid:
            break
    else:
        raise InvalidKeys(f"entry {number} must begin with one of {', '.join(PURPOSES)} and a colon")
    if not _ID.fullmatch(id_):
        raise InvalidKeys(f"the id of entry {number} ({purpose}) must be 1 to 16 of a-z, 0-9 and -")
    if not _LEAST_LENGTH <= len(value) <= _MOST_LENGTH:
        raise InvalidKeys(f"the value of {purpose}:{id_} must have {_LEAST_LENGTH} to {_MOST_LENGTH} characters")
    return valid, RingKey(id_, value)


def _check_complete(ring: Mapping[KeyPurpose, Sequence[RingKey]]) -> None:
    missing = [purpose for purpose in PURPOSES if not ring[purpose]]
    if missing:
        raise InvalidKeys(f"there is no key for {' and '.join(missing)}: add one to REFERRAL_KEYS, as {_FORM}")
