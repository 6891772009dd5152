"""Shared fixtures: an isolated profile, the development data, and guards against leaks and sockets."""

import os
import socket
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(autouse=True)
def profile(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has its own empty profile folder; no test touches the user's."""
    folder = tmp_path_factory.mktemp("profile")
    monkeypatch.setenv("CONSILIUM_PROFILE", str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_sockets(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deny the network: a test that reaches for an INET socket fails (mark `pacs` lifts it for loopback peers)."""
    if request.node.get_closest_marker("pacs"):
        return
    real = socket.socket

    class Denied(real):  # type: ignore[misc, valid-type]
        def __init__(self, family: int = -1, *args: object, **kwargs: object) -> None:
            if family in (-1, socket.AF_INET, socket.AF_INET6):
                raise AssertionError("the program opened a network socket")
            super().__init__(family, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "socket", Denied)


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """A test that leaves a non-daemon thread running fails."""
    before = set(threading.enumerate())
    yield
    left = [t for t in threading.enumerate() if t not in before and t.is_alive() and not t.daemon]
    for thread in left:
        thread.join(2)
    left = [t for t in left if t.is_alive()]
    assert not left, f"threads left running: {left}"


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The development data's folder, or a skip that says why."""
    folder = os.environ.get("CONSILIUM_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("CONSILIUM_DATA is not set: the development data is not on this machine")
    return Path(folder)


@pytest.fixture(scope="session")
def unpacked(data_dir: Path, tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """`unpacked("records-dev")`: the named archive of the development data, unpacked once a session."""
    done: dict[str, Path] = {}

    def unpack(name: str) -> Path:
        if name not in done:
            archive = next(p for p in data_dir.iterdir() if p.name.split(".")[0] == name)
            target = tmp_path_factory.mktemp(name)
            if archive.suffix == ".zip":
                with zipfile.ZipFile(archive) as z:
                    z.extractall(target)
            else:
                with tarfile.open(archive) as t:
                    t.extractall(target, filter="data")
            done[name] = target
        return done[name]

    return unpack
