"""Installing, exporting, removing and rolling back packs; signatures (Ed25519 over the manifest, which holds the sha256
of every other file)."""

import shutil
import zipfile
import zlib
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core import paths
from core.errors import Unreadable, UserError
from core.inference import packs
from core.inference.apart import SECONDS
from core.inference.dry_run import try_apart
from core.inference.screening import screen_file, screen_graph
from core.progress import Report, silent

SIGNATURE = "manifest.sig"
_MOST_FILES = 64
_MOST_BYTES = 2 << 30
_BOMB_BYTES, _BOMB_RATIO = 64 << 20, 50


def _home() -> Path:
    return paths.profile() / "models"


def _previous(pack_id: str) -> Path:
    return paths.profile() / "models-previous" / pack_id


def trusted_keys() -> list[Ed25519PublicKey]:
    """Public keys an administrator has put into the profile's `trusted-keys` folder."""
    found = []
    for path in sorted((paths.profile() / "trusted-keys").glob("*.pem")):
        key = serialization.load_pem_public_key(path.read_bytes())
        if isinstance(key, Ed25519PublicKey):
            found.append(key)
    return found


def trust(path: Path) -> None:
    """Trust the public key in a PEM file. UserError where it is none."""
    try:
        data = path.read_bytes()
        key = serialization.load_pem_public_key(data)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is not a public key.", "Name the .pub.pem file of the pack's maker.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise UserError(f"{path} is not an Ed25519 key.", "Ask the pack's maker for the right one.")
    folder = paths.profile() / "trusted-keys"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / path.name).with_suffix(".pem").write_bytes(data)


def new_key(path: Path) -> None:
    """Write a new private key to `path` and its public half beside it (`.pub.pem`). Never overwrites."""
    if path.exists():
        raise UserError(f"{path} exists.", "Choose another name; a key is never overwritten.")
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.touch(mode=0o600)
    path.write_bytes(private)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    path.with_suffix(".pub.pem").write_bytes(public)


