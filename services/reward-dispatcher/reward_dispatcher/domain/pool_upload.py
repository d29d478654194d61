"""An upload of codes beside what a program's pools hold: a code belongs to one pool of a program, and has one spelling.

The order of chunks in the catalog decides between uploads at the same time: the first chunk with a code has it. A chunk that came
second is never announced to the ledger, so none of its codes is issued.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from referral.events.entities import PoolChunk
from referral.events.normal_forms import normalize_code
from reward_dispatcher.domain.uploaded_codes import LineMistake, UploadedCode


@dataclass(frozen=True, slots=True)
class Holder:
    """Where a code is: the pool, and its spelling there."""

    pool: str
    code: str


@dataclass(slots=True)
class UploadPlan:
    """The codes to add, how many the pool has already, and the lines that are refused."""

    new_codes: list[str] = field(default_factory=list)
    duplicates: int = 0
    mistakes: list[LineMistake] = field(default_factory=list)


def plan_upload(pool: str, codes: Sequence[UploadedCode], chunks: Iterable[PoolChunk]) -> UploadPlan:
    """Compares an upload with the program's chunks, in the order of the catalog."""
    plan, holders = UploadPlan(), _holders({code.form for code in codes}, chunks)
    for code in codes:
        holder = holders.get(code.form)
        if holder is None:
            plan.new_codes.append(code.code)
        elif holder.pool != pool:
            detail = f"is in pool {holder.pool} already, and a code belongs to one pool: remove it; got {code.code!r}"
            plan.mistakes.append(LineMistake(code.line, detail))
        elif holder.code != code.code:
            detail = (
                f"is in this pool already as {holder.code!r}: codes must differ in more than case; got {code.code!r}"
            )
            plan.mistakes.append(LineMistake(code.line, detail))
        else:
            plan.duplicates += 1
    return plan


def usable_chunks(pool: str, chunks: Sequence[PoolChunk], announced: Collection[str]) -> list[PoolChunk]:
    """Returns the chunks without those of the pool that came second; their other codes may be uploaded again.

    `announced` are the ids of the chunks that the ledger has: these stay, also from before codes were compared across pools.
    """
    return [one for one in chunks if one.pool != pool or one.id in announced or not earlier_holders(one, chunks)]


def earlier_holders(chunk: PoolChunk, chunks: Iterable[PoolChunk]) -> dict[str, Holder]:
    """Returns the codes of a chunk, in the form in which they are compared, that an earlier chunk of another pool has."""
    earlier = []
    for other in chunks:
        if other.id == chunk.id:
            break
        if other.pool != chunk.pool:
            earlier.append(other)
    return _holders({normalize_code(code) for code in chunk.codes}, earlier) if earlier else {}


def _holders(forms: Collection[str], chunks: Iterable[PoolChunk]) -> dict[str, Holder]:
    """The first holder of each of these codes."""
    holders: dict[str, Holder] = {}
    for chunk in chunks:
        for code in chunk.codes:
            form = normalize_code(code)
            if form in forms:
                holders.setdefault(form, Holder(chunk.pool, code))
    return holders
