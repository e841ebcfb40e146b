"""Loading models with sentence-transformers: quietly, and with errors of one line."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from seekpoint.index.errors import ModelError

_Model = TypeVar("_Model")

LONGEST_EMBEDDED = 512
"""The most tokens of a question that are embedded, those around it among them: each takes time."""


def load_quietly(refusal: str, load: Callable[[], _Model], remedy: str) -> _Model:
    """Load a model without progress bars and warnings; raises ModelError: the refusal, the reason, the remedy."""
    import logging

    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # else its threads compete with torch's for the cores
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    for library in ("sentence_transformers", "huggingface_hub"):
        logging.getLogger(library).setLevel(logging.ERROR)
    try:
        return load()
    except Exception as error:  # the hub, the file formats and the architectures each raise their own exceptions
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(f"{refusal} ({reason[0][:200]}): {remedy}") from error


def absolute_name(model: str) -> str:
    """A folder's absolute path, or a name of the hub as it is."""
    return str(Path(model).resolve()) if Path(model).is_dir() else model


_SAMPLES, _SAMPLE_BYTES = 16, 1 << 16


def sampled_hash(path: Path) -> str:
    """A hash of a file's size and of blocks spread evenly over it; hashing all of a model would delay a question."""
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for k in range(_SAMPLES):
            file.seek(k * max(size - _SAMPLE_BYTES, 0) // (_SAMPLES - 1))
            digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()
