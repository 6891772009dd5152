"""Memory that was used for a moment goes back to the system.

Every differential makes and drops tables of a few hundred kilobytes. The C library of Linux keeps such pieces, with gaps
between, and over hundreds of notes the process grows by tens of megabytes that hold nothing.
"""

import ctypes
import itertools
import sys
from functools import lru_cache
from typing import Any

_EVERY = 32  # differentials; giving back takes 2 to 4 ms
_count = itertools.count(1)


def tidy() -> bool:
    """Call after each differential: every `_EVERY`th time what is free is given back. Returns whether it was."""
    trim = _trim()
    if trim is None or next(_count) % _EVERY:
        return False
    trim(0)
    return True


@lru_cache(maxsize=1)
def _trim() -> Any:
    """glibc's `malloc_trim`; None on other systems, which give back by themselves."""
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
