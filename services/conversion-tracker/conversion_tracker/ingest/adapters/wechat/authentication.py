"""Which callbacks of WeChat are believed: by the signature of plaintext mode, or by that of encrypted mode and its key."""

from collections.abc import Sequence

from flask import request

from conversion_tracker.dependencies import dependencies
from conversion_tracker.ingest.adapters.catalog_lookups import look_up
from conversion_tracker.ingest.adapters.secrets import adapter_secrets
from conversion_tracker.ingest.adapters.wechat import encrypted_mode
from conversion_tracker.ingest.adapters.wechat.callback import TOLERANCE_S, is_recent, is_signed_by_any
from conversion_tracker.ingest.adapters.wechat.cipher import decrypt
from conversion_tracker.ingest.adapters.wechat.encrypted_mode import DecryptedMessage, DecryptionError
from referral.events.adapters import WechatAccount
from referral.http.context import context
from referral.http.problems import Problem

NAME, AES_NAME = "wechat", "wechat-aes"


def wechat_account(program: str) -> WechatAccount:
    """What the program in force says of its account; the defaults where none is in force, said after a look at the log."""
    terms = look_up(lambda catalog: catalog.program_at(program, context().clock.now_ms()))
    return terms.program.wechat if terms else WechatAccount()


def has_aes_key(program: str) -> bool:
    """Whether the account's EncodingAESKey is set, as far as this process has read."""
    kept = dependencies().catalog_snapshot.adapter_secret(program, AES_NAME)
    return kept is not None and bool(kept.sealed)


def check_plaintext_signature(program: str) -> None:
    """Checks the signature of plaintext mode. Raises Problem 404 without a token, 400 without the parameters, 403 for a signature
    that is forged or too old.
    """
    tokens = adapter_secrets(program, NAME)
    said, timestamp, nonce = (require_parameter(name) for name in ("signature", "timestamp", "nonce"))
    _require_valid_signature(program, timestamp, ok=is_signed_by_any(tokens, said, timestamp, nonce))


def decrypt_message(program: str, encrypted: str, account: WechatAccount) -> bytes:
    """The message that only WeChat can have encrypted. Raises Problem as above, 422 for what the key does not open, 403 for
    another account's.
    """
    tokens = adapter_secrets(program, NAME)
    said, timestamp, nonce = (require_parameter(name) for name in ("msg_signature", "timestamp", "nonce"))
    _require_valid_signature(
        program, timestamp, ok=encrypted_mode.is_signed_by_any(tokens, said, timestamp, nonce, encrypted)
    )
    found = _decrypt_with_any(program, encrypted, adapter_secrets(program, AES_NAME))
    if account.appid is not None and found.appid != account.appid:
        detail = f"The message is for the account {found.appid[:64]!r}; {program} names {account.appid}. Check `wechat.appid`."
        raise Problem(403, "other_account", detail)
    return found.message


def _decrypt_with_any(program: str, encrypted: str, keys: Sequence[str]) -> DecryptedMessage:
    """By the newest key, else by the one before it."""
    why: DecryptionError | None = None
    for key in keys:
        try:
            return decrypt(encrypted, key)
        except DecryptionError as error:
            why = why or error
    detail = (
        f"The message cannot be opened with the EncodingAESKey of {program}: {why}. Let both sides have the same: "
        f"`referral adapters set {AES_NAME} {program} --token-file FILE`."
    )
    raise Problem(422, "undecipherable", detail)


def _require_valid_signature(program: str, timestamp: str, *, ok: bool) -> None:
    if not ok:
        detail = f"The signature is not made with the token of {program}. Let both sides have the same: `referral adapters set`."
        raise Problem(403, "bad_signature", detail)
    if not is_recent(timestamp, context().clock.now_ms()):
        detail = (
            f"The signature's timestamp is more than {TOLERANCE_S} seconds from our clock. Sign anew; check the clocks."
        )
        raise Problem(403, "stale_signature", detail)


def require_parameter(name: str) -> str:
    """A parameter that WeChat sends. Raises Problem 400 where it is missing or too long."""
    value = request.args.get(name, "")
    if not 0 < len(value) <= 128:
        detail = f"WeChat sends `{name}` in the query, 1 to 128 characters. This address is for WeChat's server."
        raise Problem(400, "missing_parameter", detail, [{"pointer": f"query:{name}", "detail": detail}])
    return value
