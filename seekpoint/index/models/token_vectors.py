"""Passages embedded whole and by their parts, in one pass of a sentence-transformers model over their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from seekpoint.index.models.batching import encode
from seekpoint.index.types import Parts

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

    from seekpoint.index.types import Vectors

# Two lengths, scripts and cases: what a model does beside the mean of its tokens shows in one of them.
_SAMPLES = ("Why the MASK hides what comes later", "為什麼需要掩码？ positions, さて")
# In bfloat16 a mean is true to three digits.
_LEAST_COSINE = 0.999


class TokenPass(NamedTuple):
    """How a model embeds passages."""

    model: SentenceTransformer
    prompt: str

    def gives_parts(self) -> bool:
        """Whether the model's vectors are the means of its tokens' vectors, and it tells where these stand."""
        if not getattr(self.model.tokenizer, "is_fast", False):
            return False
        outputs, encoded = self._encode(_SAMPLES), self._tokenize(_SAMPLES)
        return all(_is_mean(output, ids) for output, ids in zip(outputs, encoded["input_ids"], strict=True))

    def parts(self, texts: Sequence[str], ends: Sequence[Sequence[int]]) -> Parts:
        """The texts' vectors, and what each of their parts adds to them; `ends` as for `Encoder.parts`."""
        import torch

        if not texts:
            return Parts(torch.empty(0, self.model.get_embedding_dimension() or 0).numpy(), [], [])
        outputs = self._encode(texts)
        whole = torch.stack([output["sentence_embedding"] for output in outputs]).float()
        sums, tokens = [], []
        offsets = self._tokenize(texts)["offset_mapping"]
        for output, spans, stops in zip(outputs, offsets, ends, strict=True):
            added, counts = _added(_of_tokens(output), torch.tensor(spans) - len(self.prompt), torch.tensor(stops))
            sums.append(added)
            tokens.append(counts)
        return Parts(torch.nn.functional.normalize(whole, dim=1).cpu().numpy(), sums, tokens)

    def _encode(self, texts: Sequence[str]) -> list[dict[str, Tensor]]:
        return encode(self.model, texts, self.prompt, output_value=None)

    def _tokenize(self, texts: Sequence[str]) -> Any:  # noqa: ANN401 - the tokenizer's own kind of mapping
        return self.model.tokenizer(
            [self.prompt + text for text in texts], truncation=True, return_offsets_mapping=True
        )


def _of_tokens(output: dict[str, Tensor]) -> Tensor:
    vectors = output["token_embeddings"][output["attention_mask"].bool()]
    return vectors.float().cpu()


def _is_mean(output: dict[str, Tensor], ids: list[int]) -> bool:
    import torch

    if "token_embeddings" not in output or output["token_embeddings"].shape[:1] != output["attention_mask"].shape:
        return False
    vectors, whole = _of_tokens(output), output["sentence_embedding"].float().cpu()
    if len(vectors) != len(ids) or vectors.shape[1:] != whole.shape:
        return False
    return float(torch.nn.functional.cosine_similarity(vectors.mean(dim=0), whole, dim=0)) > _LEAST_COSINE


def _added(vectors: Tensor, spans: Tensor, stops: Tensor) -> tuple[Vectors, list[int]]:
    """The sum of each part's vectors, and how many they are. A token that spans two parts belongs to the later one."""
    import torch

    begins = torch.cat([torch.zeros(1, dtype=stops.dtype), stops[:-1] + 1])
    part = torch.searchsorted(stops, spans[:, 1].contiguous()).clamp(max=len(stops) - 1)
    belongs = (spans[:, 1] > begins[part]) & (spans[:, 1] > spans[:, 0])
    added = torch.zeros(len(stops), vectors.shape[1]).index_add_(0, part[belongs], vectors[belongs])
    return added.numpy(), torch.bincount(part[belongs], minlength=len(stops)).tolist()
