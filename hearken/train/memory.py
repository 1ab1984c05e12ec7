"""Memory that was needed in one step is kept for the next.

glibc asks the kernel for each tensor of more than 32 MB anew and gives it back at once, and the kernel clears every page that it hands out. A
training step on a CPU makes thousands of them: a quarter of the time of PaSST's went there. Kept memory is also what CUDA's allocator
of PyTorch does on a GPU.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # of `mallopt`, in glibc's malloc.h
_ENOUGH = 2**31 - 4096  # bytes of free memory at the end of the heap; an int is all that `mallopt` takes


def keep_memory() -> bool:
    """Tell the C library of this process to keep freed memory of any size for reuse; True where it did.

    Elsewhere than with glibc (macOS, Windows, musl) nothing is done.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
        ctypes.CDLL(None).gnu_get_libc_version  # noqa: B018 - an AttributeError where the C library is another, whose numbers differ
    except (OSError, AttributeError):
        return False
    return all([mallopt(_MMAP_MAX, 0), mallopt(_TRIM_THRESHOLD, _ENOUGH)])
