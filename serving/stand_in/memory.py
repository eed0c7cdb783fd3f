"""Memory of the process, given back to the system."""

import ctypes
import ctypes.util


def trim() -> None:
    """Gives free memory of the heap back to the system, where the C library can (glibc)."""
    library = ctypes.util.find_library("c")
    release = getattr(ctypes.CDLL(library), "malloc_trim", None) if library else None
    if release:
        release(0)
