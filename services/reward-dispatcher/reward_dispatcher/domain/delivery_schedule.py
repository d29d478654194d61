"""When a message is sent: ten attempts over three days, further apart each time, as Standard Webhooks recommends.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#deliverability-and-reliability
"""

from hashlib import blake2b

_S, _MIN, _H = 1_000, 60_000, 3_600_000
STEPS_MS = (0, 5 * _S, 5 * _MIN, 30 * _MIN, 2 * _H, 5 * _H, 10 * _H, 14 * _H, 20 * _H, 24 * _H)
"""The time from the end of the attempt before to each attempt, without jitter."""
ATTEMPTS = len(STEPS_MS)
JITTER = 0.2
"""By how much of itself a step is shorter or longer, at most, so that messages that failed together are not sent together."""
MAX_RETRY_AFTER_STEPS = 2
"""A receiver may ask for up to twice the step."""


def next_attempt_ms(message: str, failed: int, ended_ms: int, retry_after_s: int | None = None) -> int | None:
    """Returns when the next attempt is due after `failed` attempts, of which the last ended at `ended_ms`; None after the last.

    `retry_after_s` is what the receiver asked for (RFC 9110, 10.2.3): it may delay the attempt up to twice the step.
    """
    if failed >= ATTEMPTS:
        return None
    step = STEPS_MS[failed]
    wait = round(step * jitter_factor(message, failed))
    if retry_after_s is not None:
        wait = max(wait, min(retry_after_s * 1_000, MAX_RETRY_AFTER_STEPS * step))
    return ended_ms + wait


def jitter_factor(message: str, failed: int) -> float:
    """Returns a number from 0.8 to 1.2 that follows from the message and the attempt."""
    digest = blake2b(f"{message}\x1f{failed}".encode(), digest_size=8).digest()
    return 1 + JITTER * (int.from_bytes(digest, "big") / 2**63 - 1)
