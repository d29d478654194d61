"""Catalog look-ups for requests that are not authenticated by an API key: programs, and the secrets that platforms sign with."""

from collections.abc import Callable
from typing import TypeVar

from conversion_tracker.dependencies import dependencies
from referral.catalog.view import Catalog
from referral.encryption import DecryptionFailed, unseal
from referral.http.context import context
from referral.http.problems import Problem

Found = TypeVar("Found")


def look_up(read: Callable[[Catalog], Found]) -> Found:
    """Returns what `read` finds in the catalog.

    If the snapshot does not have it, the catalog is read to its end, at the caller's expense. Raises Problem 429 if the caller has
    had too many misses, and LogUnavailable if Kafka does not answer.
    """
    return read(dependencies().catalog_snapshot) or read(context().catalog)


def adapter_secrets(program: str, name: str) -> list[str]:
    """The valid secrets of an adapter, decrypted, newest first. They are stored encrypted by `referral adapters set`.

    Raises Problem 404 if none is set, and 503 if one cannot be decrypted.
    """
    secret = look_up(lambda catalog: catalog.adapter_secret(program, name))
    if secret is None or not secret.sealed:
        command = f"referral adapters set {name} {program}"
        detail = f"{program} has no secret {name}, so signatures cannot be verified. Run `{command}`."
        raise Problem(404, "no_secret", detail)
    try:
        return [unseal(context().key_ring, program, name, sealed) for sealed in secret.sealed]
    except DecryptionFailed as error:
        reason = str(error)
        detail = f"{reason[0].upper()}{reason[1:]}, or run `referral adapters set` again with the keys of the services."
        raise Problem(503, "secret_unreadable", detail, headers={"Retry-After": "60"}) from error
