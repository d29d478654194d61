"""Refuses to work with people under a key of pseudonyms other than the log's: every person would be a new one."""

from collections.abc import Callable

from referral.catalog.view import Catalog
from referral.key_ring import KeyRing
from referral.log.errors import LogUnavailable
from referral.people.pseudonyms import Pseudonyms

_REASON = (
    "the key of pseudonyms is not the one that this log was written with: set `pseudonyms` in REFERRAL_KEYS, or"
    " REFERRAL_SIGNING_KEY, to the key that it had (docs/runbooks/rotate-keys.md)"
)


class OtherPseudonymKey(LogUnavailable):
    """This process has another key of pseudonyms than the log."""

    def __init__(self) -> None:
        Exception.__init__(self, f"People cannot be found or added: {_REASON}.")
        self.reason = _REASON


class PseudonymKeyCheck:
    """Compares the key of a process with the catalog's, which `snapshot` reads without waiting."""

    def __init__(self, key_ring: KeyRing, snapshot: Catalog) -> None:
        self._own = Pseudonyms(key_ring).key_fingerprint()
        self._catalog = snapshot

    def reason(self) -> str | None:
        """Why this process must not work with people; None if it may. For readiness."""
        return None if self._catalog.pseudonym_key() in (None, self._own) else _REASON

    def guard(self, epoch_of: Callable[[str], int]) -> Callable[[str], int]:
        """`epoch_of`, which every person id needs; raises OtherPseudonymKey if the keys differ."""

        def guarded(first: str) -> int:
            if self.reason() is not None:
                raise OtherPseudonymKey
            return epoch_of(first)

        return guarded
