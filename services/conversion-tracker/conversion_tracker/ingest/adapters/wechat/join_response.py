"""The reply to someone who scanned the QR code of the join page, or wrote its code: their own link to code, poster and rewards.

The chat is theirs, so the link proves who they are; the browser that showed the code gets nothing by it.
"""

from msgspec.structs import replace

from conversion_tracker.ingest.adapters.wechat.callback import Callback, external_id
from conversion_tracker.pages.join_texts import expired_text, join_text
from referral.events.program import Program
from referral.http.context import context
from referral.pages.languages import use_languages_of
from referral.people.join_links import write_join_link
from referral.people.join_proofs import has_proof_code, has_request_code
from referral.telemetry.metrics import counter

_SCANS = ("subscribe", "SCAN")


def asks_to_join(callback: Callback, program: Program) -> bool:
    """Whether a callback has the code of a request that is valid now, and the program accepts this proof."""
    if program.join is None or "wechat" not in program.join.proofs:
        return False
    now_ms = context().clock.now_ms()
    return has_request_code(context().pseudonyms, program.id, _written_or_scanned(callback), now_ms)


def has_expired_request(callback: Callback, program: Program) -> bool:
    """Whether a scan has the scene of a request that is not valid now, and no welcome would answer it."""
    if program.join is None or "wechat" not in program.join.proofs:
        return False
    is_answered = callback.event == "subscribe" and program.wechat.follow is not None
    is_request = callback.event in _SCANS and has_proof_code(callback.key.upper())
    return is_request and not is_answered and not asks_to_join(callback, program)


def expired_reply(program: Program) -> str:
    """The text that leads back to the page, in the program's first language."""
    use_languages_of(program.name)
    counter("join_links").labels("wechat", "ended").inc()
    return expired_text(f"{context().settings.public_url.rstrip('/')}/j/{program.id}")


def without_request(callback: Callback) -> Callback:
    """The callback without the scene of a request, valid or not: it is no referral code."""
    is_request = callback.event in _SCANS and has_proof_code(callback.key.upper())
    return replace(callback, key="") if is_request else callback


def join_reply(callback: Callback, program: Program) -> str:
    """The text with the link, in the program's first language. A repeated callback has another link; only one is of use."""
    use_languages_of(program.name)
    now_ms = context().clock.now_ms()
    path = write_join_link(context().key_ring, program.id, external_id(callback), now_ms)
    counter("join_links").labels("wechat", "sent").inc()
    return join_text(program, f"{context().settings.public_url.rstrip('/')}{path}")


def _written_or_scanned(callback: Callback) -> str:
    """What the person wrote or scanned."""
    if callback.message_type == "text":
        return callback.text
    return callback.key if callback.event in _SCANS else ""
