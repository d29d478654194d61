"""Pseudonyms: what the log has in place of an external id, a handle, a post or a device.

Each is a keyed hash, BLAKE2b with a key (RFC 7693, section 2.9), of 80 bits: the same text of a program always has the same
pseudonym, so no look-up is needed, and without the key it can neither be computed nor confirmed. At a billion people the
chance that any two meet is about 4 in 10 million. Keyed BLAKE2b takes a third of the time of HMAC-SHA-256.
"""

from collections.abc import Callable
from hashlib import blake2b, sha512
from typing import Literal

from referral.events.ids import format_id, is_person_id
from referral.events.normal_forms import normalize_mention, person_id_to_find
from referral.key_ring import KeyPurpose, KeyRing
from referral.people.id_skeleton import id_skeleton

PseudonymKind = Literal["psn", "mnt", "lka", "pst", "evt", "dev", "net"]
"""Prefixes: person, mention, look-alike form of an external id, post, event, device, network."""
_PURPOSES: dict[PseudonymKind, KeyPurpose] = {
    "psn": "pseudonyms",
    "mnt": "pseudonyms",
    "lka": "pseudonyms",
    "pst": "pseudonyms",
    "evt": "pseudonyms",
    "dev": "devices",
    "net": "devices",
}


class Pseudonyms:
    """The pseudonyms of an installation. Immutable and thread-safe.

    `epoch_of` returns how often the person with a first id was erased: each erasure gives the external id a new person id.
    """

    def __init__(self, key_ring: KeyRing, epoch_of: Callable[[str], int] = lambda _: 0) -> None:
        keys = {
            purpose: sha512(key_ring.newest(purpose).value.encode()).digest() for purpose in set(_PURPOSES.values())
        }
        self._epoch_of = epoch_of
        self._fingerprint = blake2b(digest_size=16, key=keys["pseudonyms"], person=b"fingerprint")
        self._hashes = {
            kind: blake2b(digest_size=10, key=keys[purpose], person=kind.encode())
            for kind, purpose in _PURPOSES.items()
        }

    def key_fingerprint(self) -> str:
        """What identifies the key without revealing it: `PseudonymKey.fingerprint`."""
        return self._pseudonym("psn", "key")

    def person_id(self, program: str, external_id: str) -> str:
        """`psn_…`: the id of a person in a program, by the platform's id in its normal form."""
        first = self.first_person_id(program, external_id)
        epoch = self._epoch_of(first)
        return self._pseudonym("psn", program, external_id, str(epoch)) if epoch else first

    def person_id_to_find(self, program: str, text: str) -> str:
        """The person id that a text means which names a person in a path: a person id itself, or the platform's id in any form.

        An invalid id of a platform has a person id too, which no one has.
        """
        return text if is_person_id(text) else self.person_id(program, person_id_to_find(text))

    def first_person_id(self, program: str, external_id: str) -> str:
        """The person id before any erasure; erasures are recorded under it."""
        return self._pseudonym("psn", program, external_id)

    def mention(self, program: str, mention: str) -> str:
        """`mnt_…`: the pseudonym of a handle, in whatever form it was typed."""
        return self._pseudonym("mnt", program, normalize_mention(mention))

    def look_alike(self, program: str, external_id: str) -> str:
        """`lka_…`: equal for external ids that people could confuse (`id_skeleton`); where the colon stands does not count."""
        return self._pseudonym("lka", program, id_skeleton(external_id).replace(":", ""))

    def post(self, program: str, post: str) -> str:
        """`pst_…`: the pseudonym of a post's id or URL."""
        return self._pseudonym("pst", program, post)

    def event(self, program: str, id: str) -> str:
        """`evt_…`: the pseudonym of an event's id that names a person."""
        return self._pseudonym("evt", program, id)

    def device(self, program: str, device: str) -> str:
        """`dev_…`: the pseudonym of a device hash, until the key for devices is rotated."""
        return self._pseudonym("dev", program, device)

    def network(self, program: str, network: str) -> str:
        """`net_…`: the pseudonym of a network hash, until the key for devices is rotated."""
        return self._pseudonym("net", program, network)

    def fingerprint(self, *texts: bytes) -> str:
        """32 hexadecimal digits, equal for the same texts: tells whether they are the same without storing them."""
        hashing = self._fingerprint.copy()
        for text in texts:
            hashing.update(len(text).to_bytes(4, "big") + text)
        return hashing.hexdigest()

    def _pseudonym(self, kind: PseudonymKind, *parts: str) -> str:
        hashing = self._hashes[kind].copy()
        hashing.update("\x1f".join(parts).encode())
        return format_id(kind, hashing.digest())
