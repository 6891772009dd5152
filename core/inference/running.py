"""A session that outlives its device: chosen provider, buffers on the device, one fall-back to the CPU that is said aloud,
a time limit for a graph that does not end."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from core.domain.basics import Label
from core.errors import UserError
from core.inference.session import CPU, providers

Array = NDArray[Any]
Opener = Callable[[str], Any]
_log = logging.getLogger(__name__)
_notices: list[Label] = []
_SHORT = {"CUDAExecutionProvider": "CUDA", "TensorrtExecutionProvider": "TensorRT", "DmlExecutionProvider": "DirectML",
          "CoreMLExecutionProvider": "CoreML", CPU: "CPU"}  # fmt: skip


def notices() -> tuple[Label, ...]:
    """What a person should be told about sessions of this run of the program, oldest first, each once."""
    return tuple(_notices)


def short(provider: str) -> str:
    """A provider's everyday name."""
    return _SHORT.get(provider, provider)


class Session:
    """One graph on one provider. `open_on(provider)` opens it; `name` is said where something happens to it.

    The provider is chosen once, the best that opens. A device that is lost or out of memory while running sends the
    session to the CPU for good, with one notice. Takes the place of `onnxruntime.InferenceSession` for running.
    """

    def __init__(self, open_on: Opener, name: str, order: Sequence[str] = ()) -> None:
        self._open, self._name = open_on, name
        self._lock = threading.Lock()
        self._inner, self.provider = self._opened(tuple(order) or providers())
        self._bound = Bound(self._inner, self.provider)

    def _opened(self, order: tuple[str, ...]) -> tuple[Any, str]:
        for provider in order:
            try:
                inner = self._open(provider)
            except UserError:
                raise  # the pack, not the device
            except Exception as error:
                if provider == order[-1]:
                    raise
                self._say(provider, error)
                continue
            return inner, str(inner.get_providers()[0])
        raise ValueError("no provider was named")

    def run(self, names: Sequence[str] | None, feeds: Mapping[str, Array], seconds: float = 0) -> list[Array]:
        """The outputs named (None: all, in the graph's order). `seconds`: a limit; UserError where it is passed."""
        limit = _Limit(seconds, self._name) if seconds else None
        inner, provider = self._inner, self.provider
        try:
            if limit is not None:
                found: list[Array] = limit.run(inner, names, feeds)
            elif provider == CPU:
                found = inner.run(names, feeds)
            else:
                found = self._bound.run(names, feeds)
        except UserError:
            raise
        except Exception as error:
            if provider == CPU:
                raise
            self._to_cpu(inner, error)
            return self.run(names, feeds, seconds)
        return found

    def get_inputs(self) -> Any:
        """The graph's inputs."""
        return self._inner.get_inputs()

    def get_outputs(self) -> Any:
        """The graph's outputs."""
        return self._inner.get_outputs()

    def get_providers(self) -> list[str]:
        """The provider in use, then the CPU."""
        return list(self._inner.get_providers())

    def _to_cpu(self, failed: Any, error: Exception) -> None:
        with self._lock:
            if self._inner is not failed:
                return  # another thread was first
            self._say(self.provider, error)
            self._inner, self.provider = self._open(CPU), CPU
            self._bound = Bound(self._inner, CPU)

    def _say(self, provider: str, error: Exception) -> None:
        what = " ".join(str(error).split())
        _log.warning("%s: %s failed (%s); the CPU is used from here on", self._name, provider, what[:200])
        full = any(word in what.lower() for word in ("memory", "alloc", "oom"))
        en, zh = ("is out of memory", "内存不足") if full else ("does not work", "无法使用")
        notice = Label(
            f"{self._name}: {short(provider)} {en}; the CPU is used from here on.",
            f"{self._name}：{short(provider)} {zh}；此后使用 CPU。",
        )
        if notice not in _notices:
            _notices.append(notice)


class Bound:
    """Runs with input buffers that stay on the device and are reused while shapes stay the same (IO binding).

    Host-accessible (pinned) memory is taken where the provider offers it, so that a copy needs no detour.
    """

    def __init__(self, session: Any, provider: str) -> None:
        self._session, self._provider = session, provider
        self._kept: dict[str, tuple[tuple[int, ...], str, Any]] = {}
        self._lock = threading.Lock()

    def run(self, names: Sequence[str] | None, feeds: Mapping[str, Array]) -> list[Array]:
        """As `session.run`. One run at a time: the buffers are shared."""
        with self._lock:
            binding = self._session.io_binding()
            for name, value in feeds.items():
                binding.bind_ortvalue_input(name, self._buffer(name, np.ascontiguousarray(value)))
            for output in self._session.get_outputs():
                if names is None or output.name in names:
                    binding.bind_output(output.name, "cpu")
            self._session.run_with_iobinding(binding)
            found = binding.copy_outputs_to_cpu()
        if names is None:
            return list(found)
        order = [o.name for o in self._session.get_outputs() if o.name in names]
        return [found[order.index(name)] for name in names]

    def _buffer(self, name: str, value: Array) -> Any:
        shape, dtype, kept = self._kept.get(name, ((), "", None))
        if kept is not None and shape == value.shape and dtype == value.dtype.str:
            kept.update_inplace(value)
            return kept
        made = self._new_buffer(value)
        self._kept[name] = (value.shape, value.dtype.str, made)
        return made

    def _new_buffer(self, value: Array) -> Any:
        memory = pinned(self._provider)
        if memory is not None:
            made = ort.OrtValue.ortvalue_from_shape_and_type(value.shape, value.dtype, memory_info=memory)
            made.update_inplace(value)
            return made
        return ort.OrtValue.ortvalue_from_numpy(value.copy(), device(self._provider), 0)


def device(provider: str) -> str:
    """Where a provider's plain buffers lie, in ONNX Runtime's words."""
    return "cuda" if provider in ("CUDAExecutionProvider", "TensorrtExecutionProvider") else "cpu"


def pinned(provider: str) -> Any:
    """The provider's host-accessible memory; None where it has none (the CPU's own is plain memory)."""
    if provider == CPU:
        return None
    for device in ort.get_ep_devices():
        if device.ep_name == provider:
            try:
                return device.memory_info(ort.OrtDeviceMemoryType.HOST_ACCESSIBLE)
            except (AttributeError, RuntimeError):
                return None
    return None


class _Limit:
    """Ends a run that takes too long: ONNX Runtime looks at `terminate` between operators, and in every turn of a loop."""

    def __init__(self, seconds: float, name: str) -> None:
        self._options = ort.RunOptions()
        self._seconds, self._name = seconds, name

    def run(self, inner: Any, names: Sequence[str] | None, feeds: Mapping[str, Array]) -> list[Array]:
        timer = threading.Timer(self._seconds, self._stop)
        timer.daemon = True
        timer.start()
        try:
            found: list[Array] = inner.run(names, feeds, self._options)
        except Exception as error:
            if self._options.terminate:
                raise UserError(
                    f"{self._name} gave no answer within {self._seconds:g} s and was stopped.",
                    "Use another model pack.",
                ) from error
            raise
        finally:
            timer.cancel()
            timer.join()
        return found

    def _stop(self) -> None:
        self._options.terminate = True
