"""The next step of each resource, and the decision table of videos."""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path
from types import FrameType

import pytest

from seekpoint.index.reasons import Reason
from seekpoint.index.store import LISTED
from seekpoint.index.types import Kind, Resource, Standing, State
from seekpoint.indexer.build_options import BuildOptions
from seekpoint.indexer.pipeline.planner import Job, Planner, Step
from seekpoint.indexer.reading_list.addresses import resource_of, resource_of_path
from seekpoint.indexer.sources.provenance import FromPage, encode

VIDEO = "aaaaaaaaaaa"
NOW = 1_000_000.0
NEW = Standing(State.PENDING, None, None)
CAPTIONS = "WEBVTT\n\n00:01.000 --> 00:02.000\nattention 注意力\n"


def video() -> Resource:
    resource = resource_of(f"https://youtu.be/{VIDEO}")
    assert resource is not None
    return resource


def plan(
    resource: Resource, standing: Standing, shelf: dict[str, tuple[Path, ...]], options: BuildOptions, now: float
) -> Job:
    return Planner({resource.id: standing}, shelf, options, now).plan(resource)


def files(folder: Path, *names: str) -> tuple[Path, ...]:
    for name in names:
        (folder / name).write_text(CAPTIONS, encoding="utf-8")
    return tuple(folder / name for name in names)


def with_captions(paths: tuple[Path, ...], *languages: str, standing: Standing = NEW) -> Job:
    return plan(video(), standing, {VIDEO: paths}, BuildOptions(languages=languages), NOW)


def test_captions_on_disk_replace_the_request_and_are_read_again_when_they_change(tmp_path: Path) -> None:
    paths = files(tmp_path, f"T [{VIDEO}].en.vtt")
    job = with_captions(paths)
    assert (job.step, job.captions) == (Step.READ_CAPTIONS, paths)
    done = Standing(State.INDEXED, encode(job.provenance), None)
    assert with_captions(paths, standing=done).step is Step.NOTHING
    paths[0].write_text(CAPTIONS + "\n00:02.000 --> 00:03.000\nmore 更多\n", encoding="utf-8")
    assert with_captions(paths, standing=done).step is Step.READ_CAPTIONS


def test_one_file_per_language_webvtt_before_srt(tmp_path: Path) -> None:
    names = ["A [x].en.srt", "A [x].EN.vtt", "A [x].zh-TW.srt", "A [x].zh-Hans.srt", "A [x].srt", "A [x].VTT"]
    chosen = {path.name for path in with_captions(files(tmp_path, *names)).captions}
    assert chosen == {"A [x].EN.vtt", "A [x].zh-TW.srt", "A [x].zh-Hans.srt", "A [x].VTT"}


def test_only_captions_in_the_wanted_languages_are_read(tmp_path: Path) -> None:
    paths = files(tmp_path, "A [x].en.vtt", "A [x].zh-TW.vtt")
    assert with_captions(paths, "zh").captions == paths[1:]
    assert with_captions(paths, "ZH-hans", "en").captions == paths
    assert with_captions(paths, "de").step is Step.ASK_YOUTUBE


def test_a_recordings_captions_in_other_languages_are_reported(tmp_path: Path) -> None:
    files(tmp_path, "讲座.en.vtt", "讲座.zh-TW.vtt")
    job = plan(resource_of_path(tmp_path / "讲座.ogg"), NEW, {}, BuildOptions(languages=("de",)), NOW)
    assert (job.step, job.state) == (Step.REFUSE, State.NO_TRANSCRIPT)
    assert job.reason == "no captions in de (there is: en, zh-TW): widen --languages"


def test_unreadable_captions_are_left_to_the_build(tmp_path: Path) -> None:
    assert with_captions((tmp_path / f"gone [{VIDEO}].en.vtt",)).step is Step.READ_CAPTIONS


