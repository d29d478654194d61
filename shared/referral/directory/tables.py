"""The tables of the directory's file, their keys, and the checksum beside each value.

LMDB has none for its pages: a CRC-32 over key and value finds what a disk or an interrupted write has changed.
"""

from collections.abc import Sequence
from enum import IntEnum, auto
from hashlib import blake2b
from zlib import crc32

import lmdb

FORMAT = 4
"""Number in the names of the files: a version of the program that writes another format uses files of its own."""
_KEY_BYTES = 500  # LMDB's limit is 511
_DIGEST_BYTES = 16
SEPARATOR = "\x00"  # no id, code or pseudonym has it
_CHECKSUM_BYTES = 4
_RESIDUE = 0x2144DF1C  # the CRC-32 of anything followed by its own CRC-32, little-endian


class Table(IntEnum):
    """A table (a named database of LMDB): its key, and its value without the checksum."""

    META = 0  # see `replica.py`
    PARTICIPANTS = auto()  # id: the record
    MEMBERS = auto()  # program, id: nothing
    CODES = auto()  # code in upper case: `p` and the id of a participant, or `l` and the code of a link
    MENTIONS = auto()  # program, mention: the ids of its holders, the one recorded last first
    LINKS = auto()  # code: the record
    LINKS_OF = auto()  # participant, code: nothing
    USES = auto()  # code of a link: the record
    RETURNED = auto()  # code of a link, click: nothing
    RETURNED_COUNTS = auto()  # code of a link: how many uses were returned
    ENTITIES = auto()  # key of an entity that every process has in memory: number of its last change, and the record
    CHANGES = auto()  # number of the change: key of the entity
    PEOPLE = auto()  # id: the record
    PROFILES = auto()  # id: the record
    ERASURES = auto()  # first id: the record
    ENDED = auto()  # id that an erasure ended: first id
    TEXTS = auto()  # person, text: the record
    WALLETS = auto()  # id: the record
    NAMES = auto()  # program, form of a name, id, kind of the name: nothing


Handles = Sequence["lmdb._Database"]
"""The open tables, each at the number of its `Table`."""


class DamagedValue(Exception):
    """The checksum of a value is wrong."""


def key_of(*parts: str) -> bytes:
    """The key of these parts; a long one ends in a digest in place of its rest.

    Never empty, which LMDB refuses like a damaged file: an empty id or code is looked up, and not found, like any other.
    """
    key = SEPARATOR.join(parts).encode() or SEPARATOR.encode()
    return key if len(key) <= _KEY_BYTES else key[: _KEY_BYTES - _DIGEST_BYTES] + _digest(key)


def prefix_of(*parts: str) -> bytes:
    """What the keys with these first parts begin with. The parts must be short enough for a key."""
    return SEPARATOR.join((*parts, "")).encode()


def version_key(table: Table) -> bytes:
    """The key of `META` under which the version of a table is."""
    return b"version/" + table.name.lower().encode()


def _digest(key: bytes) -> bytes:
    return blake2b(key, digest_size=_DIGEST_BYTES).digest()


def seal(key: bytes, value: bytes) -> bytes:
    """The value followed by its checksum."""
    return value + crc32(value, crc32(key)).to_bytes(_CHECKSUM_BYTES, "little")


def unseal(key: bytes, sealed: bytes) -> bytes:
    """The value without its checksum. Raises DamagedValue."""
    if crc32(sealed, crc32(key)) != _RESIDUE:
        raise DamagedValue(f"the checksum of {key[:80]!r} is wrong")
    return sealed[:-_CHECKSUM_BYTES]
