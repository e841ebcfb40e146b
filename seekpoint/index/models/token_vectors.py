"""Embedding passages and their parts in one pass of a sentence-transformers model, from its token vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any

from seekpoint.index.types import Parts

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor


# Texts of different length, script and case, to find out whether a model does more than averaging its token vectors.
_SAMPLES = ("Why the MASK hides what comes later", "為什麼需要掩码？ positions, さて")
# In bfloat16 a mean is exact to three digits.
_LEAST_COSINE = 0.999


class TokenPass:
    """A model with its prompt for passages, and access to its token vectors."""

    def __init__(self, model: SentenceTransformer, prompt: str) -> None:
        self._model = model
        self._prompt = prompt
        self._layers = _linear_layers(model)

    def gives_parts(self) -> bool:
        """Whether a vector is the mean of token vectors, also through linear layers, and tokens have offsets."""
        if not getattr(self._model.tokenizer, "is_fast", False):
            return False
        outputs, encoded = self._encode(_SAMPLES), self._tokenize(_SAMPLES)
        pairs = zip(outputs, encoded["input_ids"], strict=True)
        return all(self._is_mean(output, ids) for output, ids in pairs)

    def parts(self, texts: Sequence[str], ends: Sequence[Sequence[int]]) -> Parts:
        """The vectors of texts, and the sums of the token vectors of their parts; `ends` as for `Encoder.parts`."""
        import torch

        if not texts:
            return Parts(torch.empty(0, self._model.get_embedding_dimension() or 0).numpy(), [], [])
        outputs = self._encode(texts)
        whole = torch.stack([output["sentence_embedding"] for output in outputs]).float()
        sums, tokens = [], []
        offsets = self._tokenize(texts)["offset_mapping"]
        for output, spans, stops in zip(outputs, offsets, ends, strict=True):
            part_sums, counts = _part_sums(
                _token_vectors(output), torch.tensor(spans) - len(self._prompt), torch.tensor(stops)
            )
            sums.append(self._through_layers(part_sums, counts).numpy())
            tokens.append(counts.int().tolist())
        return Parts(torch.nn.functional.normalize(whole, dim=1).cpu().numpy(), sums, tokens)

    def _encode(self, texts: Sequence[str]) -> list[dict[str, Tensor]]:
        return encode(self._model, texts, self._prompt, output_value=None)

    def _tokenize(self, texts: Sequence[str]) -> Any:  # noqa: ANN401 - the tokenizer's own kind of mapping
        return self._model.tokenizer(
            [self._prompt + text for text in texts], truncation=True, return_offsets_mapping=True
        )

    def _is_mean(self, output: dict[str, Tensor], ids: list[int]) -> bool:
        import torch

        if "token_embeddings" not in output or output["token_embeddings"].shape[:1] != output["attention_mask"].shape:
            return False
        vectors, whole = _token_vectors(output), output["sentence_embedding"].float().cpu()
        # The length of a token vector that fits the layers, or without layers the whole's.
        width = self._layers[0].shape[1] if self._layers else len(whole)
        if vectors.shape != (len(ids), width):
            return False
        mean = self._through_layers(vectors, torch.ones(len(vectors))).mean(dim=0)
        return float(torch.nn.functional.cosine_similarity(mean, whole, dim=0)) > _LEAST_COSINE

    def _through_layers(self, sums: Tensor, counts: Tensor) -> Tensor:
        """Sums of token vectors after the layers; a layer adds its bias once for each token."""
        if not self._layers:
            return sums
        matrix, bias = self._layers
        return sums @ matrix.T + counts[:, None] * bias


def _linear_layers(model: SentenceTransformer) -> tuple[Tensor, Tensor] | None:
    """The linear layers behind the model's pooling as one, `matrix @ x + bias`; `None` without any."""
    import torch
    from sentence_transformers.sentence_transformer.modules import Dense

    whole: tuple[Tensor, Tensor] | None = None
    for module in model:
        if isinstance(module, Dense) and isinstance(module.activation_function, torch.nn.Identity):
            matrix = module.linear.weight.detach().float().cpu()
            bias = torch.zeros(len(matrix)) if module.linear.bias is None else module.linear.bias.detach().float().cpu()
            whole = (matrix @ whole[0], matrix @ whole[1] + bias) if whole else (matrix, bias)
    return whole


def _token_vectors(output: dict[str, Tensor]) -> Tensor:
    vectors = output["token_embeddings"][output["attention_mask"].bool()]
    return vectors.float().cpu()


def _part_sums(vectors: Tensor, spans: Tensor, stops: Tensor) -> tuple[Tensor, Tensor]:
    """The sum of each part's token vectors, and their number. A token that spans two parts belongs to the later one."""
    import torch

    begins = torch.cat([torch.zeros(1, dtype=stops.dtype), stops[:-1] + 1])
    part = torch.searchsorted(stops, spans[:, 1].contiguous()).clamp(max=len(stops) - 1)
    belongs = (spans[:, 1] > begins[part]) & (spans[:, 1] > spans[:, 0])
    part_sums = torch.zeros(len(stops), vectors.shape[1]).index_add_(0, part[belongs], vectors[belongs])
    return part_sums, torch.bincount(part[belongs], minlength=len(stops))


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
    # Texts are padded to a multiple of _TOKENS on a CPU, unless that could exceed the model's positions.
    longest = model.get_max_seq_length() if hasattr(model[0], "processing_kwargs") else None
    padding: dict[str, Any] = {}
    if on_cpu and longest is not None and longest % _TOKENS == 0:
        padding = {"processing_kwargs": {"text": {"pad_to_multiple_of": _TOKENS}}}

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
    """The indices of the texts in batches of similar length, the longest first, so that the last batch is short.

    Lengths are in tokens, or in characters if the model's tokenizer is slow: on lectures in two languages a sixth of
    the model's input is padding if batches are made by characters, and half as much by tokens.
    """
    order: Sequence[int] = range(len(texts))
    if len(texts) > size:
        tokenizer = getattr(model, "tokenizer", None)
        is_fast = getattr(tokenizer, "is_fast", False)
        measured = tokenizer(list(texts), truncation=True)["input_ids"] if tokenizer and is_fast else texts
        order = sorted(order, key=lambda k: -len(measured[k]))
    return [order[k : k + size] for k in range(0, len(order), size)]


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
