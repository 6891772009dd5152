"""What a stranger's graph may ask for. Looked at before it is opened; what it does when run is for the trial run to see."""

from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from core.errors import Unreadable
from core.inference.onnx_file import OnnxFile, read_onnx

_NEXT = "It was not opened."
_OLDEST, _NEWEST_IR = 7, 13
_MOST_NODES = 200_000
_MOST_WEIGHT_BYTES = 2 << 30
_DOMAINS = frozenset({"", "ai.onnx.ml", "com.microsoft"})
_LOADERS = frozenset({"EPContext"})  # operators that open a file or a library named in the graph
_CODE = (".pkl", ".pickle", ".pt", ".pth", ".bin", ".joblib", ".py", ".pyc", ".so", ".dll", ".dylib", ".exe", ".sh",
         ".bat", ".ps1", ".h5", ".keras")  # fmt: skip


def screen_graph(name: str, data: bytes) -> OnnxFile:
    """The structure of a graph that asks for nothing it may not have. Unreadable with the reason otherwise."""
    if said := code_in(name, data):
        raise Unreadable(f"The graph {name} {said}.", _NEXT)
    try:
        found = read_onnx(data)
    except Unreadable as error:
        raise Unreadable(f"The graph {name} cannot be read. {error.what}", error.next_step) from error
    if reason := _reason(found):
        raise Unreadable(f"The graph {name} {reason}.", _NEXT)
    return found


def screen_file(name: str, data: bytes) -> None:
    """A file beside the graphs: no code, no pickle, and none in an array. Unreadable with the reason otherwise."""
    if said := code_in(name, data):
        raise Unreadable(f"The file {name} {said}.", "Packs hold data, never code. " + _NEXT)


def code_in(name: str, data: bytes) -> str:
    """What makes a file code rather than data; empty for data."""
    suffix = PurePosixPath(name.lower()).suffix
    if suffix in _CODE:
        return f"is of a kind that can hold code ({suffix})"
    if data[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        return "is a pickle, which runs code when it is read"
    if data[:4] == b"\x7fELF" or data[:2] == b"MZ" or data[:2] == b"#!":
        return "is a program"
    if data[:4] == b"PK\x03\x04" and (b"data.pkl" in data or b".pkl" in data[-4096:]):
        return "is an archive with a pickle in it"
    return "holds arrays of Python objects" if suffix in (".npy", ".npz") and _objects(data) else ""


def _objects(data: bytes) -> bool:
    """Whether an array file holds pickled objects: its header is read, never its values."""
    import io
    import zipfile

    import numpy as np

    def of(head: bytes) -> bool:
        stream = io.BytesIO(head)
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version[0] == 1 else np.lib.format.read_array_header_2_0
        return bool(read(stream)[2].hasobject)

    try:
        if data[:2] != b"PK":
            return of(data[:4096])
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return any(of(archive.open(member).read(4096)) for member in archive.infolist())
    except (ValueError, OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return False  # not readable as arrays: whoever reads it (pickles forbidden) says so


def _reason(found: OnnxFile) -> str:
    if found.outside:
        return f"points to a file outside itself ({found.outside[0][:80] or 'not named'})"
    if found.short:
        return f"states more numbers than it holds ({found.short[0][:80]})"
    if found.weight_bytes > _MOST_WEIGHT_BYTES or found.nodes > _MOST_NODES:
        return f"is too large ({found.weight_bytes / 1e9:.1f} GB of weights, {found.nodes} operators)"
    if found.ir_version > _NEWEST_IR:
        return f"was written for a newer ONNX (IR version {found.ir_version}; {_NEWEST_IR} is known here)"
    return _opset(found) or _operators(found)


def _opset(found: OnnxFile) -> str:
    stated = found.opsets.get("")
    newest = newest_opset()
    if stated is None and any(domain == "" for domain, _ in found.operators):
        return "does not state its opset"
    if stated is not None and not _OLDEST <= stated <= newest:
        return f"is of opset {stated}; {_OLDEST} to {newest} are known here"
    return ""


def _operators(found: OnnxFile) -> str:
    known = known_operators()
    for domain, name in sorted(found.operators - found.functions):
        if domain not in _DOMAINS:
            return f"needs a library with operators of its own ({domain[:60]}: {name[:60]}), and none is ever loaded"
        if name in _LOADERS:
            return f"uses {name}, which opens files named in the graph"
        if known and (domain, name) not in known:
            return f"uses an operator that is not known here ({name[:80]})"
    return ""


@lru_cache(maxsize=1)
def known_operators() -> frozenset[tuple[str, str]]:
    """(domain, name) of every operator this ONNX Runtime has; empty where it does not tell."""
    return frozenset((s.domain, s.name) for s in _schemas())


@lru_cache(maxsize=1)
def newest_opset() -> int:
    """The newest version of any operator of the default domain here."""
    return max((int(s.since_version) for s in _schemas() if s.domain == ""), default=24)


def _schemas() -> tuple[Any, ...]:
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    return tuple(getattr(state, "get_all_operator_schema", tuple)())
