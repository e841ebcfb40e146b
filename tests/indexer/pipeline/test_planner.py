"""The next step of each resource, and the decision table of videos."""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from seekpoint.index.reasons import Reason
from seekpoint.index.store import LISTED
from seekpoint.index.types import Kind, Resource, Standing, State
from seekpoint.indexer.build_options import BuildOptions
from seekpoint.indexer.pipeline.planner import Job, Planner, Step
from seekpoint.indexer.reading_list.addresses import resource_of_path
from seekpoint.indexer.sources.provenance import FromPage, FromSubtitles, encode
from tests.cost import at_most
from tests.indexer.sources.recordings.films import film

VIDEO = "aaaaaaaaaaa"
LECTURE = Resource(VIDEO, Kind.VIDEO, "", f"https://www.youtube.com/watch?v={VIDEO}")
NOW, DAY = 1_000_000.0, 24 * 3600.0
NEW = Standing(State.PENDING, None, None)
CAPTIONS = "WEBVTT\n\n00:01.000 --> 00:02.000\nattention 注意力\n"


def plan(resource: Resource, standing: Standing = NEW, now: float = NOW, **options: Any) -> Job:  # noqa: ANN401
    return Planner({resource.id: standing}, {}, BuildOptions(**options), now).plan(resource)


def step(resource: Resource, standing: Standing = NEW, now: float = NOW, **options: Any) -> Step:  # noqa: ANN401
    return plan(resource, standing, now, **options).step


def files(folder: Path, *names: str) -> tuple[Path, ...]:
    for name in names:
        (folder / name).write_text(CAPTIONS, encoding="utf-8")
    return tuple(folder / name for name in names)


def with_captions(paths: tuple[Path, ...], *languages: str, standing: Standing = NEW) -> Job:
    return Planner({VIDEO: standing}, {VIDEO: paths}, BuildOptions(languages=languages), NOW).plan(LECTURE)


def refusal(resource: Resource, state: State = State.UNAVAILABLE, **options: Any) -> str:  # noqa: ANN401
    """The reason for which a resource is refused."""
    job = plan(resource, **options)
    assert (job.step, job.state) == (Step.REFUSE, state)
    return str(job.reason)


def test_one_file_per_wanted_language_is_read_webvtt_before_srt(tmp_path: Path) -> None:
    names = ["A [x].en.srt", "A [x].EN.vtt", "A [x].zh-TW.srt", "A [x].zh-Hans.srt", "A [x].srt", "A [x].VTT"]
    chosen = {path.name for path in with_captions(files(tmp_path, *names)).captions}
    assert chosen == {"A [x].EN.vtt", "A [x].zh-TW.srt", "A [x].zh-Hans.srt", "A [x].VTT"}
    paths = files(tmp_path, "A [x].en.vtt", "A [x].zh-TW.vtt")
    assert with_captions(paths, "zh").captions == paths[1:]
    assert with_captions(paths, "ZH-hans", "en").captions == paths
    assert with_captions(paths, "de").step is Step.ASK_YOUTUBE
    paths = files(tmp_path, "z [x].cc.vtt", "z [x].transcript.vtt")
    assert with_captions(paths).captions == paths[1:]
    paths = files(tmp_path, *(f"T [{VIDEO}].{tail}" for tail in ("en.srt", "en.vtt", "zh-TW.vtt", "zh-tw.json3")))
    job = with_captions(paths)
    assert {path.name for path in job.captions} == {f"T [{VIDEO}].en.vtt", f"T [{VIDEO}].zh-TW.vtt"}
    assert {path.suffix for path in job.spare} == {".srt", ".json3"}
    assert [path.suffix for path in with_captions(paths, "en").spare] == [".srt"]


