"""Finding an ONNX file of another model that embeds questions as the model itself does."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from seekpoint.index.models.encoder import BUNDLED, LazyEncoder, SentenceEncoder
from seekpoint.index.models.question_engine import (
    OnnxQuestions,
    QuestionEngine,
    from_setting,
    model_folder,
    name_in,
    onnx_files,
    version_of,
)
from seekpoint.index.store import QUESTION_ENGINE, Writer

# The least cosine of the two engines' vectors of a question, as between the two engines of the bundled model.
_LEAST_COSINE = 0.99
_QUESTIONS = (
    "Why do we scale the dot product?",
    "why is the learning rate warmed up at first, and what happens WITHOUT it",
    "为什么点积要除以维度的平方根？",
    "掩码遮住了什么",
    "что делает маска в 2 слоях?",
    "what the mask hides, 掩码遮住的内容 " * 60,
)


def find_question_engine(writer: Writer, encoder: LazyEncoder) -> None:
    """Store the ONNX file by which questions are embedded without PyTorch, if the library's model has one.

    The files are measured once, and again when they change.
    """
    folder = None if writer.card.name == BUNDLED else model_folder(writer.card.name)
    files = onnx_files(folder) if folder else []
    if not folder or not files:
        writer.put_setting(QUESTION_ENGINE, None)
        return
    known = from_setting(writer.setting(QUESTION_ENGINE), writer.card)
    if (known and known.version in _versions(folder, files, known)) or not find_spec("onnxruntime"):
        return
    if isinstance(model := encoder.get(), SentenceEncoder):
        writer.put_setting(QUESTION_ENGINE, _measured(folder, files, model).to_setting())


def _versions(folder: Path, files: list[Path], known: QuestionEngine) -> list[str]:
    """The version that the files have now: of the file in use, or of all if none could be used."""
    if known.file:
        return [version_of(folder, file) for file in files if name_in(folder, file) == known.file]
    return [_version_of_all(folder, files)]


def _version_of_all(folder: Path, files: list[Path]) -> str:
    return hashlib.sha256("".join(version_of(folder, file) for file in files).encode()).hexdigest()


def _measured(folder: Path, files: list[Path], model: SentenceEncoder) -> QuestionEngine:
    """The smallest file that agrees with the model on all questions."""
    fingerprint, prompt, longest = model.card.fingerprint, model.question_prompt or "", model.longest
    expected = [model.question(question) for question in _QUESTIONS]
    for file in files:
        try:
            engine = OnnxQuestions(folder, file, prompt, longest)
            found = [engine.question(question) for question in _QUESTIONS]
            cosines = [float(one @ other) for one, other in zip(found, expected, strict=True)]
        except Exception:  # onnxruntime and tokenizers raise exceptions of their own
            continue
        if min(cosines) >= _LEAST_COSINE:
            version = version_of(folder, file)
            return QuestionEngine(fingerprint, version, name_in(folder, file), prompt, longest)
    return QuestionEngine(fingerprint, _version_of_all(folder, files))
