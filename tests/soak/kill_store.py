"""Kill -9 a program in the middle of saving, signing, migrating, backing up or receiving a case, again and again.

`python -m tests.soak.kill_store [COUNT] [--seed N] [--what save,migrate,backup,receive]` (POSIX; needs fork)

The child says on a pipe what was committed, *after* the call returned. After each kill the parent opens the store and
checks: every case said to be saved or signed is there and is what was saved, decisions too, the file passes SQLite's and
SQLCipher's integrity checks, the audit chain is whole, and (backup) every snapshot listed restores.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from core.domain.case import Action, CaseStatus, Decision
from core.domain.serial import digest
from core.store import backup, keys, package
from core.store.database import Database
from core.store.migrations import MIGRATIONS, migrate
from core.store.rows import content_sha256
from core.store.store import Store
from tests.core.store import sample
from tests.core.store.sample import Ticking

SECRET = "correct horse battery"
Say = Callable[[str, str], None]


def saving(folder: Path, say: Say, seed: int) -> None:
    """Save, decide and sign cases of all sizes for as long as one lives."""
    rng = random.Random(seed)
    with Store.open(folder, clock=Ticking()) as store:
        while True:
            case_id = f"c{seed}-{rng.randrange(6)}"
            known = {row.id: row.status for row in store.list(text=case_id) or store.list()}
            if known.get(case_id) == CaseStatus.SIGNED:
                store.add_addendum(case_id, "x" * rng.randrange(1, 2000), "Dr A")
                continue
            base = store.load(case_id) if case_id in known else sample.case(case_id)
            notes = sample.record().notes * rng.randrange(1, 400)
            changed = replace(base, record=replace(base.record, notes=notes))
            say("saving", f"{case_id} {digest(changed.record)}")
            saved = store.save(changed, "Dr A")
            say("saved", f"{case_id} {digest(saved.record)}")
            store.save_draft(case_id, "note", "y" * rng.randrange(3000), "Dr A")
            made = store.decide(case_id, Decision("", Action.REJECT, "hypothesis:pneumonia", "Dr A", "", "old"))
            say("decided", f"{case_id} {made.id}")
            if rng.random() < 0.2:
                say("signed", f"{case_id} {content_sha256(store.sign(case_id, 'Dr A'))}")


def migrating(folder: Path, say: Say, seed: int) -> None:
    """Open a store of an older version."""
    Store.open(folder, clock=Ticking()).close()
    say("migrated", "x")
    time.sleep(60)


def backing_up(folder: Path, say: Say, seed: int) -> None:
    """Back up while saving."""
    with Store.open(folder, clock=Ticking()) as store:
        for i in range(1_000_000):
            saved = store.save(sample.case(f"b{seed}-{i}"), "Dr A")
            say("saved", f"{saved.id} {digest(saved.record)}")
            say("backup", str(backup.back_up(store, folder.parent / "backup", SECRET).number))


def receiving(folder: Path, say: Say, seed: int) -> None:
    """Receive packages."""
    with Store.open(folder, clock=Ticking()) as store:
        while True:
            case, _ = package.import_case(store, folder.parent / "case.consilium", SECRET)
            say("saved", f"{case.id} {digest(case.record)}")


WORK = {"save": saving, "migrate": migrating, "backup": backing_up, "receive": receiving}


def prepare(kind: str, folder: Path, rng: random.Random) -> None:
    """What a round starts from."""
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "migrate":
        key = keys.create(folder, None, allow_keyring=False)
        database = Database(folder / "consilium.db", key)
        migrate(database, Ticking(), upto=rng.randrange(len(MIGRATIONS)))
        database.close()
    elif kind == "receive":
        with Store.open(folder, clock=Ticking()) as store:
            store.save(sample.case(), "Dr A")
            store.keep_bytes("case-1", "film.dcm", bytes(200_000))
            package.export_case(store, "case-1", folder.parent / "case.consilium", SECRET)


def run_and_kill(kind: str, folder: Path, after_s: float, seed: int) -> list[tuple[str, str]]:
    """Let a child work for `after_s`, kill it, and return what it said was done."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            WORK[kind](folder, lambda what, which: os.write(writing, f"{what} {which}\n".encode()) and None, seed)
        except Exception as error:
            os.write(writing, f"failed {type(error).__name__} {error}\n".encode())
        os._exit(1)
    os.close(writing)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        lines = pipe.read().splitlines(keepends=True)
    return [tuple(line.strip().split(" ", 1)) for line in lines if line.endswith("\n")]  # type: ignore[misc]


