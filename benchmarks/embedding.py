"""Passages a second: our encoder and plain float32 sentence-transformers, on the same chunks in the same run.

usage: python -m benchmarks.embedding LIBRARY [--passages 256] [--rounds 3] [--json FILE]
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks import machine
from benchmarks.base import stored_chunks
from seekpoint.index.models.encoder import BundledEncoder, bundled_folder
from seekpoint.index.types import Vectors


def main() -> None:
    parser = machine.command_line("benchmarks.embedding", __doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("--passages", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    chunks, _ = stored_chunks(options.library)
    texts = random.Random(0).sample([text for _, _, text in chunks], min(options.passages, len(chunks)))
    ours, plain = BundledEncoder().passages, plain_float32()
    for warm_up in (ours, plain):
        warm_up(texts[:32])
    rates: dict[str, list[float]] = {"seekpoint": [], "plain": []}
    for _ in range(options.rounds):
        for name, embed in (("seekpoint", ours), ("plain", plain)):
            vectors, rate = timed(embed, texts)
            rates[name].append(rate)
            if name == "seekpoint":
                mine = vectors
    report(rates, (mine * vectors).sum(axis=1), len(texts), options.json)


def plain_float32() -> Callable[[Sequence[str]], Vectors]:
    """The way that the documentation of sentence-transformers shows."""
    import torch
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(bundled_folder()), model_kwargs={"dtype": torch.float32})

    def embed(texts: Sequence[str]) -> Vectors:
        vectors: Vectors = model.encode(list(texts), prompt_name="passage", normalize_embeddings=True)
        return vectors

    return embed


def timed(embed: Callable[[Sequence[str]], Vectors], texts: Sequence[str]) -> tuple[Vectors, float]:
    """The vectors, and passages a second."""
    started = time.perf_counter()
    vectors = embed(texts)
    return vectors, len(texts) / (time.perf_counter() - started)


def report(rates: dict[str, list[float]], cosines: Vectors, passages: int, path: Path | None) -> None:
    """Print what was measured."""
    about = machine.describe()
    print(f"{about['processor']}, {about['cores']} cores, revision {about['revision']}; {passages} passages a round")
    for name, values in rates.items():
        print(f"{name:10} {machine.spread(values, 'passages a second')}")
    ratios = [ours / plain for ours, plain in zip(rates["seekpoint"], rates["plain"], strict=True)]
    print(f"{'ratio':10} {machine.spread(ratios, 'times')}")
    print(f"{'cosine':10} min {cosines.min():.5f}  mean {cosines.mean():.5f}")
    machine.save(path, {"machine": about, "rates": rates, "ratios": ratios, "least_cosine": float(np.min(cosines))})


if __name__ == "__main__":
    main()
