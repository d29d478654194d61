"""E-mail addresses that people type, in the form in which they are compared. Pure."""

import re
import unicodedata

from referral.events.value_checks import ascii_name

MAX_ADDRESS = 120
"""Characters: a participant's id has 128, with a prefix."""
# The dot-atom of RFC 5322, 3.2.3: what mailboxes use; a quoted name, a comment or a list of addresses is none.
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_HOST = re.compile(r"(?=.{4,})(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.ASCII)


def as_mail_address(text: str) -> str | None:
    """The address in lower case, with its host in the IDNA form (RFC 5891); None for a text that is none, such as a handle.

    Mailboxes are compared without regard to case, as providers do, although RFC 5321, 2.4, would allow two of them.
    """
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    local, _, host = plain.rpartition("@")
    if not 0 < len(local) <= 64 or len(plain) > MAX_ADDRESS or not _LOCAL.fullmatch(local):
        return None
    try:
        name = ascii_name(host)
    except ValueError:
        return None
    address = f"{local}@{name}"
    return address if _HOST.fullmatch(name) and len(address) <= MAX_ADDRESS else None


def address_hint(address: str) -> str:
    """An address that its owner recognizes and no one else learns: its first letter and the host."""
    local, _, host = address.rpartition("@")
    return f"{local[:1]}…@{host}"