def test_a_recording_needs_captions_beside_it(tmp_path: Path) -> None:
    talk = resource_of_path(tmp_path / "讲座.ogg")
    job = plan(talk, NEW, {}, BuildOptions(), NOW)
    assert (job.step, job.state) == (Step.REFUSE, State.UNAVAILABLE)
    assert str(tmp_path / "讲座.ogg") in str(job.reason)
    (tmp_path / "讲座.ogg").touch()
    job = plan(talk, NEW, {}, BuildOptions(), NOW)
    assert (job.step, job.state) == (Step.REFUSE, State.NO_TRANSCRIPT)
    assert "讲座.LANGUAGE.vtt" in str(job.reason)
    paths = files(tmp_path, "讲座.zh.vtt")
    job = plan(talk, NEW, {}, BuildOptions(), NOW)
    assert (job.step, job.captions) == (Step.READ_CAPTIONS, paths)


def test_a_folder_of_many_recordings_is_listed_once(tmp_path: Path) -> None:
    talks = files(tmp_path, *(f"讲座 {n}.zh.vtt" for n in range(1500)))
    resources, listings = [resource_of_path(talk) for talk in talks], 0

    def count(frame: FrameType, event: str, function: object) -> None:
        nonlocal listings
        listings += event == "c_call" and getattr(function, "__name__", "") in ("listdir", "scandir")

    sys.setprofile(count)
    try:
        jobs = Planner({}, {}, BuildOptions(), NOW).jobs(resources)
    finally:
        sys.setprofile(None)
    assert [job.captions for job in jobs] == [(talk,) for talk in talks]
    assert listings == 1


PAGE = Resource("x", Kind.PAGE, "", "https://a.org/x")
DAY = 24 * 3600.0


@pytest.mark.parametrize("kind", [Kind.PAGE, Kind.PAPER])
def test_pages_and_papers_are_fetched_and_a_failure_waits(kind: Kind) -> None:
    text = Resource("x", kind, "", "https://a.org/x")
    assert plan(text, NEW, {}, BuildOptions(), NOW).step is Step.FETCH_TEXT
    earlier_version = Standing(State.DEFERRED, "", None)
    assert plan(text, earlier_version, {}, BuildOptions(), NOW).step is Step.FETCH_TEXT
    failed = Standing(State.UNAVAILABLE, "", NOW + 1)
    assert plan(text, failed, {}, BuildOptions(), NOW).step is Step.WAIT
    assert plan(text, failed, {}, BuildOptions(retry=True), NOW).step is Step.FETCH_TEXT


def test_a_page_is_fetched_again_after_a_day_and_a_paper_never() -> None:
    page = Standing(State.INDEXED, encode(FromPage(NOW, "0f", etag='"1"')))
    steps = [plan(PAGE, page, {}, BuildOptions(), NOW + later).step for later in (1, DAY - 1, DAY)]
    assert steps == [Step.NOTHING, Step.NOTHING, Step.FETCH_TEXT]
    assert plan(PAGE, page, {}, BuildOptions(retry=True), NOW + 1).step is Step.FETCH_TEXT
    paper = Standing(State.INDEXED, encode(FromPage(NOW, "0f", final=True)))
    assert plan(PAGE, paper, {}, BuildOptions(retry=True), NOW + 99 * DAY).step is Step.NOTHING


def test_a_page_whose_check_failed_waits() -> None:
    standing = Standing(State.INDEXED, encode(FromPage(NOW - 2 * DAY, "0f")), NOW + 1)
    assert plan(PAGE, standing, {}, BuildOptions(), NOW).step is Step.WAIT


