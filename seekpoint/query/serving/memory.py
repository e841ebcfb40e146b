"""What a process that is asked again and again keeps of its memory."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

# By their numbers in glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
# Bytes. A question takes and frees about four million, in blocks of one and a half at most.
_KEPT, _LARGEST_KEPT = 1 << 24, 1 << 22


def keep_freed_memory() -> bool:
    """Have glibc keep what questions free, rather than give it back; says whether that can be had here.

    Each page that is given back is taken and zeroed again by the next question, some 800 of them.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            mallopt = ctypes.CDLL(None).mallopt
            return bool(mallopt(_TRIM_THRESHOLD, _KEPT) and mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT))
    return False
