"""Authenticates WeChat's requests: by the signature of plaintext mode, or by the signature and key of encrypted mode."""

from collections.abc import Sequence

from flask import request

from conversion_tracker.dependencies import dependencies
from conversion_tracker.ingest.adapters.catalog_lookups import adapter_secrets, look_up
from conversion_tracker.ingest.adapters.wechat.callback import TOLERANCE_S, is_recent, is_signed_by_any
from conversion_tracker.ingest.adapters.wechat.cipher import decrypt
from conversion_tracker.ingest.adapters.wechat.encrypted_mode import DecryptedMessage, DecryptionError
from referral.events.program import Program
from referral.events.wechat_rules import WechatAccount
from referral.http.context import context
from referral.http.problems import Problem

TOKEN_SECRET, AES_KEY_SECRET = "wechat", "wechat-aes"


def wechat_program(program: str) -> Program | None:
    """The program version in force; None if there is none."""
    version = look_up(lambda catalog: catalog.program_at(program, context().clock.now_ms()))
    return version.program if version else None


def wechat_account(program: str) -> WechatAccount:
    """The account settings of the program version in force; the defaults if there is none."""
    found = wechat_program(program)
    return found.wechat if found else WechatAccount()


def has_aes_key(program: str) -> bool:
    """Whether the account's EncodingAESKey is set, in the catalog read so far."""
    secret = dependencies().catalog_snapshot.adapter_secret(program, AES_KEY_SECRET)
    return secret is not None and bool(secret.sealed)


def require_plaintext_signature(program: str) -> None:
    """Verifies the signature of plaintext mode.

    Raises Problem 404 if the token is not set, 400 for a missing parameter, and 403 for an invalid or outdated signature.
    """
    _require_signature(program, "signature")


def decrypt_message(program: str, encrypted: str, account: WechatAccount) -> bytes:
    """Verifies the signature of encrypted mode, and returns the decrypted message.

    Raises Problem as above, 422 if no key decrypts the message, and 403 for a message for another account.
    """
    _require_signature(program, "msg_signature", encrypted)
    decrypted = _decrypt_with_any(program, encrypted, adapter_secrets(program, AES_KEY_SECRET))
    if account.appid is not None and decrypted.appid != account.appid:
        received = repr(decrypted.appid[:64])
        detail = f"The message is for the account {received}, not {account.appid}. Check `wechat.appid` of {program}."
        raise Problem(403, "other_account", detail)
    return decrypted.message


def reply_keys(program: str) -> tuple[str, str]:
    """The newest token and the newest EncodingAESKey, for an encrypted reply. Raises Problem as above."""
    return adapter_secrets(program, TOKEN_SECRET)[0], adapter_secrets(program, AES_KEY_SECRET)[0]


def _require_signature(program: str, parameter: str, *signed: str) -> None:
    tokens = adapter_secrets(program, TOKEN_SECRET)
    received, timestamp, nonce = (_require_parameter(name) for name in (parameter, "timestamp", "nonce"))
    if not is_signed_by_any(tokens, received, timestamp, nonce, *signed):
        detail = f"The signature does not match the token of {program}. Set the same token on both sides: `referral adapters set`."
        raise Problem(403, "bad_signature", detail)
    if not is_recent(timestamp, context().clock.now_ms()):
        detail = (
            f"The signature's timestamp differs from the server's clock by more than {TOLERANCE_S} s. Check the clocks."
        )
        raise Problem(403, "stale_signature", detail)


def _decrypt_with_any(program: str, encrypted: str, keys: Sequence[str]) -> DecryptedMessage:
    """Decrypts with the newest key that fits. Raises Problem 422 with the error of the newest key."""
    newest_error: DecryptionError | None = None
    for key in keys:
        try:
            return decrypt(encrypted, key)
        except DecryptionError as error:
            newest_error = newest_error or error
    detail = (
        f"The message cannot be decrypted with the EncodingAESKey of {program}: {newest_error}. Set the same key on both "
        f"sides: `referral adapters set {AES_KEY_SECRET} {program} --token-file FILE`."
    )
    raise Problem(422, "undecipherable", detail)


def _require_parameter(name: str) -> str:
    value = request.args.get(name, "")
    if not 0 < len(value) <= 128:
        detail = f"The query parameter `{name}` must have 1 to 128 characters. This URL is for WeChat's server."
        raise Problem(400, "missing_parameter", detail, [{"pointer": f"query:{name}", "detail": detail}])
    return value