@pytest.mark.parametrize("name", ["笔记.md", "notes.txt", "page.html", "paper.pdf"])
def test_a_file_is_read_once_and_again_when_it_changes(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text("attention 注意力", encoding="utf-8")
    text = resource_of_path(file)
    job = plan(text, NEW, {}, BuildOptions(), NOW)
    assert job.step is Step.READ_TEXT
    for state in (State.INDEXED, State.UNAVAILABLE):
        assert plan(text, Standing(state, encode(job.provenance)), {}, BuildOptions(), NOW).step is Step.NOTHING
    unavailable = Standing(State.UNAVAILABLE, encode(job.provenance))
    assert plan(text, unavailable, {}, BuildOptions(retry=True), NOW).step is Step.READ_TEXT
    file.write_text("attention 注意力 mask", encoding="utf-8")
    assert plan(text, Standing(State.INDEXED, encode(job.provenance)), {}, BuildOptions(), NOW).step is Step.READ_TEXT


def test_a_file_that_is_too_large_or_a_folder_is_not_opened(tmp_path: Path) -> None:
    large = tmp_path / "log.txt"
    with large.open("wb") as file:
        file.truncate(100_000_000)
    job = plan(resource_of_path(large), NEW, {}, BuildOptions(), NOW)
    assert (job.step, job.state) == (Step.REFUSE, State.UNAVAILABLE)
    assert job.reason == "100 MB are too much (at most 20 MB): split it"
    job = plan(resource_of_path(tmp_path), NEW, {}, BuildOptions(), NOW)
    assert (job.step, job.state) == (Step.REFUSE, State.UNAVAILABLE)
    assert "is a folder" in str(job.reason)


def test_a_recording_without_captions_is_transcribed_on_request(tmp_path: Path) -> None:
    talk = tmp_path / "讲座.ogg"
    talk.write_bytes(b"OggS")
    resource, wanted = resource_of_path(talk), BuildOptions(whisper="base")
    job = plan(resource, NEW, {}, wanted, NOW)
    assert job.step is Step.TRANSCRIBE
    done = Standing(State.INDEXED, encode(job.provenance))
    assert plan(resource, done, {}, wanted, NOW).step is Step.NOTHING
    assert plan(resource, done, {}, BuildOptions(), NOW).step is Step.NOTHING
    assert plan(resource, done, {}, BuildOptions(whisper="large-v3"), NOW).step is Step.TRANSCRIBE
    talk.write_bytes(b"OggS, another")
    assert plan(resource, done, {}, wanted, NOW).step is Step.TRANSCRIBE
    captions = files(tmp_path, "讲座.zh.vtt")
    assert plan(resource, done, {}, wanted, NOW).captions == captions


def test_an_address_with_an_unreadable_scheme_is_refused() -> None:
    job = plan(Resource("x", Kind.PAGE, "", "ftp://a.org/x"), NEW, {}, BuildOptions(), NOW)
    assert (job.step, job.state) == (Step.REFUSE, State.UNAVAILABLE)
    assert "ftp:" in str(job.reason)


def test_an_indexed_resource_is_kept_while_its_source_is_missing(tmp_path: Path) -> None:
    indexed = Standing(State.INDEXED, "files:1234", None)
    assert plan(resource_of_path(tmp_path / "gone.ogg"), indexed, {}, BuildOptions(), NOW).step is Step.NOTHING


def test_an_entry_missing_from_its_playlist_is_not_requested_until_it_is_back() -> None:
    def planner(standing: Standing, **faults: Reason) -> Planner:
        return Planner({VIDEO: standing}, {}, BuildOptions(), NOW, faults)

    job = planner(NEW, **{VIDEO: Reason("private_video")}).plan(video())
    assert (job.step, job.state, job.reason) == (Step.REFUSE, State.UNAVAILABLE, Reason("private_video"))
    assert planner(Standing(State.UNAVAILABLE, encode(job.provenance))).plan(video()).step is Step.ASK_YOUTUBE
    indexed = Standing(State.INDEXED, "youtube:")
    assert planner(indexed, **{VIDEO: Reason("private_video")}).plan(video()).step is Step.NOTHING


def test_captions_on_disk_take_precedence_over_a_playlists_fault(tmp_path: Path) -> None:
    paths = files(tmp_path, f"T [{VIDEO}].en.vtt")
    planner = Planner({}, {VIDEO: paths}, BuildOptions(), NOW, {VIDEO: Reason("private_video")})
    assert planner.plan(video()).step is Step.READ_CAPTIONS


def test_a_file_on_another_machine_is_refused() -> None:
    job = plan(Resource("x", Kind.PAGE, "", "file://lists.example.org/etc/talk.md"), NEW, {}, BuildOptions(), NOW)
    assert (job.step, job.state) == (Step.REFUSE, State.UNAVAILABLE)
    assert "a file of lists.example.org" in str(job.reason)


def test_new_resources_come_first_then_the_longest_overdue() -> None:
    ids = ["waiting0001", "overdue0001", "justdue0001", "brandnew001", "brandnew002"]
    due = {"waiting0001": NOW + 9, "overdue0001": NOW - 99, "justdue0001": NOW - 9}
    standings = {name: Standing(State.DEFERRED, "youtube:", when) for name, when in due.items()}
    resources = [Resource(name, Kind.VIDEO, "", f"https://www.youtube.com/watch?v={name}") for name in ids]
    jobs = Planner(standings, {}, BuildOptions(), NOW).jobs(resources)
    turn = [job.resource.id for job in jobs if job.step is Step.ASK_YOUTUBE]
    assert turn == ["brandnew001", "brandnew002", "overdue0001", "justdue0001"]


def test_a_second_file_in_one_language_is_spare(tmp_path: Path) -> None:
    paths = files(tmp_path, *(f"T [{VIDEO}].{tail}" for tail in ("en.srt", "en.vtt", "zh-TW.vtt", "zh-tw.json3")))
    job = with_captions(paths)
    assert {path.name for path in job.captions} == {f"T [{VIDEO}].en.vtt", f"T [{VIDEO}].zh-TW.vtt"}
    assert {path.suffix for path in job.spare} == {".srt", ".json3"}
    assert [path.suffix for path in with_captions(paths, "en").spare] == [".srt"]


LECTURE = Resource("aaaaaaaaaaa", Kind.VIDEO, "", "https://www.youtube.com/watch?v=aaaaaaaaaaa")
LETTERS = {"N": Step.NOTHING, "W": Step.WAIT, "A": Step.ASK_YOUTUBE, "T": Step.TRANSCRIBE}

# In each group of four: due, due with --retry, early, early with --retry. The groups: neither --languages nor
# --transcribe; --transcribe; --languages en; both.
STEPS = {
    State.INDEXED: {
        None: "NNNN NNNN NNNN NNNN",
        LISTED: "NNNN NNNN NNNN NNNN",
        "files:0f": "NNNN NNNN NNNN NNNN",
        "youtube:": "NNNN NNNN AAWA AAWA",
        "youtube:en": "NNNN NNNN NNNN NNNN",
        "transcribed:base:": "NNNN NNNN NNNN NNNN",
        "transcribed:large-v3:": "NNNN NNNN NNNN NNNN",
    },
    State.NO_TRANSCRIPT: {
        None: "AAAA AAAA AAAA AAAA",
        LISTED: "AAAA AAAA AAAA AAAA",
        "files:0f": "AAAA AAAA AAAA AAAA",
        "youtube:": "AAWA TTTT AAAA AAAA",
        "youtube:en": "AAAA AAAA AAWA TTTT",
        "transcribed:base:": "WWWW NTNT WWWW NTNT",
        "transcribed:large-v3:": "WWWW TTTT WWWW TTTT",
    },
}
WHATEVER_WAS_TRIED = "AAWA AAWA AAWA AAWA"


def steps(standing: Standing, *, is_new_route: bool = False) -> list[Step]:
    """The steps for all choices of the user, in the order of STEPS, of a video due at NOW and one due later."""
    return [
        Planner(
            {LECTURE.id: standing._replace(retry_after=NOW + is_early)},
            {},
            BuildOptions(languages=languages, retry=retry, whisper=whisper),
            NOW,
            is_new_route=is_new_route,
        )
        .plan(LECTURE)
        .step
        for languages, whisper, is_early, retry in product(((), ("en",)), (None, "base"), (0, 1), (False, True))
    ]


@pytest.mark.parametrize("stored", STEPS[State.INDEXED])
@pytest.mark.parametrize("state", State)
def test_every_combination_has_its_step(state: State, stored: str | None) -> None:
    letters = STEPS.get(state, {}).get(stored, WHATEVER_WAS_TRIED)
    assert steps(Standing(state, stored)) == [LETTERS[letter] for letter in letters.replace(" ", "")]


@pytest.mark.parametrize("stored", STEPS[State.INDEXED])
@pytest.mark.parametrize("state", State)
def test_on_a_new_route_deferred_videos_are_asked_at_once(state: State, stored: str | None) -> None:
    standing = Standing(state, stored)
    expected = [Step.ASK_YOUTUBE] * 16 if state is State.DEFERRED else steps(standing)
    assert steps(standing, is_new_route=True) == expected
