"""Embedding passages and their parts in one pass of a sentence-transformers model, from its token vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from seekpoint.index.models.batching import encode
from seekpoint.index.types import Parts

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

    from seekpoint.index.types import Vectors

# Texts of different length, script and case, to find out whether a model does more than averaging its token vectors.
_SAMPLES = ("Why the MASK hides what comes later", "為什麼需要掩码？ positions, さて")
# In bfloat16 a mean is exact to three digits.
_LEAST_COSINE = 0.999


class TokenPass(NamedTuple):
    """A model with its prompt for passages, and access to its token vectors."""

    model: SentenceTransformer
    prompt: str

    def gives_parts(self) -> bool:
        """Whether the model's vectors are the means of its token vectors, and its tokenizer gives their offsets."""
        if not getattr(self.model.tokenizer, "is_fast", False):
            return False
        outputs, encoded = self._encode(_SAMPLES), self._tokenize(_SAMPLES)
        return all(_is_mean(output, ids) for output, ids in zip(outputs, encoded["input_ids"], strict=True))

    def parts(self, texts: Sequence[str], ends: Sequence[Sequence[int]]) -> Parts:
        """The vectors of texts, and the sums of the token vectors of their parts; `ends` as for `Encoder.parts`."""
        import torch

        if not texts:
            return Parts(torch.empty(0, self.model.get_embedding_dimension() or 0).numpy(), [], [])
        outputs = self._encode(texts)
        whole = torch.stack([output["sentence_embedding"] for output in outputs]).float()
        sums, tokens = [], []
        offsets = self._tokenize(texts)["offset_mapping"]
        for output, spans, stops in zip(outputs, offsets, ends, strict=True):
            part_sums, counts = _part_sums(
                _token_vectors(output), torch.tensor(spans) - len(self.prompt), torch.tensor(stops)
            )
            sums.append(part_sums)
            tokens.append(counts)
        return Parts(torch.nn.functional.normalize(whole, dim=1).cpu().numpy(), sums, tokens)

    def _encode(self, texts: Sequence[str]) -> list[dict[str, Tensor]]:
        return encode(self.model, texts, self.prompt, output_value=None)

    def _tokenize(self, texts: Sequence[str]) -> Any:  # noqa: ANN401 - the tokenizer's own kind of mapping
        return self.model.tokenizer(
            [self.prompt + text for text in texts], truncation=True, return_offsets_mapping=True
        )


def _token_vectors(output: dict[str, Tensor]) -> Tensor:
    vectors = output["token_embeddings"][output["attention_mask"].bool()]
    return vectors.float().cpu()


def _is_mean(output: dict[str, Tensor], ids: list[int]) -> bool:
    import torch

    if "token_embeddings" not in output or output["token_embeddings"].shape[:1] != output["attention_mask"].shape:
        return False
    vectors, whole = _token_vectors(output), output["sentence_embedding"].float().cpu()
    if len(vectors) != len(ids) or vectors.shape[1:] != whole.shape:
        return False
    return float(torch.nn.functional.cosine_similarity(vectors.mean(dim=0), whole, dim=0)) > _LEAST_COSINE


def _part_sums(vectors: Tensor, spans: Tensor, stops: Tensor) -> tuple[Vectors, list[int]]:
    """The sum of each part's token vectors, and their number. A token that spans two parts belongs to the later one."""
    import torch

    begins = torch.cat([torch.zeros(1, dtype=stops.dtype), stops[:-1] + 1])
    part = torch.searchsorted(stops, spans[:, 1].contiguous()).clamp(max=len(stops) - 1)
    belongs = (spans[:, 1] > begins[part]) & (spans[:, 1] > spans[:, 0])
    part_sums = torch.zeros(len(stops), vectors.shape[1]).index_add_(0, part[belongs], vectors[belongs])
    return part_sums.numpy(), torch.bincount(part[belongs], minlength=len(stops)).tolist()