def test_a_recording_needs_captions_beside_it_or_is_transcribed_on_request(tmp_path: Path) -> None:
    file = tmp_path / "讲座.ogg"
    talk = resource_of_path(file)
    assert str(file) in refusal(talk)
    indexed = Standing(State.INDEXED, "files:1234")
    assert step(talk, indexed) is Step.REFUSE, "its source may come back"
    assert step(talk, indexed._replace(reason=refusal(talk))) is Step.WAIT, "that was told before"
    assert step(talk, indexed._replace(reason="it is a folder")) is Step.REFUSE, "something else was told"
    file.write_bytes(b"OggS")
    assert "讲座.LANGUAGE.vtt" in refusal(talk, State.NO_TRANSCRIPT)
    job = plan(talk, whisper="base")
    assert job.step is Step.TRANSCRIBE
    done = Standing(State.INDEXED, encode(job.provenance))
    assert step(talk, done, whisper="base") is step(talk, done) is Step.NOTHING
    assert step(talk, done, whisper="large-v3") is Step.TRANSCRIBE
    file.write_bytes(b"OggS, another")
    assert step(talk, done, whisper="base") is Step.TRANSCRIBE
    paths = files(tmp_path, "讲座.en.vtt", "讲座.zh-TW.vtt")
    job = plan(talk, done, whisper="base")
    assert (job.step, job.captions) == (Step.READ_CAPTIONS, paths)
    expected = "no captions in de (there is: en, zh-TW): widen --languages"
    assert refusal(talk, State.NO_TRANSCRIPT, languages=("de",)) == expected


def test_the_subtitles_of_a_film_are_read_once_a_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = film(tmp_path / "电影.mkv", ("chi", [(1.0, 2.0, "注意力")]))
    talk = resource_of_path(file)
    job = plan(talk, whisper="base")
    assert job.step is Step.READ_SUBTITLES and isinstance(job.provenance, FromSubtitles)
    done, none = (Standing(state, encode(job.provenance), None) for state in (State.INDEXED, State.NO_TRANSCRIPT))
    assert step(talk, done) is step(talk, done, whisper="base") is step(talk, done, retry=True) is Step.NOTHING
    assert step(talk, done, languages=("zh",)) is step(talk, none, languages=("zh",)) is Step.READ_SUBTITLES
    assert (step(talk, none), step(talk, none, whisper="base")) == (Step.REFUSE, Step.TRANSCRIBE)
    assert step(talk, none, retry=True) is Step.READ_SUBTITLES
    heard = Standing(State.INDEXED, f"transcribed:base:{job.provenance.recording}", None)
    assert step(talk, heard) is step(talk, heard, whisper="base") is Step.NOTHING
    film(file, ("chi", [(1.0, 2.0, "另一部电影")]))
    assert step(talk, done) is step(talk, none) is step(talk, heard) is Step.READ_SUBTITLES
    silent = resource_of_path(film(tmp_path / "silent.mkv"))
    assert (step(silent), step(silent, whisper="base")) == (Step.REFUSE, Step.TRANSCRIBE)
    assert isinstance(plan(silent).provenance, FromSubtitles), "it is kept that there are none"
    monkeypatch.setitem(sys.modules, "av", None)  # as if it weren't installed
    assert 'pip install "seekpoint[transcribe]", or put 电影.LANGUAGE.vtt' in refusal(talk, State.NO_TRANSCRIPT)
    assert plan(talk).provenance is None, "it is looked through once the package is there"
    files(tmp_path, "电影.zh.vtt")
    assert step(talk, none) is Step.READ_CAPTIONS


def test_a_folder_of_many_recordings_is_listed_once(tmp_path: Path) -> None:
    talks = files(tmp_path, *(f"讲座 {n}.zh.vtt" for n in range(1500)))
    with at_most(2):  # listed for each of them, it would take ten times as long
        jobs = Planner({}, {}, BuildOptions(), NOW).jobs(map(resource_of_path, talks))
    assert [job.captions for job in jobs] == [(talk,) for talk in talks]


def test_pages_are_fetched_and_a_failure_waits() -> None:
    text = Resource("x", Kind.PAGE, "", "https://a.org/x")
    assert step(text) is step(text, Standing(State.DEFERRED, "", None)) is Step.FETCH
    failed = Standing(State.UNAVAILABLE, "", NOW + 1)
    assert (step(text, failed), step(text, failed, retry=True)) == (Step.WAIT, Step.FETCH)
    page = Standing(State.INDEXED, encode(FromPage(NOW, "0f", etag='"1"')))
    steps = [step(text, page, NOW + later) for later in (1, DAY - 1, DAY)]
    assert steps == [Step.NOTHING, Step.NOTHING, Step.FETCH]
    assert step(text, page, NOW + 1, retry=True) is Step.FETCH
    final = Standing(State.INDEXED, encode(FromPage(NOW, "0f", final=True)))
    assert step(text, final, NOW + 99 * DAY, retry=True) is Step.NOTHING
    checked = Standing(State.INDEXED, encode(FromPage(NOW - 2 * DAY, "0f")), NOW + 1)
    assert step(text, checked) is Step.WAIT, "its check failed"


