"""HL7 v2 wire format: segments, fields, repetitions, components, escapes, character sets (HL7 v2.8 chapter 2)."""

import re
from dataclasses import dataclass

from core.errors import Unreadable
from core.records.encoding import decode
from core.records.limits import MAX_REPEATS, MAX_TEXT_BYTES, check_count, check_size

_CHARSETS = {
    "ASCII": "ascii", "UNICODE UTF-8": "utf-8", "UTF-8": "utf-8", "UNICODE": "utf-8", "8859/1": "latin-1",
    "8859/2": "iso8859-2", "8859/5": "iso8859-5", "8859/15": "iso8859-15", "GB 18030-2000": "gb18030", "GB 18030": "gb18030",
    "BIG-5": "big5", "ISO IR87": "iso2022_jp", "KS X 1001": "euc_kr", "UNICODE UTF-16": "utf-16",
}  # fmt: skip
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}$")


@dataclass(frozen=True, slots=True)
class Marks:
    """The delimiters a message declares in MSH-1 and MSH-2."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; `line` counts from 1 in the file, `order` from 1 among its kind in the message."""

    name: str
    fields: tuple[str, ...]
    marks: Marks
    line: int
    order: int

    def raw(self, number: int) -> str:
        """Field `number` as on the wire; the HL7 explicit null ("") counts as empty."""
        value = self.fields[number] if 0 < number < len(self.fields) else ""
        return "" if value.strip() == '""' else value

    def repeats(self, number: int) -> list[str]:
        """The non-empty repetitions of a field, as on the wire."""
        return [r for r in self.raw(number).split(self.marks.repetition, MAX_REPEATS)[:MAX_REPEATS] if r.strip()]

    def parts(self, number: int, repeat: int = 0) -> list[str]:
        """The components of one repetition of a field, unescaped."""
        found = self.repeats(number)
        return self.split(found[repeat]) if repeat < len(found) else []

    def split(self, value: str) -> list[str]:
        """The components of a value, unescaped; of each the first subcomponent that says something."""
        parts = (p.split(self.marks.subcomponent) for p in value.split(self.marks.component, MAX_REPEATS)[:MAX_REPEATS])
        return [self.plain(next((s for s in subs if s.strip()), "")) for subs in parts]

    def get(self, number: int, component: int = 1) -> str:
        """Component `component` (from 1) of the first repetition of a field, unescaped and trimmed."""
        parts = self.parts(number)
        return parts[component - 1] if component <= len(parts) else ""

    def text(self, number: int) -> str:
        """A field as text: repetitions are lines, components are joined by spaces."""
        return "\n".join(" ".join(p for p in self.split(r) if p) for r in self.repeats(number)).strip()

    def plain(self, value: str) -> str:
        """Undo the escapes (\\F\\ \\S\\ \\T\\ \\R\\ \\E\\ \\.br\\ \\Xdd..\\); formatting escapes are dropped."""
        mark = self.marks.escape
        if not mark or mark not in value:
            return value.strip()
        quoted = re.escape(mark)
        return re.sub(f"{quoted}([^{quoted}]{{0,200}}){quoted}", self._unescaped, value).strip()

    def _unescaped(self, match: re.Match[str]) -> str:
        code, marks = match[1], self.marks
        fixed = {
            "F": marks.field,
            "S": marks.component,
            "T": marks.subcomponent,
            "R": marks.repetition,
            "E": marks.escape,
        }
        if code in fixed:
            return fixed[code]
        if code.startswith((".br", ".sp", ".ce")):
            return "\n"
        if code.startswith("X") and re.fullmatch(r"X([0-9A-Fa-f]{2})+", code):
            decoded = decode(bytes.fromhex(code[1:]))
            return decoded[0] if decoded else ""
        return "" if code.startswith(".") or code in ("H", "N") else match[0]


def messages(data: bytes, file: str) -> list[list[Segment]]:
    """The messages of a file (batch and MLLP envelopes removed). Raises `Unreadable` where there is none."""
    check_size(file, len(data), MAX_TEXT_BYTES)
    lines = lines_of(data, file)
    check_count(file, len(lines), "segments")
    found: list[list[Segment]] = []
    marks = Marks()
    orders: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        line = line.lstrip("\ufeff ")
        if line.startswith("MSH") and len(line) > 8:
            marks = Marks(line[3], *_four(line[4:].split(line[3], 1)[0]))
            found.append([])
            orders = {}
        name = line[:3]
        if found and _SEGMENT.match(name) and line[3:4] == marks.field:
            orders[name] = orders.get(name, 0) + 1
            found[-1].append(_segment(name, line, marks, (number, orders[name])))
    if not found:
        raise Unreadable(f"{file} holds no HL7 v2 message.", "A message starts with MSH|^~\\&.")
    return found


def lines_of(data: bytes, file: str) -> list[str]:
    """The lines of a file as `Segment.line` counts them (from 1)."""
    return re.split(r"[\r\n\x0b\x1c]+", _decoded(data, file))


def _four(declared: str) -> tuple[str, str, str, str]:
    padded = (declared + "^~\\&"[len(declared) :])[:4]
    return padded[0], padded[1], padded[2], padded[3]


def _segment(name: str, line: str, marks: Marks, place: tuple[int, int]) -> Segment:
    fields = line.split(marks.field)
    if name in ("MSH", "BHS", "FHS"):
        fields.insert(1, marks.field)
    return Segment(name, tuple(fields), marks, place[0], place[1])


def _decoded(data: bytes, file: str) -> str:
    """MSH-18 names the character set; where it does not fit the bytes, they are looked at."""
    head = re.search(rb"MSH(.)[^\r\n]*", data)
    fields = head[0].split(head[1]) if head else []
    named = fields[17].split(b"~")[0].decode("ascii", "replace").strip().upper() if len(fields) > 17 else ""
    if named in _CHARSETS and not data.startswith(b"\xef\xbb\xbf"):
        try:
            return data.decode(_CHARSETS[named])
        except UnicodeDecodeError:
            pass
    decoded = decode(data.replace(b"\x00", b""))
    if decoded is None:
        raise Unreadable(f"{file} is not text.", "Export the message again.")
    return decoded[0]
