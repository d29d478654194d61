"""Proof that a handle belongs to who typed it on the join page: a code that only they were shown, sent from the account.

A claim is one browser's statement that a handle is its own. Its code is `JOIN-`, five random characters, and five of a keyed hash
of program, person and those; so a code is verified without being stored, and is of no use for another person.

To guess a code gets a stranger nothing: the page shows everyone the code for any handle, and the proof is that the account writes
it. The check has 25 bits, so that no other text passes for a code, and at most five codes of a text are looked at.
"""

import re
import secrets
from itertools import islice

from referral.people.pseudonyms import Pseudonyms

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # https://www.crockford.com/base32.html
_CODE = re.compile(r"JOIN[-\s]?([0-9A-Z]{5})[-\s]?([0-9A-Z]{5})(?![A-Z0-9])")
_LOOK_ALIKES = str.maketrans("OIL", "011")
_PERIOD_MS = 15 * 60 * 1000
MAX_CODES = 5
"""Codes of one text that are looked at."""
MAX_CLAIMS = 5
"""Claims of one person that are proven at a time; the newest stay."""


def new_nonce() -> str:
    """Five random characters."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(5))


def proof_code(pseudonyms: Pseudonyms, program: str, person: str, nonce: str) -> str:
    """The code that proves a claim, such as JOIN-7K2M9-QX4TD."""
    return f"JOIN-{nonce}-{_check(pseudonyms, program, person, nonce)}"


def claim_id(pseudonyms: Pseudonyms, program: str, person: str, nonce: str) -> str:
    """The id under which a proven claim is stored: without the nonce it cannot be computed."""
    return "clm_" + pseudonyms.fingerprint(b"join claim", program.encode(), person.encode(), nonce.encode())[:16]


def request_code(pseudonyms: Pseudonyms, program: str, now_ms: int) -> str:
    """The code of a request for a link by WeChat, in the same form; it names no person, and is valid for 15 to 30 minutes."""
    nonce = new_nonce()
    return f"JOIN-{nonce}-{_check(pseudonyms, program, _request(now_ms), nonce)}"


def has_request_code(pseudonyms: Pseudonyms, program: str, text: str, now_ms: int) -> bool:
    """Whether a text, in any case, contains the code of such a request that is valid now."""
    periods = (_request(now_ms), _request(now_ms - _PERIOD_MS))
    return any(find_claim(pseudonyms, program, period, text.upper()) for period in periods)


def has_proof_code(text: str) -> bool:
    """Whether a text in upper case contains what looks like such a code."""
    return _CODE.search(text) is not None


def find_claim(pseudonyms: Pseudonyms, program: str, person: str, text: str) -> str | None:
    """The id of the claim that a text in upper case proves for a person; None if it has no code that is theirs."""
    for found in islice(_CODE.finditer(text), MAX_CODES):
        nonce, check = (part.translate(_LOOK_ALIKES) for part in found.groups())
        if secrets.compare_digest(check, _check(pseudonyms, program, person, nonce)):
            return claim_id(pseudonyms, program, person, nonce)
    return None


def _request(now_ms: int) -> str:
    """What a request has in place of a person id: a quarter of an hour."""
    return f"wechat {now_ms // _PERIOD_MS}"


def _check(pseudonyms: Pseudonyms, program: str, person: str, nonce: str) -> str:
    digest = pseudonyms.fingerprint(b"join proof", program.encode(), person.encode(), nonce.encode())
    number = int(digest[:8], 16)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(0, 25, 5))
