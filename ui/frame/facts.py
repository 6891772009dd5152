"""Facts about this machine and this store for the status bar, read in the background."""

from core.progress import Report
from core.store.store import Store
from ui.frame.statusbar import Fact, network_fact
from ui.pacs.state import ARCHIVES
from ui.translate import tr

PROVIDER_WORDS = {
    "CPUExecutionProvider": "CPU",
    "CUDAExecutionProvider": "GPU · CUDA",
    "DmlExecutionProvider": "GPU · DirectML",
    "CoreMLExecutionProvider": "GPU · CoreML",
    "TensorrtExecutionProvider": "GPU · TensorRT",
}


def machine_facts(store: Store, _report: Report) -> tuple[Fact, ...]:
    """Provider, model packs, encryption, network."""
    from core.inference.packs import installed
    from core.inference.session import providers

    best = providers()[0]
    words = PROVIDER_WORDS.get(best, best)
    packs = len(installed())
    found = [
        Fact("chip", tr("{provider} · ONNX Runtime", provider=words), words, "green" if best[:3] != "CPU" else "text.2")
    ]
    found.append(Fact("cube", tr("Model packs: {n}", n=packs), tr("Packs: {n}", n=packs)))
    found.append(Fact("lock", tr("Store encrypted · AES-256"), tr("Encrypted")))
    ARCHIVES.read()
    if ARCHIVES.names:
        import core.exchange  # noqa: F401  here, so that the window need not wait for pydicom when somebody fetches
    found.append(network_fact())
    if store.database.read_only:
        found.append(Fact("alert", tr("Store is read-only"), tr("Read-only"), "amber"))
    return tuple(found)
