"""Encoding many texts with a sentence-transformers model: on a CPU in small batches, several in parallel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


# Texts. On a CPU small batches stay in its cache and need less padding: 8 are 1.4 times as fast as 32.
_CPU_BATCH, _GPU_BATCH = 8, 64
# Two batches in parallel, each on one core, are 1.13 times as fast as one after another on both cores, where each step
# waits for the slower core. Python's own work limits this to some eight threads.
_MOST_THREADS = 8
# On a CPU PyTorch's attention takes two thirds of the time if a text's length in tokens is a multiple of 16.
_TOKENS = 16


def encode(model: SentenceTransformer, texts: Sequence[str], prompt: str | None, **options: Any) -> list[Any]:  # noqa: ANN401 - `options` are those of `SentenceTransformer.encode`
    """Encode texts in batches; one result of the model's `encode` for each text, in their order."""
    on_cpu = model.device.type == "cpu"
    batches = _of_like_length(model, texts, _CPU_BATCH if on_cpu else _GPU_BATCH)
    padding = _padding(model)

    def encode_batch(batch: Sequence[int]) -> list[Any]:
        batch_texts: Any = [texts[k] for k in batch]
        all_options = {"prompt": prompt, "batch_size": len(batch), "show_progress_bar": False, **padding, **options}
        return list(model.encode(batch_texts, **all_options))

    if on_cpu and len(batches) > 1:
        # The first call sets the tokenizer up, which fails in a thread while another uses it ("Already borrowed").
        model.preprocess(list(texts[:1]), prompt=prompt, **padding)
        with _worker_threads(len(batches)) as threads:
            results = list(threads.map(encode_batch, batches))
    else:
        results = [encode_batch(batch) for batch in batches]
    by_index = dict(zip(chain.from_iterable(batches), chain.from_iterable(results), strict=True))
    return [by_index[k] for k in range(len(texts))]


def _of_like_length(model: SentenceTransformer, texts: Sequence[str], size: int) -> list[Sequence[int]]:
    """The indices of the texts in batches of similar length, the longest first, so that the last batch is short."""
    order: Sequence[int] = range(len(texts))
    if len(texts) > size:
        lengths = _lengths(model, texts)
        order = sorted(order, key=lambda k: -lengths[k])
    return [order[k : k + size] for k in range(0, len(order), size)]


def _lengths(model: SentenceTransformer, texts: Sequence[str]) -> list[int]:
    """The lengths of texts in tokens, or in characters if the model's tokenizer is slow.

    On lectures in two languages a sixth of the model's input is padding if batches are made by characters, and half as
    much by tokens.
    """
    tokenizer = getattr(model, "tokenizer", None)
    if tokenizer is None or not getattr(tokenizer, "is_fast", False):
        return [len(text) for text in texts]
    return [len(tokens) for tokens in tokenizer(list(texts), truncation=True)["input_ids"]]


def _padding(model: SentenceTransformer) -> dict[str, Any]:
    """Options that pad texts to a multiple of _TOKENS on a CPU; none if that could exceed the model's positions."""
    longest = model.get_max_seq_length() if hasattr(model[0], "processing_kwargs") else None
    if model.device.type != "cpu" or longest is None or longest % _TOKENS:
        return {}
    return {"processing_kwargs": {"text": {"pad_to_multiple_of": _TOKENS}}}


@contextmanager
def _worker_threads(batches: int) -> Iterator[Executor]:
    """Threads that share the cores that PyTorch uses."""
    import torch

    cores = torch.get_num_threads()
    count = min(cores, batches, _MOST_THREADS)
    try:
        with ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(cores // count,)) as threads:
            yield threads
    finally:
        torch.set_num_threads(cores)  # the last number set, in whichever thread, applies to all new threads
