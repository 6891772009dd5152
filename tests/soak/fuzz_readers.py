"""Damaged input for every reader there is, 100,000 in all: records, images, archives, and the program's own files.

    python -m tests.soak.fuzz_readers 100000 [--seed 1] [--only dicom,package]

Each input is a damaged copy of a good one. It has to be read or refused with a `UserError` that has a sentence, within ten
seconds and 1 GB, and the store that is open meanwhile has to stay as it was. Inputs run in a worker that is replaced when
it dies or hangs. Prints one JSON object; exit code 1 when anything failed.
"""

import argparse
import hashlib
import io
import json
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from core.errors import UserError
from core.paths import RESOURCES
from tests.soak.mutate_inputs import mutate

NOW = datetime(2025, 11, 14, 12, tzinfo=UTC)
LIMIT_S, LIMIT_MB = 10.0, 1024
FIRST_S = 120.0
"""A new worker imports its libraries while it reads the first input."""
SAMPLES = RESOURCES / "samples"
PASSPHRASE = "SYNTHETIC passphrase"
SHARES = {
    "fhir": 10, "fhir_xml": 6, "ccda": 10, "hl7v2": 10, "vcf": 8, "csv": 8, "phenopacket": 6, "text": 4, "pdf": 4,
    "zip": 6, "dicom": 8, "png": 3, "nifti": 3, "policy": 4, "package": 4, "backup": 1, "case_json": 3, "pack": 2,
}  # fmt: skip
"""Parts of the whole: the slow ones get fewer."""
Reader = Callable[[bytes, Path], None]


def sources(folder: Path) -> dict[str, bytes]:
    """One good input of each kind. `folder` takes a store, a backup and a pack."""
    from tests.core.records.conftest import documents
    from tests.core.records.test_fhir_xml import as_xml

    found = documents()
    bundle = json.loads((SAMPLES / "child-cough" / "record.fhir.json").read_bytes())
    found["fhir_xml"] = as_xml(bundle, "").encode()
    found["dicom"] = (SAMPLES / "child-cough" / "film.dcm").read_bytes()
    found["png"], found["nifti"] = _picture(folder), _volume(folder)
    found["zip"] = _zip({"record.json": found["fhir"], "note.txt": found["text"], "labs.csv": found["csv"]})
    found["policy"] = json.dumps(
        {"idle_minutes": 5, "export_allowed": False, "passphrase_required": True, "pack_installers": ["a"]}
    ).encode()
    return found | _own_files(folder)


def _picture(folder: Path) -> bytes:
    from PIL import Image

    path = folder / "p.png"
    Image.effect_noise((120, 100), 40).save(path)
    return path.read_bytes()


def _volume(folder: Path) -> bytes:
    import nibabel
    import numpy as np

    path = folder / "v.nii"
    nibabel.save(nibabel.Nifti1Image(np.zeros((8, 8, 4), np.int16), np.eye(4)), path)
    return path.read_bytes()


