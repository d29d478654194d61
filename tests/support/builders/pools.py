"""Lines of `pools`, and a pools fold to feed them to."""

from base64 import b64encode
from collections.abc import Sequence

from referral.events.normal_forms import normalize_code
from referral.events.pools import CodeRequested, CodesUploaded
from referral.key_ring import KeyRing
from reward_dispatcher.sealed_codes import CodeHasher, CodeSealer
from tests.support.builders.participants import PROGRAM, START, person_id

RING = KeyRing.parse("", "k" * 32)
CODES = CodeSealer(RING)
HASHER = CodeHasher(RING)


def hashes_of(codes: Sequence[str], program: str = PROGRAM) -> bytes:
    """Returns the hashes of codes, as the HTTP API writes them."""
    return HASHER.hashes(program, map(normalize_code, codes))


def codes_uploaded(
    *codes: str, request: str, pool: str = "vip", index: int = 0, sealer: CodeSealer = CODES
) -> CodesUploaded:
    """Returns a segment of an upload."""
    return CodesUploaded(
        occurred_at=START,
        program=PROGRAM,
        pool=pool,
        request=request,
        index=index,
        sealed=sealer.seal_segment(PROGRAM, pool, codes),
        hashes=b64encode(hashes_of(codes)).decode(),
    )


def code_requested(number: int, pool: str = "vip") -> CodeRequested:
    """Returns the request of reward `number`."""
    return CodeRequested(
        occurred_at=START,
        program=PROGRAM,
        id=f"rwd_{number}",
        beneficiary=person_id(f"p{number}"),
        pool=pool,
        kind="discount_code",
    )
