"""Which engine embeds a library's questions: onnxruntime where a build found that its vectors are the model's own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from seekpoint.files import parsed_json
from seekpoint.index.models.file_hash import sampled_hash
from seekpoint.index.models.onnx_questions import OnnxQuestions, files_beside, onnx_files

if TYPE_CHECKING:
    from seekpoint.index.types import Encoder, ModelCard, Parts, Vectors

# What a question's vector depends on beside the ONNX file.
_CONFIGURATION = ("tokenizer.json", "modules.json", "*Pooling/config.json", "*Dense/*")


class QuestionEngine(NamedTuple):
    """What a build found: the ONNX `file` that agrees with the model, by its name in the folder; empty if none does.

    `version` identifies the files that were looked at, or with a `file` those that are used. `prompt` and `longest` are
    as for OnnxQuestions.
    """

    model: str
    version: str
    file: str = ""
    prompt: str = ""
    longest: int | None = None

    def to_setting(self) -> str:
        """The text of the setting."""
        return json.dumps(self._asdict(), ensure_ascii=False)


def from_setting(text: str | None, card: ModelCard) -> QuestionEngine | None:
    """The stored engine of a model; `None` if it is another model's or ill-formed."""
    try:
        stored = QuestionEngine(**parsed_json(text or "{}"))
        is_valid = (
            stored.model == card.fingerprint
            and all(isinstance(field, str) for field in stored[:4])
            and isinstance(stored.longest, int | None)
        )
        return stored if is_valid else None
    except (ValueError, TypeError):
        return None


def open_engine(text: str | None, card: ModelCard) -> OnnxQuestions | None:
    """The stored engine of a library's model, unless it is missing or its files aren't those that a build measured."""
    stored, folder = from_setting(text, card), model_folder(card.name)
    if not stored or not stored.file or not folder:
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
        found = try_to_load_from_cache(name, "modules.json")
    except ValueError:  # not a name that the hub could have
        return None
    return Path(found).parent if isinstance(found, str) else None


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