def faults(folder: Path, said: list[tuple[str, str]]) -> list[str]:
    """What is lost or broken after a kill."""
    found = [f"the child failed: {text}" for what, text in said if what == "failed"]
    last: dict[str, tuple[str, str]] = {}
    begun: dict[str, str] = {}
    for what, text in said:
        if what in ("saving", "saved", "signed"):
            case_id, sha256 = text.split()
            if what == "saving":
                begun[case_id] = sha256  # killed between commit and word of it: either is right
            else:
                last[case_id] = (what, sha256)
    with Store.open(folder, clock=Ticking()) as store:
        found += store.database.intact()
        found += store.audit.verify().problems
        for case_id, (what, expected) in last.items():
            case = store.load(case_id)
            if what == "saved" and digest(case.record) not in (expected, begun.get(case_id)):
                found.append(f"{case_id} is not what was saved")
            if what == "signed" and (case.status != CaseStatus.SIGNED or not store.signature_holds(case_id)):
                found.append(f"{case_id} lost its signature")
        for case_id, decision in (text.split() for what, text in said if what == "decided"):
            if decision not in {d.id for d in store.load(case_id).decisions}:
                found.append(f"decision {decision} is lost")
    target = folder.parent / "backup"
    if (target / "backup.json").exists():
        found += _backup_faults(target, [text for what, text in said if what == "backup"])
    return found


def _backup_faults(target: Path, told: list[str]) -> list[str]:
    numbers = {str(s.number) for s in backup.snapshots(target, SECRET)}
    found = [f"snapshot {number} is lost" for number in told if number not in numbers]
    if not numbers:
        return found
    with tempfile.TemporaryDirectory() as scratch:
        backup.restore(target, SECRET, Path(scratch) / "r")
        with Store.open(Path(scratch) / "r", clock=Ticking()) as store:
            found += [f"restored: {text}" for text in store.database.intact()]
    return found


def soak(count: int, seed: int, kinds: tuple[str, ...]) -> dict[str, object]:
    """`count` kills spread over `kinds`; returns the figures."""
    keys.ARGON_MEMORY_KIB, keys.ARGON_PASSES = 64, 1  # the passphrase's cost is not what is tested
    rng, problems, done = random.Random(seed), [], dict.fromkeys(kinds, 0)
    acknowledged = 0
    for number in range(count):
        kind = kinds[number % len(kinds)]
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "store"
            prepare(kind, folder, rng)
            longest = {"save": 0.25, "migrate": 0.08, "backup": 0.6, "receive": 0.3}[kind]
            said = run_and_kill(kind, folder, rng.uniform(0.002, longest), number)
            problems += [f"round {number} ({kind}): {text}" for text in faults(folder, said)]
        done[kind] += 1
        acknowledged += len(said)
        if number % 50 == 49:
            print(f"{number + 1}/{count}, {len(problems)} problems", file=sys.stderr)
    return {"kills": count, "by_kind": done, "acknowledged": acknowledged, "problems": problems}


def main() -> int:
    """Run and print the figures; exit 1 where something was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--what", default=",".join(WORK))
    args = parser.parse_args()
    figures = soak(args.count, args.seed, tuple(args.what.split(",")))
    print(json.dumps(figures, indent=1))
    return 1 if figures["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
