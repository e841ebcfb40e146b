"""Settings of a library's model that a build measures: the scale of its cosines, and an engine for questions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import islice

from seekpoint.index.errors import ModelError
from seekpoint.index.models.centring import cosine_scale
from seekpoint.index.models.encoder import BUNDLED, STAND_IN, LazyEncoder, SentenceEncoder, load_encoder
from seekpoint.index.models.question_engine import OnnxQuestions, model_folder, name_in, onnx_files, version_of
from seekpoint.index.settings import CosineScale, QuestionEngine
from seekpoint.index.store import Writer
from seekpoint.index.text.languages import in_one_script, primary
from seekpoint.index.types import State
from seekpoint.indexer.transcript.cues import chunk

# With 128 passages there are 80 pairs or more above the quantile. Fewer than 24 say nothing.
_PASSAGES, _LEAST = 128, 24
# The fewest passages of a resource.
_A_RESOURCE = 4
# The growth of the number of chunks after which the scale is measured again.
_GROWTH = 4


def calibrate(writer: Writer, encoder: LazyEncoder) -> None:
    """Store the scale of the library's model; for the bundled one, and without that, there is nothing to do."""
    if writer.card.name in (BUNDLED, STAND_IN):
        return
    chunks = writer.amounts().chunks
    known = writer.settings.scale_of(writer.card)
    if known and chunks < _GROWTH * max(known.chunks, _PASSAGES):
        return
    languages, texts = zip(*islice(_passages(writer), _PASSAGES), strict=True) if chunks >= _LEAST else ((), ())
    if len(texts) - len(set(languages)) < _LEAST:  # a language's only passage has no other to compare with
        return
    try:
        reference = load_encoder(BUNDLED).passages(texts)
    except ModelError:
        return
    scale = cosine_scale(encoder.get().passages(texts), reference, languages)
    writer.put_settings(cosine_scale=CosineScale(writer.card.fingerprint, scale, chunks))


def _passages(writer: Writer) -> Iterator[tuple[str, str]]:
    """Passages with their languages, a few of each resource, from resources all over the lists."""
    indexed = [status.resource.id for status in writer.statuses() if status.state is State.INDEXED]
    each = max(_A_RESOURCE, -(-_PASSAGES // max(len(indexed), 1)))
    for resource_id in indexed[:: max(len(indexed) * each // _PASSAGES, 1)]:
        for transcript in writer.transcripts(resource_id)[:1]:
            passages = chunk(transcript.cues)
            for passage in passages[:: max(len(passages) // each, 1)][:each]:
                yield primary(transcript.language), in_one_script(passage.text)


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
    """Store the ONNX file by which questions are embedded without PyTorch: the smallest that agrees with the model.

    The files of the library's model are measured once, and again when they change.
    """
    folder = None if writer.card.name == BUNDLED else model_folder(writer.card.name)
    files = onnx_files(folder) if folder else []
    if not folder or not files:
        writer.put_settings(question_engine=None)
        return
    known = writer.settings.engine_of(writer.card)
    versions = {name_in(folder, file): version_of(folder, file) for file in files}
    # Without a file that agrees, the version is of all.
    versions[""] = hashlib.sha256("".join(versions.values()).encode()).hexdigest()
    if (known and known.version == versions.get(known.file)) or not find_spec("onnxruntime"):
        return
    model = encoder.get()
    if not isinstance(model, SentenceEncoder):
        return
    fingerprint, prompt, longest = model.card.fingerprint, model.question_prompt or "", model.longest
    chosen = QuestionEngine(fingerprint, versions[""])
    expected = [model.question(question) for question in _QUESTIONS]
    for file in files:
        try:
            engine = OnnxQuestions(folder, file, prompt, longest)
            vectors = [engine.question(question) for question in _QUESTIONS]
            cosines = [float(vector @ own) for vector, own in zip(vectors, expected, strict=True)]
        except Exception:  # onnxruntime and tokenizers raise exceptions of their own
            continue
        if min(cosines) >= _LEAST_COSINE:
            name = name_in(folder, file)
            chosen = QuestionEngine(fingerprint, versions[name], name, prompt, longest)
            break
    writer.put_settings(question_engine=chosen)
