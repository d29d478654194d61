"""The secrets that platforms sign with: sealed in the catalog by `referral adapters set`, opened here for one request."""

from conversion_tracker.ingest.adapters.catalog_lookups import look_up
from referral.encryption import DecryptionFailed, unseal
from referral.http.context import context
from referral.http.problems import Problem


def adapter_secrets(program: str, name: str) -> list[str]:
    """The secrets that count, the newest first. Raises Problem 404 where there is none, 503 where it cannot be opened."""
    kept = look_up(lambda catalog: catalog.adapter_secret(program, name))
    if kept is None or not kept.sealed:
        command = f"referral adapters set {name} {program}"
        raise Problem(404, "no_secret", f"{program} has no secret {name}, so nobody can be believed. Run `{command}`.")
    try:
        return [unseal(context().settings.signing_key, program, name, one) for one in kept.sealed]
    except DecryptionFailed as error:
        detail = f"{str(error).capitalize()}. Run `referral adapters set` anew with the REFERRAL_SIGNING_KEY of the services."
        raise Problem(503, "secret_unreadable", detail, headers={"Retry-After": "60"}) from error
