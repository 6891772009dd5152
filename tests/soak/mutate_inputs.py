"""Damaged inputs in number: each is opened and analysed; none may crash, hang or touch the case that is open.

    python -m tests.soak.mutate_inputs 2000 [--seed 1] [--data FOLDER]

Mutates the synthetic samples (and, with --data, records and DICOM files of a folder): flipped bytes, cut ends, repeated and
removed stretches, swapped halves, foreign heads. Work is done in a child process, so that a crash of a decoder counts as
what it is. Prints one JSON object; exit code 1 when anything failed.
"""

import argparse
import hashlib
import json
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from core.paths import RESOURCES

LIMIT_S = 10.0
NOW = datetime(2025, 11, 14, 12, tzinfo=UTC)
SUFFIXES = {".json", ".txt", ".dcm", ".xml", ".hl7", ".vcf", ".pdf", ".csv", ""}


def pool(data: Path | None) -> list[Path]:
    """The files to damage: small enough to be read in a moment."""
    roots = [RESOURCES / "samples", *([data] if data else [])]
    found = [p for root in roots for p in sorted(root.rglob("*")) if p.is_file() and p.suffix.lower() in SUFFIXES]
    return [p for p in found if 0 < p.stat().st_size < 2_000_000]


def mutate(data: bytes, chance: random.Random) -> bytes:
    """One damaged version."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        kind = chance.randrange(6)
        a, b = sorted((chance.randrange(len(out) + 1), chance.randrange(len(out) + 1)))
        if kind == 0:
            for _ in range(chance.randint(1, 40)):
                if out:
                    out[chance.randrange(len(out))] = chance.randrange(256)
        elif kind == 1:
            del out[a:]
        elif kind == 2:
            del out[a : min(b, a + 5000)]
        elif kind == 3:
            out[a:a] = out[a : min(b, a + 5000)] * chance.randint(1, 4)
        elif kind == 4:
            out = out[a:] + out[:a]
        else:
            out[: chance.randint(0, 40)] = chance.randbytes(chance.randint(0, 40))
    return bytes(out)


def worker(pipe: Connection) -> None:
    """Open and analyse what comes through the pipe; answer with what became of it."""
    from core import pipeline
    from core.errors import UserError

    while True:
        path = pipe.recv()
        if path is None:
            return
        try:
            with tempfile.TemporaryDirectory() as scratch:
                opened = pipeline.open_paths([Path(path)], scratch=Path(scratch), now=NOW)
                for case in opened.cases:
                    pipeline.analyse(case, now=NOW)
            pipe.send("read" if not any(f.error for f in opened.files) else "read in part")
        except UserError as error:
            pipe.send("refused" if str(error).strip() else "refused without a sentence")
        except Exception as error:  # any escape is what this program looks for
            pipe.send(f"BUG {type(error).__name__}: {error}"[:200])


class Child:
    """A worker process that is replaced when it dies or hangs."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=worker, args=(other,))
        self.process.start()
        other.close()

    def run(self, path: Path) -> str:
        """What became of one file."""
        self.pipe.send(str(path))
        try:
            if self.pipe.poll(LIMIT_S if self.warm else 120):
                self.warm = True
                return str(self.pipe.recv())
            what = "HANG"
        except (EOFError, ConnectionError):
            what = "CRASH"
        self.process.kill()
        self.process.join()
        self.warm = False
        self._start()
        return what

    warm = False

    def close(self) -> None:
        self.pipe.send(None)
        self.process.join(5)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path)
    args = parser.parse_args()
    from core.samples import analysed
    from core.store.store import Store

    chance = random.Random(args.seed)
    files = pool(args.data)
    started, outcomes, bad, slowest = time.monotonic(), Counter[str](), [], 0.0
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "store") as store:
        case = store.save(analysed(now=NOW, explain_images=False)[0], user="soak")
        before = hashlib.sha256(repr(store.load(case.id)).encode()).hexdigest()
        child = Child()
        for i in range(args.count):
            source = chance.choice(files)
            target = Path(folder) / f"damaged-{i}{source.suffix}"
            target.write_bytes(mutate(source.read_bytes(), chance))
            t = time.monotonic()
            outcome = child.run(target)
            slowest = max(slowest, time.monotonic() - t) if i else slowest
            outcomes[outcome.split(" ")[0] if outcome.startswith("BUG") else outcome] += 1
            if outcome.isupper() or outcome.startswith("BUG") or "without" in outcome:
                bad.append({"file": source.name, "number": i, "outcome": outcome})
            target.unlink()
            if i % 100 == 99:
                print(f"{i + 1}/{args.count} {dict(outcomes)}", file=sys.stderr)
        child.close()
        untouched = hashlib.sha256(repr(store.load(case.id)).encode()).hexdigest() == before
    result = {
        "inputs": args.count,
        "sources": len(files),
        "outcomes": dict(outcomes),
        "open_case_untouched": untouched,
        "slowest_s": round(slowest, 2),
        "seconds": round(time.monotonic() - started, 1),
        "failures": bad[:50],
    }
    print(json.dumps(result, indent=1, ensure_ascii=False))
    return 1 if bad or not untouched else 0


if __name__ == "__main__":
    sys.exit(main())
