"""Reads the structure of an ONNX file without running it and without a library: what it asks for, before anyone opens it.

Follows the protobuf wire format and onnx.proto (ONNX IR). Weights are skipped, never copied; a damaged file is `Unreadable`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod

from core.errors import Unreadable

Dim = int | str
_KINDS = {1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool",
          10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16"}  # fmt: skip
_BYTES = {"float32": 4, "uint8": 1, "int8": 1, "uint16": 2, "int16": 2, "int32": 4, "int64": 8, "bool": 1,
          "float16": 2, "float64": 8, "uint32": 4, "uint64": 8, "bfloat16": 2}  # fmt: skip
_DEEPEST = 16


@dataclass(frozen=True, slots=True)
class Value:
    """An input or output of a graph. `dtype` as numpy names it ("" for what is no tensor); names stand for free sizes."""

    name: str
    dtype: str
    shape: tuple[Dim, ...]


@dataclass(slots=True)
class OnnxFile:
    """What an ONNX file says of itself. `operators`: (domain, name) of every node, subgraphs and functions included;
    `outside`: files its tensors point to; `short`: tensors that state more numbers than they hold."""

    ir_version: int = 0
    producer: str = ""
    opsets: dict[str, int] = field(default_factory=dict)
    operators: set[tuple[str, str]] = field(default_factory=set)
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    functions: set[tuple[str, str]] = field(default_factory=set)
    nodes: int = 0
    weights: int = 0
    weight_bytes: int = 0


def read_onnx(data: bytes) -> OnnxFile:
    """The structure of ONNX bytes. Unreadable where they are no ONNX model, are cut short, or nest too deep."""
    found = OnnxFile()
    stored: set[str] = set()
    try:
        for number, value in _fields(memoryview(data)):
            if number == 1 and isinstance(value, int):
                found.ir_version = value
            elif number == 2 and isinstance(value, memoryview):
                found.producer = _text(value)
            elif number == 8 and isinstance(value, memoryview):
                domain, version = _opset(value)
                found.opsets[domain] = version
            elif number == 7 and isinstance(value, memoryview):
                _graph(value, found, stored, 0)
            elif number == 25 and isinstance(value, memoryview):
                _function(value, found)
    except (IndexError, UnicodeDecodeError, RecursionError, TypeError) as error:
        raise _damaged() from error
    if not found.ir_version or not found.nodes:
        raise _damaged()
    found.inputs = [v for v in found.inputs if v.name not in stored]
    return found


def _damaged() -> Unreadable:
    return Unreadable("It is not an ONNX model, or is cut short.", "Ask for the file again.")


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Field numbers with an integer, or a view of the bytes (for lengths and fixed widths)."""
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == 2:
            size, at = _varint(data, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise _damaged()
        if at + size > end:
            raise _damaged()
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise _damaged()


def _text(value: int | memoryview) -> str:
    if isinstance(value, int):
        raise _damaged()
    return bytes(value[:1000]).decode("utf-8")


def _opset(data: memoryview) -> tuple[str, int]:
    domain, version = "", 0
    for number, value in _fields(data):
        if number == 1:
            domain = _text(value)
        elif number == 2 and isinstance(value, int):
            version = value
    return ("" if domain == "ai.onnx" else domain), version


def _graph(data: memoryview, found: OnnxFile, stored: set[str], depth: int) -> None:
    if depth > _DEEPEST:
        raise _damaged()
    for number, value in _fields(data):
        if not isinstance(value, memoryview):
            continue
        if number == 1:
            _node(value, found, stored, depth)
        elif number == 5:
            stored.add(_tensor(value, found))
        elif number == 15:
            _sparse(value, found)
        elif number in (11, 12) and depth == 0:
            (found.inputs if number == 11 else found.outputs).append(_value(value))


def _node(data: memoryview, found: OnnxFile, stored: set[str], depth: int) -> None:
    name = domain = ""
    for number, value in _fields(data):
        if number == 4:
            name = _text(value)
        elif number == 7:
            domain = _text(value)
        elif number == 5 and isinstance(value, memoryview):
            _attribute(value, found, stored, depth)
    found.nodes += 1
    found.operators.add(("" if domain == "ai.onnx" else domain, name))


def _attribute(data: memoryview, found: OnnxFile, stored: set[str], depth: int) -> None:
    for number, value in _fields(data):
        if not isinstance(value, memoryview):
            continue
        if number in (5, 10):
            _tensor(value, found)
        elif number in (6, 11):
            _graph(value, found, stored, depth + 1)
        elif number in (22, 23):
            _sparse(value, found)


def _sparse(data: memoryview, found: OnnxFile) -> None:
    for number, value in _fields(data):
        if number in (1, 2) and isinstance(value, memoryview):
            _tensor(value, found)


def _function(data: memoryview, found: OnnxFile) -> None:
    name = domain = ""
    for number, value in _fields(data):
        if number == 1:
            name = _text(value)
        elif number == 10:
            domain = _text(value)
        elif number == 7 and isinstance(value, memoryview):
            _node(value, found, set(), 1)
        elif number == 9 and isinstance(value, memoryview):
            own, version = _opset(value)
            found.opsets[own] = max(version, found.opsets.get(own, 0))
    found.functions.add((domain, name))


def _tensor(data: memoryview, found: OnnxFile) -> str:
    """Counts a stored tensor; its name."""
    dims: list[int] = []
    name, kind, held, outside, is_outside = "", 0, 0, "", False
    for number, value in _fields(data):
        if number == 1:
            dims += _packed(value)
        elif number == 2 and isinstance(value, int):
            kind = value
        elif number == 8:
            name = _text(value)
        elif number in (4, 5, 6, 7, 9, 10, 11):
            held += len(value) + 1 if isinstance(value, memoryview) else 1
        elif number == 13 and isinstance(value, memoryview):
            outside, is_outside = _location(value) or outside, True
        elif number == 14 and value == 1:
            is_outside = True
    if is_outside:
        found.outside.append(outside)
    count = prod(dims)
    if count < 0 or any(d < 0 or d >= 1 << 63 for d in dims) or (not is_outside and count > 8 * held):
        found.short.append(name)
    found.weights += count
    found.weight_bytes += count * _BYTES.get(_KINDS.get(kind, ""), 1)
    return name


def _packed(value: int | memoryview) -> list[int]:
    if isinstance(value, int):
        return [value]
    found, at = [], 0
    while at < len(value):
        number, at = _varint(value, at)
        found.append(number)
    return found


def _location(data: memoryview) -> str:
    pair = {number: _text(value) for number, value in _fields(data) if number in (1, 2)}
    return pair.get(2, "") if pair.get(1) == "location" else ""


def _value(data: memoryview) -> Value:
    name, dtype = "", ""
    shape: tuple[Dim, ...] = ()
    for number, value in _fields(data):
        if number == 1:
            name = _text(value)
        elif number == 2 and isinstance(value, memoryview):
            for kind, inner in _fields(value):
                if kind == 1 and isinstance(inner, memoryview):
                    dtype, shape = _tensor_type(inner)
    return Value(name, dtype, shape)


def _tensor_type(data: memoryview) -> tuple[str, tuple[Dim, ...]]:
    dtype = ""
    shape: list[Dim] = []
    for number, value in _fields(data):
        if number == 1 and isinstance(value, int):
            dtype = _KINDS.get(value, "")
        elif number == 2 and isinstance(value, memoryview):
            for inner, dim in _fields(value):
                if inner == 1 and isinstance(dim, memoryview):
                    shape.append(_dim(dim, len(shape)))
    return dtype, tuple(shape)


def _dim(data: memoryview, place: int) -> Dim:
    for number, value in _fields(data):
        if number == 1 and isinstance(value, int):
            return value
        if number == 2:
            return _text(value) or f"d{place}"
    return f"d{place}"