def export_pack(folder: Path, to: Path, private_key: Path | None = None) -> None:
    """One ZIP file of a verified pack, signed where a private key is given; written aside, then swapped in."""
    pack = packs.verify(folder)
    manifest = (folder / packs.MANIFEST).read_bytes()
    part = to.with_name(to.name + ".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(packs.MANIFEST, manifest)
        if private_key is not None:
            archive.writestr(SIGNATURE, _private(private_key).sign(manifest))
        elif (folder / SIGNATURE).is_file():
            archive.write(folder / SIGNATURE, SIGNATURE)
        for name in pack.manifest["files"]:
            archive.writestr(name, pack.read(name))
    part.replace(to)


def _private(path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{path} is not a private key.", "Make one with `models keygen`.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError(f"{path} is not an Ed25519 key.", "Make one with `models keygen`.")
    return key


def signed_by_trusted(folder: Path) -> bool:
    """Whether a trusted key signed the manifest. Unreadable where there is a signature that no trusted key made."""
    path = folder / SIGNATURE
    if not path.is_file():
        return False
    manifest, signature = (folder / packs.MANIFEST).read_bytes(), path.read_bytes()
    for key in trusted_keys():
        try:
            key.verify(signature, manifest)
        except InvalidSignature:
            continue
        return True
    raise Unreadable(
        f"The signature of {folder.name} is not by a key trusted here.", "Trust its maker's key (`models trust`) first."
    )


def install(
    source: Path, *, allow_unsigned: bool = False, report: Report = silent, seconds: float = SECONDS
) -> packs.Pack:
    """Install a pack file or folder: unpacked aside, signature, hashes, schema, what its graphs ask for, a trial run in a
    process of its own (at most `seconds`); only then swapped in, the version before kept for `rollback`. A pack that fails
    leaves everything as it was."""
    aside = paths.profile() / "models-incoming"
    shutil.rmtree(aside, ignore_errors=True)
    try:
        report(0, 4, "unpacking")
        folder = unpacked(source, aside)
        report(1, 4, "checking")
        pack = packs.verify(folder)
        if not signed_by_trusted(folder) and not allow_unsigned:
            raise UserError(
                f"The model pack {pack.id} is not signed.", "An administrator may install it with --unsigned."
            )
        report(2, 4, "what it asks for")
        screen(pack)
        report(3, 4, "trial run")
        try_apart(folder, seconds)
        return _swap_in(folder, pack.id)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def unpacked(source: Path, aside: Path) -> Path:
    """The plain files of a pack file or folder, copied into `aside`. Unreadable where it is none, or a hostile archive."""
    target = aside / "pack"
    target.mkdir(parents=True)
    if source.is_dir():
        _copied(source, target)
        return target
    try:
        with zipfile.ZipFile(source) as archive:
            members = archive.infolist()
            _check_members(source, members)
            for member in members:
                with archive.open(member) as stream:
                    _write_at_most(stream, target / member.filename, member.file_size)
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, EOFError, ValueError) as error:
        # The zip module raises all of these for damaged, encrypted and oddly packed members.
        raise Unreadable(f"{source} is not a pack file.", "Name a pack folder or the ZIP file of one.") from error
    return target


def _check_members(source: Path, members: list[zipfile.ZipInfo]) -> None:
    """What the archive's directory states, before a byte is unpacked."""
    packed = sum(m.compress_size for m in members)
    whole = sum(m.file_size for m in members)
    if len(members) > _MOST_FILES or whole > _MOST_BYTES:
        raise Unreadable(f"{source.name} holds too much for a model pack.", "It was not opened.")
    if whole > _BOMB_BYTES and whole > _BOMB_RATIO * packed:
        said = f"{source.name} would grow {whole // max(1, packed)}-fold when unpacked; weights do not"
        raise Unreadable(f"{said}.", "It was not opened.")
    if len({m.filename.lower() for m in members}) < len(members):
        raise Unreadable(f"{source.name} holds a file twice.", "It was not opened.")
    for member in members:
        if Path(member.filename).name != member.filename or member.filename in {"", ".", ".."}:
            raise Unreadable(f"{source.name} holds a file outside its folder.", "It was not opened.")


def _write_at_most(stream: IO[bytes], path: Path, stated: int) -> None:
    left = stated
    with path.open("wb") as out:
        while piece := stream.read(1 << 20):
            left -= len(piece)
            if left < 0:
                raise ValueError("a member is longer than it states")
            out.write(piece)


def _copied(source: Path, target: Path) -> None:
    """Plain files of a flat folder. A link could bring in any file of this machine; a folder is never part of a pack."""
    found = sorted(source.iterdir())
    if any(p.is_symlink() or not p.is_file() for p in found):
        raise Unreadable(f"{source} holds a link or a folder.", "A pack holds plain files only.")
    if len(found) > _MOST_FILES or sum(p.stat().st_size for p in found) > _MOST_BYTES:
        raise Unreadable(f"{source.name} holds too much for a model pack.", "It was not opened.")
    for path in found:
        shutil.copyfile(path, target / path.name)


def screen(pack: packs.Pack) -> None:
    """Every file of a pack, before anything of it is run: graphs for what they ask, the rest for code and pickles."""
    graphs = set(packs.graph_files(pack))
    for name in pack.manifest["files"]:
        data = pack.read(name)
        if name in graphs or name.endswith(".onnx"):
            screen_graph(name, data)
        else:
            screen_file(name, data)


def _swap_in(folder: Path, pack_id: str) -> packs.Pack:
    home, before = _home() / pack_id, _previous(pack_id)
    home.parent.mkdir(parents=True, exist_ok=True)
    if home.exists():
        before.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(before, ignore_errors=True)
        home.replace(before)
    folder.replace(home)
    return packs.load(home)


def remove(pack_id: str) -> None:
    """Take an installed pack away (kept for `rollback`); a shipped pack of the same id shows again."""
    home, before = _home() / pack_id, _previous(pack_id)
    if not home.is_dir():
        raise UserError(f"{pack_id} is not installed by a user.", "Shipped packs stay with the program.")
    before.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(before, ignore_errors=True)
    home.replace(before)


def earlier(pack_id: str) -> str:
    """The version that `rollback` would bring back; empty where there is none."""
    try:
        return packs.load(_previous(pack_id)).pack_version
    except UserError:
        return ""


def rollback(pack_id: str) -> packs.Pack:
    """Bring the version before back; the present one takes its place, so a second rollback undoes the first."""
    home, before = _home() / pack_id, _previous(pack_id)
    if not before.is_dir():
        raise UserError(f"There is no earlier version of {pack_id}.", "")
    packs.verify(before)
    between = before.with_name(pack_id + ".swap")
    shutil.rmtree(between, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    if home.is_dir():
        home.replace(between)
    before.replace(home)
    if between.is_dir():
        between.replace(before)
    return packs.load(home)
