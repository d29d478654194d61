"""Currencies in which an amount of money can be stated: the codes of ISO 4217 that have a minor unit.

That leaves out metals, units of account and the codes for tests and for no currency (XAU, XDR, XTS, XXX): no order is paid in them.
The table is that of the package `iso4217`, which is made from the list of the ISO's maintenance agency.
https://www.six-group.com/en/products-services/financial-information/data-standards.html
"""

from iso4217 import Currency

from referral.events.value_checks import InvalidValue

_MINOR_UNIT_DIGITS = {str(currency.code): currency.exponent for currency in Currency if currency.exponent is not None}
CURRENCY_CODES = frozenset(_MINOR_UNIT_DIGITS)
_INTENDED = {
    **dict.fromkeys(("RMB", "CNH", "YUAN", "RENMINBI", "CHY", "CN¥", "元", "块", "圆", "人民币"), "CNY"),
    **dict.fromkeys(("¥", "￥"), "CNY or JPY"),
    **dict.fromkeys(("$", "＄"), "USD, or the code of another dollar"),
    **dict.fromkeys(("US$", "USDOLLAR", "DOLLAR", "美元"), "USD"),
    **dict.fromkeys(("NTD", "NT$", "台币"), "TWD"),
    **dict.fromkeys(("HK$", "港币", "港元"), "HKD"),
    **dict.fromkeys(("S$", "SG$"), "SGD"),
    **dict.fromkeys(("YEN", "円", "日元"), "JPY"),
    **dict.fromkeys(("WON", "₩"), "KRW"),
    **dict.fromkeys(("£", "UKP", "STG", "POUND"), "GBP"),
    **dict.fromkeys(("₹", "RUPEE", "INRS"), "INR"),
    **dict.fromkeys(("₽", "RUR"), "RUB"),
    **dict.fromkeys(("€", "EURO", "EUROS", "欧元"), "EUR"),
    **dict.fromkeys(("ATS", "BEF", "BGN", "CYP", "DEM", "EEK", "ESP", "FIM", "FRF", "GRD"), "EUR"),
    **dict.fromkeys(("HRK", "IEP", "ITL", "LTL", "LUF", "LVL", "MTL", "NLG", "PTE", "SIT", "SKK"), "EUR"),
}
"""What people write instead of a code, in upper case, and the code that they mean."""
_ECHO = 64


def currency_code(text: str) -> str:
    """The text, if it is the code of a currency, in capitals. Raises InvalidValue with the code that is probably meant."""
    if text in CURRENCY_CODES:
        return text
    raise InvalidValue(f"must be an ISO 4217 code such as CNY; got {text[:_ECHO]!r}{_remedy(text)}")


def currency_of_event(text: str) -> str:
    """The code of the currency of an event, which platforms also send in small letters. Raises InvalidValue."""
    capitals = text.upper() if text.isascii() else text
    return capitals if capitals in CURRENCY_CODES else currency_code(text)


def minor_unit_digits(code: str) -> int:
    """How many decimal digits the minor unit of a currency has: 2 for CNY, 0 for JPY, 3 for KWD. Raises KeyError."""
    return _MINOR_UNIT_DIGITS[code]


def _remedy(text: str) -> str:
    capitals = text.strip().upper()
    intended = capitals if capitals in CURRENCY_CODES else _INTENDED.get(capitals)
    return f": write {intended}" if intended else ""
