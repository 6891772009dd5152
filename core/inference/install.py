"""Installing, exporting, removing and rolling back packs; signatures (Ed25519 over the manifest, which holds the sha256
of every other file)."""

import shutil
import zipfile
import zlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core import paths
from core.errors import Unreadable, UserError
from core.inference import packs
from core.inference.dry_run import try_apart
from core.progress import Report, silent

SIGNATURE = "manifest.sig"
_MOST_FILES = 64
_MOST_BYTES = 2 << 30


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


def install(source: Path, *, allow_unsigned: bool = False, report: Report = silent) -> packs.Pack:
    """Install a pack file or folder: unpacked aside, signature, hashes, schema, trial run in its own process; only then
    swapped in, the version before kept for `rollback`. A pack that fails leaves everything as it was."""
    aside = paths.profile() / "models-incoming"
    shutil.rmtree(aside, ignore_errors=True)
    try:
        report(0, 3, "unpacking")
        folder = _unpacked(source, aside)
        report(1, 3, "checking")
        pack = packs.verify(folder)
        if not signed_by_trusted(folder) and not allow_unsigned:
            raise UserError(
                f"The model pack {pack.id} is not signed.", "An administrator may install it with --unsigned."
            )
        report(2, 3, "trial run")
        try_apart(folder)
        return _swap_in(folder, pack.id)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _unpacked(source: Path, aside: Path) -> Path:
    target = aside / "pack"
    if source.is_dir():
        shutil.copytree(source, target)
        return target
    try:
        with zipfile.ZipFile(source) as archive:
            members = archive.infolist()
            if len(members) > _MOST_FILES or sum(m.file_size for m in members) > _MOST_BYTES:
                raise Unreadable(f"{source.name} holds too much for a model pack.", "It was not opened.")
            target.mkdir(parents=True)
            for member in members:
                if Path(member.filename).name != member.filename or member.filename in {"", ".", ".."}:
                    raise Unreadable(f"{source.name} holds a file outside its folder.", "It was not opened.")
                (target / member.filename).write_bytes(archive.read(member))
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, EOFError, ValueError) as error:
        # The zip module raises all of these for damaged, encrypted and oddly packed members.
        raise Unreadable(f"{source} is not a pack file.", "Name a pack folder or the ZIP file of one.") from error
    return target


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