def _zip(members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


def _own_files(folder: Path) -> dict[str, bytes]:
    """A case package, a case as JSON, a piece of a backup, a model pack."""
    from core.domain.serial import to_json
    from core.samples import analysed
    from core.store import backup, package
    from core.store.store import Store
    from tests.core import tiny_pack

    case = analysed(now=NOW, explain_images=False)[0]
    with Store.open(folder / "sent") as store:
        store.save(case, user="soak")
        package.export_case(store, case.id, folder / "case.package", PASSPHRASE)
        backup.back_up(store, folder / "backup", PASSPHRASE)
    tiny_pack.write(folder / "tiny")
    members = {p.name: p.read_bytes() for p in (folder / "tiny").iterdir()}
    head = next(p for p in sorted((folder / "backup").iterdir()) if p.is_file())
    return {
        "package": (folder / "case.package").read_bytes(),
        "case_json": to_json(case),
        "backup": head.read_bytes(),
        "pack": _zip(members),
    }


def readers(folder: Path) -> dict[str, Reader]:
    """How an input of each kind is opened."""
    from core.records.readers import read_bytes
    from core.records.sniff import Kind

    records = {
        k.value: (lambda data, _path, k=k: read_bytes(data, k, "x"))
        for k in Kind
        if k.value in SHARES and k.value not in ("zip", "dicom", "nifti")
    }
    return records | {
        "zip": _read_zip,
        "dicom": _read_image,
        "png": _read_image,
        "nifti": _read_image,
        "policy": _read_policy,
        "package": _read_package,
        "backup": lambda data, path: _read_backup(data, path, folder),
        "case_json": _read_case,
        "pack": _read_pack,
    }  # type: ignore[return-value]


def _read_zip(data: bytes, path: Path) -> None:
    from core.records.intake import read_paths

    path.write_bytes(data)
    found = read_paths([path], scratch=path.parent / "zip")
    shutil.rmtree(path.parent / "zip", ignore_errors=True)
    _sentences(found.files)


def _read_image(data: bytes, path: Path) -> None:
    from core.imaging.pixels import presentation
    from core.imaging.study import read_images

    path.write_bytes(data)
    found = read_images([path])
    _sentences(found.files)
    for ref in found.refs[:2]:
        presentation(ref)


def _sentences(files: tuple[object, ...]) -> None:
    for report in files:
        error = getattr(report, "error", "")
        if "fault in this program" in error:
            raise AssertionError(error)


def _read_policy(data: bytes, path: Path) -> None:
    from core.store import policy

    path.write_bytes(data)
    policy.policy_path = lambda: path
    policy.load_policy()


def _read_package(data: bytes, path: Path) -> None:
    from core.store import package
    from core.store.store import Store

    path.write_bytes(data)
    with Store.open(path.parent / "received") as store:
        package.import_case(store, path, PASSPHRASE)


def _read_backup(data: bytes, path: Path, folder: Path) -> None:
    from core.store import backup

    target = path.parent / "backup"
    if not target.exists():
        shutil.copytree(folder / "backup", target)
    head = next(p for p in sorted((folder / "backup").iterdir()) if p.is_file())
    (target / head.name).write_bytes(data)
    shutil.rmtree(path.parent / "restored", ignore_errors=True)
    backup.restore(target, PASSPHRASE, path.parent / "restored")


def _read_case(data: bytes, _path: Path) -> None:
    import msgspec

    from core.domain.case import Case
    from core.domain.serial import from_json

    try:
        from_json(data, Case)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UserError(f"not a case: {error}") from error


def _read_pack(data: bytes, path: Path) -> None:
    from core.inference.install import install

    path.write_bytes(data)
    install(path)


def worker(pipe: Connection, folder: str, kinds: tuple[str, ...]) -> None:
    """Open what comes through the pipe; answer with what became of it and the peak memory so far (MB)."""
    os.environ["CONSILIUM_PROFILE"] = f"{folder}/profile"
    own = Path(tempfile.mkdtemp(dir=folder))
    known = {k: v for k, v in readers(Path(folder)).items() if k in kinds}
    while (sent := pipe.recv()) is not None:
        kind, data = sent
        try:
            known[kind](data, own / "input")
            answer = "read"
        except UserError as error:
            answer = "refused" if error.what.strip() else "refused without a sentence"
        except BaseException as error:  # any escape is what this program looks for
            answer = f"BUG {type(error).__name__}: {error}"[:300]
        pipe.send((answer, peak_mb()))


def peak_mb() -> int:
    """Peak resident memory of this process. (`getrusage` starts from the parent's where a process was forked.)"""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


class Child:
    """A worker that is replaced when it dies or hangs."""

    def __init__(self, folder: Path, kind: str) -> None:
        self._arguments = (str(folder), (kind,))
        self.peak_mb = 0
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=worker, args=(other, *self._arguments), daemon=False)
        self.process.start()
        other.close()
        self.warm = False

    def run(self, kind: str, data: bytes) -> str:
        """What became of one input."""
        self.pipe.send((kind, data))
        try:
            if self.pipe.poll(LIMIT_S if self.warm else FIRST_S):
                answer, mb = self.pipe.recv()
                self.warm, self.peak_mb = True, max(self.peak_mb, mb)
                return str(answer)
            what = "HANG"
        except (EOFError, ConnectionError):
            what = "CRASH"
        self.process.kill()
        self.process.join()
        self._start()
        return what

    def close(self) -> None:
        """End the worker."""
        self.pipe.send(None)
        self.process.join(10)
        if self.process.is_alive():
            self.process.kill()


def fuzz(kind: str, data: bytes, count: int, seed: int, folder: Path) -> dict[str, object]:
    """`count` damaged inputs of a kind."""
    chance = random.Random(f"{seed}/{kind}")
    child, outcomes, failures, slowest = Child(folder, kind), Counter[str](), [], 0.0
    for number in range(count):
        start = time.monotonic()
        outcome = child.run(kind, mutate(data, chance))
        slowest = max(slowest, time.monotonic() - start) if number else 0.0
        outcomes[outcome.split(" ")[0]] += 1
        if outcome.isupper() or outcome.startswith("BUG") or "without" in outcome:
            failures.append({"number": number, "outcome": outcome})
    child.close()
    if child.peak_mb > LIMIT_MB:
        failures.append({"number": -1, "outcome": f"{child.peak_mb} MB"})
    print(f"{kind}: {dict(outcomes)}, slowest {slowest:.2f} s, {child.peak_mb} MB", file=sys.stderr, flush=True)
    return {
        "inputs": count,
        "outcomes": dict(outcomes),
        "slowest_s": round(slowest, 2),
        "peak_mb": child.peak_mb,
        "failures": failures[:20],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    chosen = [k for k in SHARES if not args.only or k in args.only.split(",")]
    total = sum(SHARES[k] for k in chosen)
    from core.samples import analysed
    from core.store.store import Store

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good = sources(folder)
        with Store.open(folder / "store") as store:
            case = store.save(analysed(now=NOW, explain_images=False)[0], user="soak")
            before = hashlib.sha256(repr(store.load(case.id)).encode()).hexdigest()
            made = {k: fuzz(k, good[k], -(-args.count * SHARES[k] // total), args.seed, folder) for k in chosen}
            untouched = hashlib.sha256(repr(store.load(case.id)).encode()).hexdigest() == before
    bad = sum(len(m["failures"]) for m in made.values())  # type: ignore[arg-type, misc]
    inputs = sum(int(str(m["inputs"])) for m in made.values())
    print(json.dumps({"inputs": inputs, "failures": bad, "open_case_untouched": untouched, "kinds": made}, indent=1))
    return 1 if bad or not untouched else 0


if __name__ == "__main__":
    sys.exit(main())
