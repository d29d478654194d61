"""Draws: what is committed to when a board is closed, and who is drawn once the randomness is known."""

from collections.abc import Sequence
from hashlib import sha256

from leaderboard.domain.closed_board import BLOCK, RankedBlock, leaves
from leaderboard.domain.closing_state import DrawState
from referral.verification.weighted_draw import draw_entries


class InvalidRandomness(ValueError):
    """The randomness is not what the draw has committed to."""


def last_leaf(blocks: Sequence[RankedBlock]) -> str:
    """Returns the hash of the last entry's leaf."""
    return leaves(blocks[-1], (len(blocks) - 1) * BLOCK + 1)[-1].hex()


def ticket_count(blocks: Sequence[RankedBlock]) -> int:
    """Returns the number of tickets: the sum of all scores."""
    return sum(entry.score for block in blocks for entry in block.entries)


def randomness(state: DrawState, number: int | None, signature: str | None, secret: str | None) -> str:
    """Returns the randomness of a draw, hexadecimal. Raises InvalidRandomness for what it has not committed to.

    The signature of a round is not verified here: the API has done so, and anyone can, as it is on the log.
    """
    if state.secret_hash is not None:
        if secret is None or sha256(bytes.fromhex(secret)).hexdigest() != state.secret_hash:
            raise InvalidRandomness("the secret does not have the hash that the draw has committed to")
        return sha256(bytes.fromhex(secret) + bytes.fromhex(state.last_leaf)).hexdigest()
    if signature is None or number != state.round:
        raise InvalidRandomness(f"the draw has committed to round {state.round} of quicknet, got round {number}")
    return sha256(bytes.fromhex(signature)).hexdigest()


def draw_order(state: DrawState, blocks: Sequence[RankedBlock], random: str) -> tuple[str, ...]:
    """Returns who is drawn: the winners, then the alternates."""
    entries = [entry for block in blocks for entry in block.entries]
    chosen = draw_entries([entry.score for entry in entries], state.winners + state.alternates, bytes.fromhex(random))
    return tuple(entries[index].participant for index in chosen)
