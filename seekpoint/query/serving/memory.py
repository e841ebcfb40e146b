"""Memory settings for processes that answer many questions."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

# Parameters of mallopt, from glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
# Bytes. A question allocates and frees about four million, in blocks of up to one and a half million.
_KEPT, _LARGEST_KEPT = 1 << 24, 1 << 22


def keep_freed_memory() -> bool:
    """Make glibc keep freed memory instead of returning it to the system; returns whether that worked.

    Otherwise the next question takes some 800 pages back, and the kernel zeroes each of them again.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # a C library without mallopt
            mallopt = ctypes.CDLL(None).mallopt
            return bool(mallopt(_TRIM_THRESHOLD, _KEPT) and mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT))
    return False
