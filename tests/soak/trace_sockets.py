"""Every socket of a full session, as the kernel saw it: the samples read, analysed, explained, reported, the window shown.

    python -m tests.soak.trace_sockets

Runs the demo under `strace` (Linux) in all its processes and threads. Prints one JSON object: how many sockets of which
family, and each address outside AF_UNIX and AF_NETLINK that anything bound, connected or sent to. Exit code 1 if any.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from core.paths import RESOURCES

ROOT = RESOURCES.parent
CALLS = "socket,connect,bind,listen,accept,accept4,sendto,sendmsg,sendmmsg"
HARMLESS = ("AF_UNIX", "AF_NETLINK", "AF_UNSPEC")
_SOCKET = re.compile(r"\bsocket\((AF_\w+)")
_FAMILY = re.compile(r"sa_family=(AF_\w+)")


def findings(log: str) -> tuple[Counter[str], list[str]]:
    """(sockets by family, calls that name an address of another family) of an strace log."""
    families = Counter(_SOCKET.findall(log))
    bad = [
        line.strip()
        for line in log.splitlines()
        if "socket(" not in line and any(f not in HARMLESS for f in _FAMILY.findall(line))
    ]
    return families, bad


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    strace = shutil.which("strace")
    if strace is None:
        print("strace is not installed.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "strace.log"
        command = [sys.executable, "main.py", "demo", "--out", f"{folder}/out"]
        environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "CONSILIUM_PROFILE": f"{folder}/profile"}
        traced = [strace, "-f", "-qq", "-e", f"trace={CALLS}", "-o", str(log), *command]
        done = subprocess.run(traced, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
        families, bad = findings(log.read_text("utf-8", "replace"))
        pictures = len(list(Path(folder, "out").rglob("*.png")))
    print(
        json.dumps(
            {"exit": done.returncode, "screenshots": pictures, "sockets": dict(families), "outside": bad[:50]}, indent=1
        )
    )
    return 1 if bad or done.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
