"""Which encoding a text file is in (UTF-8, UTF-16, GB 18030 or Windows-1252), and which language."""

import codecs

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(data: bytes) -> tuple[str, str] | None:
    """The text and its encoding, or None for what is not text.

    GB 18030 accepts nearly every byte pair, so it is believed only where most pairs are everyday characters (GB 2312
    level 1: lead bytes B0-D7), which Windows-1252 accents are not.
    """
    for bom, name in _BOMS:
        if data.startswith(bom):
            return _strict(data, name)
    decoded = _strict(data, "utf-8")
    if decoded is None and _looks_chinese(data):
        decoded = _strict(data, "gb18030")
    if decoded is None:
        decoded = data.decode("cp1252", "replace"), "cp1252"
    return decoded if looks_like_text(decoded[0]) else None


def _strict(data: bytes, encoding: str) -> tuple[str, str] | None:
    try:
        return data.decode(encoding), encoding
    except UnicodeDecodeError as error:
        # A head cut in the middle of a character is still text.
        if encoding == "utf-8" and error.start >= len(data) - 3 and error.reason == "unexpected end of data":
            return data[: error.start].decode("utf-8"), encoding
        return None


def _looks_chinese(data: bytes) -> bool:
    pairs = common = index = 0
    while index < len(data) - 1:
        lead = data[index]
        if lead < 0x80:
            index += 1
            continue
        pairs += 1
        punctuation = lead in (0xA1, 0xA3)
        common += (0xB0 <= lead <= 0xD7 or punctuation) and data[index + 1] >= 0xA1
        index += 2
    return pairs >= 2 and common >= 0.8 * pairs


def looks_like_text(sample: str) -> bool:
    """False for binary data: NULs, or more than 2 % control or replacement characters."""
    if "\x00" in sample:
        return False
    odd = sum(
        1 for c in sample[:65536] if (c < " " and c not in "\t\r\n\x0b\x0c\x1c\x1b") or c == "\ufffd" or c == "\x7f"
    )
    return odd <= 0.02 * max(1, min(len(sample), 65536))


def language(text: str) -> str:
    """ "zh" where at least a tenth of the letters are Chinese characters, else "en"."""
    letters = [c for c in text[:20000] if c.isalpha()]
    chinese = sum("\u4e00" <= c <= "\u9fff" for c in letters)
    return "zh" if letters and chinese >= 0.1 * len(letters) else "en"
