"""What a sentence-transformers model makes of many texts: on a processor in small batches, one beside another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# On a processor small batches stay in its cache and need less padding: 8 are 1.4 times as fast as 32.
_CPU_BATCH, _GPU_BATCH = 8, 64
# Two batches on a core each are done 1.13 times as fast as one after another on both, where each step waits for the
# slower core. Python's own work between the steps leaves room for some eight.
_MOST_LANES = 8
# PyTorch's attention on a processor takes two thirds of the time where a text's length in tokens is a multiple of 16.
_TOKENS = 16


def encode(model: SentenceTransformer, texts: Sequence[str], prompt: str | None, **options: Any) -> list[Any]:  # noqa: ANN401 - `options` are those of `SentenceTransformer.encode`
    """What the model's `encode` gives for each text, in their order."""
    on_processor = model.device.type == "cpu"
    batches = _of_like_length(model, texts, _CPU_BATCH if on_processor else _GPU_BATCH)
    padding = _padding(model)

    def encode_batch(batch: Sequence[int]) -> list[Any]:
        here: Any = [texts[k] for k in batch]
        options_here = {"prompt": prompt, "batch_size": len(here), "show_progress_bar": False, **padding, **options}
        return list(model.encode(here, **options_here))

    if on_processor and len(batches) > 1:
        # The first call sets the tokenizer up, which no thread may do while another one uses it ("Already borrowed").
        model.preprocess(list(texts[:1]), prompt=prompt, **padding)
        with _lanes(len(batches)) as lanes:
            results = list(lanes.map(encode_batch, batches))
    else:
        results = [encode_batch(batch) for batch in batches]
    found = dict(zip(chain.from_iterable(batches), chain.from_iterable(results), strict=True))
    return [found[k] for k in range(len(texts))]


def _of_like_length(model: SentenceTransformer, texts: Sequence[str], size: int) -> list[Sequence[int]]:
    """The places of texts in batches, the longest first, so that the last to be ended is short."""
    order: Sequence[int] = range(len(texts))
    if len(texts) > size:
        lengths = _lengths(model, texts)
        order = sorted(order, key=lambda k: -lengths[k])
    return [order[k : k + size] for k in range(0, len(order), size)]


def _lengths(model: SentenceTransformer, texts: Sequence[str]) -> list[int]:
    """How long texts are to the model: their tokens, or characters where its tokenizer isn't a quick one.

    In batches by characters a sixth of what the model reads of lectures in two languages is padding, by tokens half
    as much.
    """
    tokenizer = getattr(model, "tokenizer", None)
    if tokenizer is None or not getattr(tokenizer, "is_fast", False):
        return [len(text) for text in texts]
    return [len(tokens) for tokens in tokenizer(list(texts), truncation=True)["input_ids"]]


def _padding(model: SentenceTransformer) -> dict[str, Any]:
    """How texts are padded; as ever where the longest would go beyond what the model has positions for."""
    longest = model.get_max_seq_length() if hasattr(model[0], "processing_kwargs") else None
    if model.device.type != "cpu" or longest is None or longest % _TOKENS:
        return {}
    return {"processing_kwargs": {"text": {"pad_to_multiple_of": _TOKENS}}}


@contextmanager
def _lanes(batches: int) -> Iterator[Executor]:
    """Threads that share the cores that PyTorch may use."""
    import torch

    cores = torch.get_num_threads()
    count = min(cores, batches, _MOST_LANES)
    try:
        with ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(cores // count,)) as lanes:
            yield lanes
    finally:
        torch.set_num_threads(cores)  # a thread that is begun later takes the number that was set last, wherever
