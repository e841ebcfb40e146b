"""Which engine embeds a library's questions: onnxruntime where a build found that its vectors are the model's own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seekpoint.files import sampled_hash
from seekpoint.index.types import LONGEST_EMBEDDED, Encoder, ModelCard, Parts, Vectors

if TYPE_CHECKING:
    from seekpoint.index.settings import QuestionEngine

    Layer = Callable[[Vectors], Vectors]


# The files beside the ONNX file on which a question's vector depends.
_CONFIGURATION = ("tokenizer.json", "modules.json", "*Pooling/config.json", "*Dense/*")


def open_engine(stored: QuestionEngine, card: ModelCard) -> OnnxQuestions | None:
    """The stored engine of a library's model, unless it is missing or its files aren't those that a build measured."""
    folder = model_folder(card.name)
    if stored.model != card.fingerprint or not stored.file or not folder:
        return None
    try:
        file = next(file for file in onnx_files(folder) if name_in(folder, file) == stored.file)
        if version_of(folder, file) == stored.version:
            return OnnxQuestions(folder, file, stored.prompt, stored.longest)
    except Exception:  # onnxruntime and tokenizers raise exceptions of their own; PyTorch embeds the question then
        pass
    return None


def model_folder(name: str) -> Path | None:
    """The folder of a model: itself, or in the hub's cache."""
    if (folder := Path(name)).is_dir():
        return folder
    from huggingface_hub import try_to_load_from_cache

    try:
        cached = try_to_load_from_cache(name, "modules.json")
    except ValueError:  # not a name that the hub could have
        return None
    return Path(cached).parent if isinstance(cached, str) else None


def name_in(folder: Path, file: Path) -> str:
    """The name by which the engine stores an ONNX file."""
    return file.relative_to(folder).as_posix()


def version_of(folder: Path, file: Path) -> str:
    """Identifies an ONNX file and the model's configuration, by samples of their contents."""
    configuration = sorted(path for pattern in _CONFIGURATION for path in folder.glob(pattern) if path.is_file())
    digest = hashlib.sha256()
    for path in (*files_beside(file), *configuration):
        digest.update(f"{name_in(folder, path)} {sampled_hash(path)}".encode())
    return digest.hexdigest()


class OnnxEncoder:
    """A library's model whose questions onnxruntime embeds; passages take the model itself, which is loaded then."""

    def __init__(self, card: ModelCard, engine: OnnxQuestions, load: Callable[[], Encoder]) -> None:
        self.card = card
        self.question = engine.question
        self._load = load

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._load().passages(texts)

    def parts(self, texts: Sequence[str], ends: Sequence[Sequence[int]]) -> Parts | None:
        return self._load().parts(texts, ends)


_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
# Names of the output with a vector for each token; else it is the first output.
_TOKEN_VECTORS = ("last_hidden_state", "token_embeddings")
_POOLING: dict[str, Layer] = {
    "cls": lambda vectors: vectors[0],
    "lasttoken": lambda vectors: vectors[-1],
    "mean": lambda vectors: vectors.mean(axis=0),
    "max": lambda vectors: vectors.max(axis=0),
}
# The names of these in folders that older versions saved.
_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_lasttoken": "lasttoken",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
}
_ACTIVATIONS: dict[str, Layer] = {"Identity": lambda vector: vector, "Tanh": np.tanh}
_ERRORS_ONLY = 3


def onnx_files(folder: Path) -> list[Path]:
    """The ONNX files of a model, the smallest first, with the data beside them."""
    sizes = {
        file: sum(part.stat().st_size for part in files_beside(file))
        for file in (*folder.glob("onnx/*.onnx"), *folder.glob("*.onnx"))
    }
    return sorted(sizes, key=lambda file: (sizes[file], file.name))


def files_beside(file: Path) -> list[Path]:
    """An ONNX file and the files that it keeps large weights in."""
    return [file, *sorted(file.parent.glob(f"{file.name}[_.]data*"))]


class OnnxQuestions:
    """A model's ONNX file with its tokenizer, pooling and layers.

    `prompt` is put before a question, and `longest` is the most tokens that the model reads. Raises ImportError without
    onnxruntime, and whatever the file formats raise where the model is of another kind.
    """

    def __init__(self, folder: Path, file: Path, prompt: str, longest: int | None) -> None:
        from onnxruntime import InferenceSession, SessionOptions
        from tokenizers import Tokenizer

        self._prompt = prompt
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(min(longest or LONGEST_EMBEDDED, LONGEST_EMBEDDED))
        self._pooling, self._layers = _modules(folder)
        options = SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self._inputs = {given.name for given in self._session.get_inputs()}
        if not self._inputs <= _INPUTS:
            raise ValueError(f"the model asks for {sorted(self._inputs - _INPUTS)}")
        outputs = [given.name for given in self._session.get_outputs()]
        self._output = next((name for name in _TOKEN_VECTORS if name in outputs), outputs[0])

    def question(self, text: str) -> Vectors:
        """Embed a question: a float32 unit vector."""
        encoded = self._tokenizer.encode(self._prompt + text)
        given = {
            "input_ids": encoded.ids,
            "attention_mask": encoded.attention_mask,
            "token_type_ids": encoded.type_ids,
        }
        tokens = {name: np.array([given[name]], np.int64) for name in self._inputs}
        (output,) = self._session.run([self._output], tokens)
        (vectors,) = output.astype(np.float32)
        vector = self._pooling(vectors)
        for layer in self._layers:
            vector = layer(vector)
        unit: Vectors = (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float32)
        return unit


def _modules(folder: Path) -> tuple[Layer, Sequence[Layer]]:
    """The pooling of a folder's modules.json, and the layers behind it; raises ValueError for other modules."""
    pooling, layers = _POOLING["mean"], []
    first, *others = _json(folder / "modules.json")
    kinds = [module["type"].rsplit(".", 1)[-1] for module in (first, *others)]
    if kinds[:2] != ["Transformer", "Pooling"]:
        raise ValueError(f"the model begins with {kinds[:2]}")
    for kind, module in zip(kinds[1:], others, strict=True):
        if kind == "Pooling":
            pooling = _pooling(_json(folder / module["path"] / "config.json"))
        elif kind == "Dense":
            layers.append(_dense(folder / module["path"]))
        elif kind != "Normalize":
            raise ValueError(f"the model has a module {kind}")
    return pooling, layers


def _pooling(config: dict[str, Any]) -> Layer:
    mode = config.get("pooling_mode") or [name for flag, name in _FLAGS.items() if config.get(flag)]
    names = [mode] if isinstance(mode, str) else mode
    if len(names) != 1 or names[0] not in _POOLING or not config.get("include_prompt", True):
        raise ValueError(f"the model pools by {names}")
    return _POOLING[names[0]]


def _dense(folder: Path) -> Layer:
    from safetensors.numpy import load_file

    weights = load_file(folder / "model.safetensors")
    matrix, bias = weights["linear.weight"], weights.get("linear.bias", np.float32(0))
    activation = _ACTIVATIONS[_json(folder / "config.json")["activation_function"].rsplit(".", 1)[-1]]
    return lambda vector: activation(matrix @ vector + bias)


def _json(path: Path) -> Any:  # noqa: ANN401 - JSON
    return json.loads(path.read_text(encoding="utf-8"))
