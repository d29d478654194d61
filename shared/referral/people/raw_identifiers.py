"""Identifiers that must not be sent as a device or network: they name a person's device or connection by themselves."""

import re
from ipaddress import ip_address

_MAC = re.compile(
    r"(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}", re.IGNORECASE
)
_PORT = re.compile(r"(?:\[(?P<inner>[^\]]*)\]|(?P<plain>[0-9.]+))(?::[0-9]{1,5})?")
_SEPARATORS = str.maketrans("", "", " -/")
_IMEI_DIGITS = 15


def raw_identifier(text: str) -> str | None:
    """What a text is that should be a hash, such as "an IP address"; None for anything else."""
    if text.isalnum():  # hexadecimal, Base32 and the like; of digits alone it may be an IMEI
        return "an IMEI" if len(text) == _IMEI_DIGITS and _is_imei(text) else None
    plain = text.strip()
    if "@" in plain.strip("@"):
        return "an e-mail address"
    if _MAC.fullmatch(plain):
        return "a MAC address"
    if _is_address(plain):
        return "an IP address"
    return "an IMEI" if _is_imei(plain.translate(_SEPARATORS)) else None


def _is_address(text: str) -> bool:
    """Whether it is an IP address, alone or with a port or the length of a network prefix."""
    address = text.partition("/")[0]
    if match := _PORT.fullmatch(address):
        address = match["inner"] or match["plain"] or ""
    try:
        ip_address(address)
    except ValueError:
        return False
    return True


def _is_imei(digits: str) -> bool:
    """15 digits with a valid check digit (Luhn; 3GPP TS 23.003, annex B)."""
    if len(digits) != _IMEI_DIGITS or not (digits.isascii() and digits.isdigit()):
        return False
    doubled = (int(digit) * (1 + number % 2) for number, digit in enumerate(digits))
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0
