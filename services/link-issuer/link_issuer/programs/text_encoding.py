"""The text of a file or body in UTF-8; for another encoding an error that names it, since editors on Windows still write them."""

import codecs

_BOMS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16 (little-endian)"),
    (codecs.BOM_UTF16_BE, "UTF-16 (big-endian)"),
)
_SAMPLE = 256  # bytes


class InvalidEncoding(ValueError):
    """The bytes are not UTF-8; the message names their encoding, `line` is the first line that shows it."""

    def __init__(self, encoding: str, line: int = 1) -> None:
        super().__init__(f"is encoded in {encoding}, not in UTF-8: save it as UTF-8")
        self.line = line


def decode_utf8(data: bytes) -> str:
    """The text, without a byte order mark. Raises InvalidEncoding."""
    if encoding := _utf16_or_32(data):
        raise InvalidEncoding(encoding)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidEncoding(_legacy_encoding(data, error.start), line) from error


def _utf16_or_32(data: bytes) -> str | None:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding
    sample = data[:_SAMPLE]
    # In UTF-16 every second byte of a file with keys in ASCII is 0; UTF-8 files contain no 0 at all.
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 4 <= len(sample):
        return None
    return "UTF-16 (little-endian)" if odd > even else "UTF-16 (big-endian)"


def _legacy_encoding(data: bytes, at: int) -> str:
    """The encoding of bytes that are not UTF-8. GB18030 contains GBK and GB2312."""
    for encoding, name in (("gb18030", "GBK (the default of Chinese Windows)"), ("big5", "Big5")):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if any("\u4e00" <= character <= "\u9fff" for character in text):
            return name
    return f"an unknown encoding (byte {data[at]:#04x})"
