"""Measuring the scale of another model's cosines, on passages of the library."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from seekpoint.index.errors import ModelError
from seekpoint.index.models.centring import SCALE_SETTING, cosine_scale, scale_from_setting, to_setting
from seekpoint.index.models.encoder import BUNDLED, STAND_IN, LazyEncoder, load_encoder
from seekpoint.index.store import Writer
from seekpoint.index.text.language_tags import primary
from seekpoint.index.text.scripts import in_one_script
from seekpoint.index.types import State
from seekpoint.indexer.transcript.chunking import chunk

# With 128 passages there are 80 pairs or more above the quantile. Fewer than 24 say nothing.
_PASSAGES, _LEAST = 128, 24
# At least so many of a resource.
_A_RESOURCE = 4
# It is measured again when the library has so many times the chunks.
_GROWTH = 4


def calibrate(writer: Writer, encoder: LazyEncoder) -> None:
    """Store the scale of the library's model; for the bundled one, and without that, there is nothing to do."""
    if writer.card.name in (BUNDLED, STAND_IN):
        return
    chunks = writer.amounts().chunks
    known = scale_from_setting(writer.setting(SCALE_SETTING), writer.card)
    if known and chunks < _GROWTH * max(known[1], _PASSAGES):
        return
    languages, texts = zip(*islice(_passages(writer), _PASSAGES), strict=True) if chunks >= _LEAST else ((), ())
    if len(texts) - len(set(languages)) < _LEAST:  # a language's only passage has no other to compare with
        return
    try:
        reference = load_encoder(BUNDLED).passages(texts)
    except ModelError:
        return
    scale = cosine_scale(encoder.get().passages(texts), reference, languages)
    writer.put_setting(SCALE_SETTING, to_setting(scale, writer.card, chunks))


def _passages(writer: Writer) -> Iterator[tuple[str, str]]:
    """Passages with their languages, a few of each resource, from resources all over the lists."""
    indexed = [status.resource.id for status in writer.statuses() if status.state is State.INDEXED]
    each = max(_A_RESOURCE, -(-_PASSAGES // max(len(indexed), 1)))
    for resource_id in indexed[:: max(len(indexed) * each // _PASSAGES, 1)]:
        for transcript in writer.transcripts(resource_id)[:1]:
            passages = chunk(transcript.cues)
            for passage in passages[:: max(len(passages) // each, 1)][:each]:
                yield primary(transcript.language), in_one_script(passage.text)
