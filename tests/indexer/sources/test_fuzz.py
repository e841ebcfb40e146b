"""Any bytes give an error of our own, or ordered cues with finite times."""

import json
from itertools import pairwise
from math import isfinite

from hypothesis import example, given
from hypothesis import strategies as st

from seekpoint.index.errors import SourceError
from seekpoint.indexer.sources.captions import parse_captions
from tests import fuzzing
from tests.fuzzing import SIGNS, json_texts, mutated
from tests.indexer.formats import FORMATS

fuzz = fuzzing.fuzz(60)


def check_captions(data: bytes) -> None:
    try:
        cues = parse_captions(data, "captions").cues
    except SourceError as error:
        assert "\n" not in str(error)
        return
    assert cues
    assert all(0 <= cue.start <= cue.end and isfinite(cue.end) and cue.text.strip() for cue in cues)
    assert all(cue.start <= later.start for cue, later in pairwise(cues))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
segments = st.lists(st.fixed_dictionaries({}, optional={"utf8": values, "tOffsetMs": values, "start": values}))
keys = ("start", "end", "duration", "text", "tStartMs", "dDurationMs", "segs", "words")
records = st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(keys, values | segments)) | values, max_size=4)
documents = st.dictionaries(st.sampled_from(["segments", "events", "language"]), records | values)


@given(
    st.binary()
    | st.text(alphabet=SIGNS).map(str.encode)
    | fuzzing.encoded(mutated(st.sampled_from(list(FORMATS.values()))))
)
@fuzz
def test_any_bytes_and_damaged_captions(data: bytes) -> None:
    check_captions(data)


@given(json_texts("events", "segments", "segs", "utf8", "start", *keys) | (records | documents).map(json.dumps))
@fuzz
def test_json_of_any_shape(text: str) -> None:
    check_captions(text.encode())


times = st.from_regex(
    r"-?[0-9]{0,3}(:[0-9]{1,2}){0,3}(\.[0-9]{1,3})?(h|m|s|ms|f|t)?", fullmatch=True
) | st.sampled_from(["9" * 400, "1e999", "nan", "inf", "٣s", ""])


@given(times, times, times, st.sampled_from(["p", "span", "div"]))
@example("1s", "nan", "1e999", "p")
@fuzz
def test_times_of_any_shape(start: str, end: str, rate: str, tag: str) -> None:
    parameters = 'xmlns="http://www.w3.org/ns/ttml" xmlns:p="http://www.w3.org/ns/ttml#parameter"'
    timed = f'begin="{start}" end="{end}" dur="{end}"'
    inside = f'<{tag} {timed}><p begin="{end}">a</p>b<span begin="{start}">c</span></{tag}>'
    for text in (
        f'<tt {parameters} p:frameRate="{rate}" p:tickRate="{rate}"><body begin="{end}">{inside}</body></tt>',
        f'<transcript><text start="{start}" dur="{end}">a</text><text start="{end}" dur="{rate}">b</text></transcript>',
        f'<timedtext><body><p t="{start}" d="{end}"><s t="{rate}">a</s></p><p t="{rate}">b</p></body></timedtext>',
        f"WEBVTT\n\n{start} --> {end}\n<{rate}>a\n\n00:01.000 --> {rate}\nb\n",
        f"{start},{end}\na\n\n{end},{rate}\nb\n",
    ):
        check_captions(text.encode())