def test_a_file_is_read_once_and_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "笔记.md"
    file.write_text("attention 注意力", encoding="utf-8")
    text = resource_of_path(file)
    job = plan(text)
    assert job.step is Step.READ_TEXT
    indexed, failed = (Standing(state, encode(job.provenance)) for state in (State.INDEXED, State.UNAVAILABLE))
    assert step(text, indexed) is step(text, failed) is Step.NOTHING
    assert step(text, failed, retry=True) is Step.READ_TEXT
    file.write_text("attention 注意力 mask", encoding="utf-8")
    assert step(text, indexed) is Step.READ_TEXT


def test_what_is_no_file_of_this_machine_or_too_large_is_refused(tmp_path: Path) -> None:
    large = tmp_path / "log.txt"
    with large.open("wb") as file:
        file.truncate(100_000_000)
    assert refusal(resource_of_path(large)) == "100 MB are too much (at most 20 MB): split it"
    assert "is a folder" in refusal(resource_of_path(tmp_path))
    assert "there is no file" in refusal(resource_of_path(tmp_path / "gone.txt"))
    assert "ftp:" in refusal(Resource("x", Kind.PAGE, "", "ftp://a.org/x"))
    assert "a file of a.org" in refusal(Resource("x", Kind.PAGE, "", "file://a.org/etc/talk.md"))
    for broken in ("https://[::1", "https://exa[mple.org/x"):
        assert refusal(Resource("x", Kind.PAGE, "坏的链接", broken)) == Reason("no_address")


LETTERS = {"N": Step.NOTHING, "W": Step.WAIT, "T": Step.TRANSCRIBE}
ON_A_SITE = Resource("y", Kind.VIDEO, "", "https://vimeo.com/76979871")

# In each group of four: due, due with --retry, early, early with --retry. The groups: neither --languages nor
# --transcribe; --transcribe; --languages en; both.
STEPS = {
    State.INDEXED: {"youtube:": "NNNN NNNN AAWA AAWA"},
    State.NO_TRANSCRIPT: {
        "youtube:": "AAWA TTTT AAAA AAAA",
        "youtube:en": "AAAA AAAA AAWA TTTT",
        "transcribed:base:": "WWWW NTNT WWWW NTNT",
        "transcribed:large-v3:": "WWWW TTTT WWWW TTTT",
    },
}
OTHERS = {State.INDEXED: "NNNN" * 4, State.NO_TRANSCRIPT: "AAAA" * 4}
WHATEVER_WAS_TRIED = "AAWA" * 4
STORED = (None, LISTED, "files:0f", "youtube:", "youtube:en", "transcribed:base:", "transcribed:large-v3:")


def steps(video: Resource, standing: Standing, *, is_new_route: bool = False) -> list[Step]:
    """The steps for all choices of the user, in the order of STEPS, of a video due at NOW and one due later."""
    return [
        Planner(
            {video.id: standing._replace(retry_after=NOW + is_early)},
            {},
            BuildOptions(languages=languages, retry=retry, whisper=whisper),
            NOW,
            is_new_route=is_new_route,
        )
        .plan(video)
        .step
        for languages, whisper, is_early, retry in product(((), ("en",)), (None, "base"), (0, 1), (False, True))
    ]


@pytest.mark.parametrize(("video", "ask"), [(LECTURE, Step.ASK_YOUTUBE), (ON_A_SITE, Step.FETCH)])
@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("state", State)
def test_every_combination_has_its_step(state: State, stored: str | None, video: Resource, ask: Step) -> None:
    letters = STEPS.get(state, {}).get(stored or "", OTHERS.get(state, WHATEVER_WAS_TRIED))
    expected = [LETTERS.get(letter, ask) for letter in letters.replace(" ", "")]
    standing = Standing(state, stored and (stored if video is LECTURE else stored.replace("youtube", "site")))
    assert steps(video, standing) == expected
    at_once = [ask] * 16 if state is State.DEFERRED else expected
    assert steps(video, standing, is_new_route=True) == at_once
