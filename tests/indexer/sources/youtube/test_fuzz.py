"""Whatever YouTube answers: details that can be shown, a playlist, or a reason in one line."""

from __future__ import annotations

from math import isfinite

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from seekpoint.index.errors import Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.types import Kind, State
from seekpoint.indexer.reading_list.addresses import resource_of
from seekpoint.indexer.sources.metadata import stated_details
from seekpoint.indexer.sources.youtube.youtube import (
    YouTubePlaylists,
    YouTubeTranscripts,
    caption_addresses,
    details_of,
    is_new,
    parse_json,
)
from seekpoint.indexer.sources.youtube.ytdlp_videos import CaptionDownloader
from tests import fuzzing
from tests.fake_youtube import YOUTUBE, FakeYouTube, watch_page
from tests.fuzzing import is_line, json_texts, mutated

PLAYER = (
    *("videoDetails", "title", "author", "lengthSeconds", "shortDescription", "isLive", "captions", "baseUrl"),
    *("playerCaptionsTracklistRenderer", "captionTracks", "playabilityStatus", "status", "reason", "languageCode"),
)
PAGE = ("chapterRenderer", "timeRangeStartMillis", "title", "simpleText", "macroMarkersListItemRenderer")
VIDEO = "aaaaaaaaaaa"
WHOLE = watch_page("2024-05-06", [(0, "Start"), (60.5, "掩码"), (120, "End")])
# Characters. At the limit of recursion also what Python cleans up meanwhile fails, which pytest reports.
_DEEPEST = 900
PLAYERS = json_texts(*PLAYER) | json_texts(*PLAYER[:7]).map(lambda text: f'{{"videoDetails":{text}}}')
PAGES = mutated(st.just(WHOLE)) | json_texts(*PAGE).map(lambda text: f"<script>var ytInitialData = {text};</script>")
EMPTY = '{"playabilityStatus": {"status": "OK"}, "videoDetails": {"videoId": "aaaaaaaaaaa"}, "captions": []}'
CAPTIONS = st.text(alphabet=fuzzing.SIGNS, max_size=40)
ids = st.sampled_from([VIDEO, "PLother", "", "x\n\u202e\x1b[31m", "\ud800"]) | fuzzing.texts
named = settings(fuzzing.fuzz(20), suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


@given(PAGES, PLAYERS)
@example("", '{"videoDetails": {"title": "\\ud800\\u0000", "lengthSeconds": "1e999", "author": "\\u202e"}}')
@fuzzing.fuzz(50)
def test_details_of_any_page_can_be_shown(page: str, answer: str) -> None:
    player = parse_json(answer)
    found = details_of(page, player)
    is_new(page, player, 1.7e9)
    caption_addresses(player)
    starts = [chapter.start for chapter in found.chapters]
    assert starts == sorted(set(starts)) and all(isfinite(start) and start >= 0 for start in starts)
    assert found.duration is None or (isfinite(found.duration) and found.duration > 0)
    texts = (found.title, found.channel, found.published, *(chapter.title for chapter in found.chapters))
    assert all(is_line(text) for text in texts if text is not None)


@given(st.lists(st.tuples(ids, fuzzing.texts), max_size=4), fuzzing.texts, st.booleans())
@named
def test_any_playlist_has_entries_that_can_be_shown(
    fake: FakeYouTube, entries: list[tuple[str, str]], title: str, old_shape: bool
) -> None:
    fake.add_playlist("PLattention1", title, entries, old_shape)
    playlist = resource_of(f"{YOUTUBE}/playlist?list=PLattention1")
    assert playlist and playlist.kind is Kind.PLAYLIST
    try:
        listed = YouTubePlaylists(fake.web()).fetch(playlist)
    except Unfetched as failure:
        assert is_line(failure.reason)
        return
    assert is_line(listed.title)
    for entry in listed.entries:
        assert is_line(entry.resource.title) and is_line(entry.resource.url) and is_line(entry.fault or "")


@given(PLAYERS.filter(lambda text: len(text) < _DEEPEST), PAGES, CAPTIONS, st.booleans())
@example(EMPTY, WHOLE, "", True)
@settings(named, max_examples=2 * named.max_examples)
def test_any_answer_gives_a_transcript_or_a_reason(
    fake: FakeYouTube, player: str, page: str, captions: str, by_ytdlp: bool
) -> None:
    fake.add_video(VIDEO, "讲座")
    for place, answer in (("player", player), ("watch", page), ("captions", captions)):
        fake.fail(VIDEO, place, 200, answer, None if by_ytdlp else 1)
    first = Unfetched(State.DEFERRED, Reason("captions_withheld"))
    try:
        if by_ytdlp:
            transcripts, info = CaptionDownloader(fake.web()).fetch(VIDEO, first)
            details = stated_details(info)
        else:
            fetched = YouTubeTranscripts(fake.web()).fetch(VIDEO)
            transcripts, details = fetched.transcripts, fetched.details
    except Unfetched as failure:
        assert is_line(failure.reason)
        return
    assert all(is_line(text) for text in (details.title, details.channel, details.published) if text is not None)
    assert all(is_line(cue.text) for transcript in transcripts for cue in transcript.cues)
