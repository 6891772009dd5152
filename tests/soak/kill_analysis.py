"""Kill -9 the command line in the middle of an analysis or of keeping its case, again and again.

    python -m tests.soak.kill_analysis 50 [--seed 1]

Before the first kill one case is saved and signed. After each kill the store must open, its integrity check pass, the signed
case be there unchanged, and every case in it be whole. Prints one JSON object; exit code 1 when anything was lost.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from core.domain.serial import digest
from core.paths import RESOURCES
from core.samples import analysed
from core.store.store import Store

ROOT = RESOURCES.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    chance = random.Random(args.seed)
    problems: list[str] = []
    finished = killed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CONSILIUM_PROFILE"] = folder
        with Store.open() as store:
            case = store.save(analysed(now=datetime.now(UTC), explain_images=False)[0], user="soak")
            store.sign(case.id, user="soak")
            signed = digest(store.load(case.id))
        for number in range(args.count):
            finished += _kill_one(chance, Path(folder))
            killed = number + 1 - finished
            with Store.open() as store:
                if digest(store.load(case.id)) != signed:
                    problems.append(f"{number}: the signed case changed")
                for row in store.list():
                    store.load(row.id)
                if store.audit.verify().problems:
                    problems.append(f"{number}: the audit chain is broken")
                cases = len(store.list())
    print(
        json.dumps({"runs": args.count, "killed": killed, "finished": finished, "cases": cases, "problems": problems})
    )
    return 1 if problems else 0


def _kill_one(chance: random.Random, folder: Path) -> int:
    """Start an analysis that keeps its case, kill it at a random moment; 1 when it was faster than the kill."""
    command = [sys.executable, "main.py", "analyze", "resources/samples/chinese-note", "--out", str(folder / "out")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(chance.uniform(0.3, 8.0))
    if process.poll() is not None:
        return 1
    process.send_signal(signal.SIGKILL)
    process.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
