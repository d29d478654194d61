"""The record of a draw: what was committed to, the entries, and the result; and whether one follows from the other."""

from hashlib import sha256
from typing import Annotated

from msgspec import Meta, Struct

from referral.events.line import Timestamp
from referral.verification import quicknet
from referral.verification.board_proof import Digest, leaf_data
from referral.verification.merkle_tree import leaf_hash, root_of
from referral.verification.weighted_draw import RULE, draw_entries

MAX_ENTRIES = 2_000_000
Id = Annotated[str, Meta(min_length=1, max_length=64)]
Whole = Annotated[int, Meta(ge=0, le=2**53)]
Places = Annotated[int, Meta(ge=0, le=10_000)]
Round = Annotated[int, Meta(ge=1, le=quicknet.MAX_ROUND)]
Hex = Annotated[str, Meta(pattern=r"^([0-9a-f]{2}){16,64}$")]


class DrawEntry(Struct, frozen=True, array_like=True):
    """An entry of a draw in the order of the closed board: who, how many tickets, and the second at which the score was reached."""

    participant: Id
    score: Whole
    reached_at: Whole


class DrawRecord(Struct, frozen=True, kw_only=True):
    """What `referral draw fetch` writes. `committed_at` to `secret_hash` were known before the draw, the rest since."""

    program: Id
    draw: Id
    metric: Id
    period: Id
    committed_at: Timestamp
    root: Digest
    entries: Whole
    tickets: Whole
    winner_places: Places
    alternate_places: Places
    rule: Id
    last_leaf: Digest
    round: Round | None = None
    secret_hash: Digest | None = None
    randomness: Digest | None = None
    signature: Hex | None = None
    secret: Hex | None = None
    winners: Annotated[tuple[Id, ...], Meta(max_length=10_000)] = ()
    alternates: Annotated[tuple[Id, ...], Meta(max_length=10_000)] = ()


class DrawFile(Struct, frozen=True, kw_only=True):
    """A record with all entries."""

    record: DrawRecord
    entries: Annotated[tuple[DrawEntry, ...], Meta(max_length=MAX_ENTRIES)]


def draw_mistake(file: DrawFile) -> str | None:
    """Returns why a draw does not hold; None if everything follows from what was committed to."""
    return _entries_mistake(file) or _randomness_mistake(file.record) or _result_mistake(file)


def _entries_mistake(file: DrawFile) -> str | None:
    record = file.record
    leaves = [
        leaf_hash(leaf_data(rank, one.participant, one.score, one.reached_at))
        for rank, one in enumerate(file.entries, 1)
    ]
    if len(leaves) != record.entries or not leaves:
        return f"there are {len(leaves)} entries, and {record.entries} were committed to"
    if root_of(leaves).hex() != record.root:
        return "the entries do not have the root that was committed to: one of them was changed"
    if leaves[-1].hex() != record.last_leaf:
        return "the last entry is not the one that was committed to"
    tickets = sum(one.score for one in file.entries)
    return None if tickets == record.tickets else f"there are {tickets} tickets, and {record.tickets} were committed to"


def _randomness_mistake(record: DrawRecord) -> str | None:
    if record.randomness is None:
        return "the draw is not held yet"
    if record.secret_hash is not None:
        return _secret_mistake(record)
    return _round_mistake(record)


def _round_mistake(record: DrawRecord) -> str | None:
    if record.round is None or record.signature is None:
        return "the record has neither the round and its signature nor the hash of a secret"
    signature = bytes.fromhex(record.signature)
    if not quicknet.is_published(record.round, signature):
        return f"the signature is not that of round {record.round} of quicknet"
    if quicknet.randomness_of(signature).hex() != record.randomness:
        return "the randomness is not the hash of the signature"
    if quicknet.published_at(record.round) <= record.committed_at.timestamp():
        return f"round {record.round} was published before the entries were committed to"
    return None


def _secret_mistake(record: DrawRecord) -> str | None:
    secret = bytes.fromhex(record.secret or "")
    if sha256(secret).hexdigest() != record.secret_hash:
        return "the secret does not have the hash that was committed to"
    if sha256(secret + bytes.fromhex(record.last_leaf)).hexdigest() != record.randomness:
        return "the randomness is not the hash of the secret and of the last entry's leaf"
    return None


def _result_mistake(file: DrawFile) -> str | None:
    record = file.record
    if record.rule != RULE:
        return f"the rule {record.rule} is unknown: this version knows {RULE}"
    places = record.winner_places + record.alternate_places
    drawn = draw_entries([one.score for one in file.entries], places, bytes.fromhex(record.randomness or ""))
    names = tuple(file.entries[index].participant for index in drawn)
    if names != (*record.winners, *record.alternates) or len(record.winners) > record.winner_places:
        return "the winners and alternates are not those that the randomness draws"
    return None
