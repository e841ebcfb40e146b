"""Builds of videos on other sites than YouTube: by their address, on pages, in playlists, and when they're asked."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from seekpoint.index.types import Kind, State
from seekpoint.indexer.build_options import BuildOptions, Sources
from seekpoint.indexer.pipeline.build import build
from seekpoint.indexer.pipeline.planner import Step
from tests.fake_sites import WORDS, ZH, FakeSites, add_bilibili, add_vimeo, page_with_player, vtt
from tests.indexer.builds import Workshop, resource_at
from tests.indexer.sources.archives.samples import pptx
from tests.speech import needs_espeak, recording, speech_model

BILIBILI = "https://www.bilibili.com/video/BV1xx411c7mD"
VIMEO = "https://vimeo.com/76979871"
LECTURE = "https://uni.example/lecture"
HOUR, DAY = 3600.0, 86_400.0


def id_of(address: str) -> str:
    return resource_at(address).id


def test_videos_and_a_page_with_a_video_are_found_at_the_second_and_asked_once(
    workshop: Workshop, sites: FakeSites
) -> None:
    add_bilibili(sites, captions={"ai-zh": ZH})
    add_vimeo(sites, captions={"en": WORDS})
    sites.add(LECTURE, page_with_player("/l3.mp4", ("en", "/l3.vtt")))
    sites.add("https://uni.example/l3.vtt", vtt([(3.0, 7.0, "training takes long")]), "text/vtt")
    listed = workshop.write("list.md", f"# 课\n\n<{BILIBILI}?vd_source=1>\n\n# Talks\n\n{VIMEO}\n\n{LECTURE}\n")
    report = workshop.build(listed, web=sites.web())
    assert (report.updated, report.states[State.INDEXED]) == (3, 3)
    statuses = workshop.statuses()
    assert [(one.resource.kind, one.resource.title, one.languages) for one in statuses.values()] == [
        (Kind.VIDEO, "注意力机制讲解", ("zh",)),
        (Kind.VIDEO, "Attention", ("en",)),
        (Kind.VIDEO, "Lecture 3", ("en",)),
    ]
    moment = workshop.ask("掩码有什么用", "zh")[0]
    assert (moment.link, moment.chapter) == (f"{BILIBILI}?t=5", "掩码")
    assert workshop.ask("what does the mask hide?", "en")[0].link == f"{VIMEO}#t=5s"
    assert workshop.ask("how long does training take?", "en")[0].link == LECTURE, "a page has no seconds"
    before = workshop.content()
    sites.requests.clear()
    report = workshop.build(listed, web=sites.web(), later=40 * DAY)
    assert (report.updated, sites.requests, workshop.encoder.embedded) == (0, [], [])
    assert workshop.content() == before


def test_a_lecture_in_parts_becomes_a_playlist_that_grows(workshop: Workshop, sites: FakeSites) -> None:
    add_bilibili(sites, captions={"zh-CN": ZH}, parts=2)
    listed = workshop.write("list.md", f"## 课\n\n{BILIBILI}\n")
    report = workshop.build(listed, web=sites.web())
    assert report.states[State.INDEXED] == 3
    part = f"{BILIBILI}?p=2"
    assert workshop.ask("掩码有什么用", "zh")[0].link.startswith(f"{BILIBILI}?p=")
    status = workshop.statuses()[id_of(part)]
    assert status.resource.sections == (("课", "注意力机制讲解"),)
    assert workshop.statuses()[id_of(BILIBILI)].resource.kind is Kind.PLAYLIST
    add_bilibili(sites, captions={"zh-CN": ZH}, parts=3)
    sites.requests.clear()
    report = workshop.build(listed, web=sites.web())
    assert (report.updated, report.states[State.INDEXED]) == (1, 4)
    assert sites.requests.count(BILIBILI) == 2, "the list, and the new part"


def test_a_playlist_of_a_site_is_listed_in_each_build_with_a_limit_and_pruned(
    workshop: Workshop, sites: FakeSites
) -> None:
    talks = [f"https://vimeo.com/{number}" for number in (11, 12, 13)]
    for number in (11, 12, 13):
        add_vimeo(sites, str(number), {"zh": ZH}, title=f"讲座 {number}")

    def list_talks(*shown: str) -> None:
        events = [{"frontend_link": one} for one in shown]
        sites.add("https://media.ccc.de/public/conferences/kongress", {"title": "Kongress 会议", "events": events})

    list_talks(*talks)
    listed = workshop.write("list.md", "## 课\n\nhttps://media.ccc.de/c/kongress\n")
    workshop.build(listed, web=sites.web(), limit=2)
    assert [*workshop.statuses()][1:] == [id_of(one) for one in talks[:2]]
    sites.requests.clear()
    report = workshop.build(listed, web=sites.web())
    assert report.updated == 1
    assert sites.asked("media.ccc.de") == ["https://media.ccc.de/public/conferences/kongress"]
    assert sites.asked("player.vimeo.com")[0].endswith("/13"), "what is indexed isn't asked for again"
    status = workshop.statuses()[id_of(talks[2])]
    assert (status.title, status.resource.sections) == ("讲座 13", (("课", "Kongress 会议"),))
    list_talks(*talks[1:])
    assert workshop.build(listed, web=sites.web(), prune=True).removed == 1
    sites.add("https://media.ccc.de/public/conferences/kongress", "busy", status=503)
    report = workshop.build(listed, web=sites.web())
    assert report.states[State.INDEXED] == 3, "where a listing fails, the earlier one stays"
    assert any("kept as it was" in line for line in workshop.events.lines)


def test_a_video_without_captions_waits_for_a_month_and_a_page_keeps_its_own_reason(
    workshop: Workshop, sites: FakeSites
) -> None:
    add_vimeo(sites)
    sites.add(LECTURE, "<html><title>x</title><div id=app></div><script>start()</script></html>")
    listed = workshop.write("list.txt", f"{VIMEO}\n{LECTURE}")
    workshop.build(listed, web=sites.web())
    found = workshop.statuses()
    assert found[id_of(VIMEO)].reason_code == "site_no_captions"
    assert found[id_of(LECTURE)].reason_code == "made_by_script"
    assert found[id_of(LECTURE)].resource.kind is Kind.PAGE
    sites.requests.clear()
    workshop.build(listed, web=sites.web(), later=29 * DAY)
    assert not sites.requests
    add_vimeo(sites, captions={"en": WORDS})
    report = workshop.build(listed, web=sites.web(), later=31 * DAY)
    assert report.updated == 1


def test_a_document_without_words_is_never_asked_for_a_video(workshop: Workshop, sites: FakeSites) -> None:
    slides, notes = "https://uni.example/slides.pptx", "https://uni.example/笔记.md"
    sites.add(slides, pptx("<p:pic/>"), "application/octet-stream")
    sites.add(notes, "---\n---\n* * *\n", "text/markdown")
    workshop.build(workshop.write("list.txt", f"{slides}\n{notes}"), web=sites.web())
    found = [workshop.statuses()[id_of(one)] for one in (slides, notes)]
    assert [(one.state, one.reason_code) for one in found] == [(State.UNAVAILABLE, "no_words")] * 2
    assert len(sites.asked("uni.example")) == 3, "robots.txt, and each document once"


def test_a_site_that_asks_for_a_pause_gets_it(workshop: Workshop, sites: FakeSites) -> None:
    others = [f"https://vimeo.com/{number}" for number in (11, 12, 13)]
    for number in (11, 12, 13):
        sites.add(f"https://player.vimeo.com/video/{number}", "no", status=429, headers={"Retry-After": "7200"})
    add_bilibili(sites, captions={"ai-zh": ZH})
    listed = workshop.write("list.txt", "\n".join([*others, BILIBILI]))
    workshop.build(listed, web=sites.web())
    assert len(sites.asked("player.vimeo.com")) == 1
    found = workshop.statuses()
    assert {found[id_of(one)].state for one in others} == {State.DEFERRED}
    assert 7100 < workshop.wait(id_of(others[0])) <= 7200
    assert found[id_of(BILIBILI)].state is State.INDEXED


def test_an_embedded_youtube_video_on_a_page_made_by_script_is_that_video(workshop: Workshop, sites: FakeSites) -> None:
    workshop.fake.add_video("english0001", "Attention explained", {"en": [(0.0, 9.0, "attention weighs the words")]})
    frame = '<iframe src="https://www.youtube.com/embed/english0001"></iframe>'
    sites.add(LECTURE, f"<html><title>Talk</title><body>{frame}<script>x</script></body></html>")
    workshop.build(workshop.write("list.txt", LECTURE), web=sites.web())
    [status] = workshop.statuses().values()
    assert (status.id, status.state) == ("english0001", State.INDEXED)


ARTICLE = "<h1>Masks</h1>" + "".join(
    f"<p>Part {n} says at some length how attention weighs the words of a sentence, one after the other.</p>"
    for n in range(9)
)


def test_several_recordings_on_a_page_are_told_apart_by_their_files(workshop: Workshop, sites: FakeSites) -> None:
    frames = "".join(f'<video src="/第{n}讲.mp4"><track kind="captions" src="/{n}.vtt"></video>' for n in (1, 2))
    sites.add(LECTURE, f"<html><title>Masks</title><body><article>{ARTICLE}</article>{frames}</body></html>")
    for n in (1, 2):
        sites.add(f"https://uni.example/{n}.vtt", vtt([(3.0, 7.0, f"part {n} of the training")]), "text/vtt")
    workshop.build(workshop.write("list.txt", LECTURE), web=sites.web())
    assert [one.title for one in workshop.statuses().values()] == ["Masks", "Masks (第1讲)", "Masks (第2讲)"]


def test_an_article_and_the_videos_on_its_page_are_resources_of_their_own_if_they_have_captions(
    workshop: Workshop, sites: FakeSites
) -> None:
    add_vimeo(sites, captions={"zh": ZH}, title="掩码讲座")
    add_vimeo(sites, "12")
    frames = "".join(f'<iframe src="//player.vimeo.com/video/{number}"></iframe>' for number in ("76979871", "12"))
    sites.add(LECTURE, page_with_player("/l3.mp4", ("en", "/l3.vtt"), text=ARTICLE + frames))
    sites.add("https://uni.example/l3.vtt", vtt([(3.0, 7.0, "training takes long")]), "text/vtt")
    listed = workshop.write("list.md", f"## 课\n\n[The page]({LECTURE})\n")
    report = workshop.build(listed, web=sites.web())
    assert report.states == {state: 3 if state is State.INDEXED else 0 for state in State}
    statuses = workshop.statuses()
    assert [(one.resource.kind, one.resource.title, one.resource.sections) for one in statuses.values()] == [
        (Kind.PAGE, "The page", (("课",),)),
        (Kind.VIDEO, "掩码讲座", (("课",),)),
        (Kind.VIDEO, "Masks", (("课",),)),
    ]
    assert workshop.ask("training", "en")[0].link == "https://uni.example/l3.mp4#t=3"
    assert workshop.ask("掩码", "zh")[0].link == f"{VIMEO}#t=5s"
    assert workshop.ask("attention", "en")[0].link.startswith(f"{LECTURE}#")
    before = workshop.content()
    sites.requests.clear()
    report = workshop.build(listed, web=sites.web(), later=HOUR)
    assert (report.updated, sites.requests, report.states[State.INDEXED]) == (0, [], 3)
    assert workshop.content() == before
    report = workshop.build(listed, web=sites.web(), later=2 * DAY)
    assert sites.requests == ["https://uni.example/robots.txt", LECTURE], "only the page is looked at again"
    workshop.build(workshop.write("list.md", VIMEO), web=sites.web(), later=2 * DAY, prune=True)
    assert [*workshop.statuses()] == [id_of(VIMEO)]


def test_youtubes_videos_on_a_page_are_asked_of_youtube(workshop: Workshop, sites: FakeSites) -> None:
    workshop.fake.add_video("english0001", "Softmax", {"en": [(0.0, 9.0, "softmax makes shares")]})
    workshop.fake.make_disabled("disabled001")
    names = ("english0001", "disabled001")
    frames = "".join(f'<iframe src="https://www.youtube-nocookie.com/embed/{name}"></iframe>' for name in names)
    sites.add(LECTURE, f"<html lang=en><title>Masks</title><body><main>{ARTICLE}{frames}</main></body></html>")
    listed = workshop.write("list.txt", LECTURE)
    workshop.build(listed, web=sites.web())
    assert workshop.states() == {id_of(LECTURE): State.INDEXED, "english0001": State.INDEXED}
    workshop.fake.requests.clear()
    workshop.build(listed, web=sites.web(), later=2 * DAY)
    assert not workshop.fake.requests, "neither one is asked for again while the page stays as it is"


def test_a_video_on_a_page_that_is_deferred_is_asked_again(workshop: Workshop, sites: FakeSites) -> None:
    sites.add(LECTURE, page_with_player("/l3.mp4", ("en", "/l3.vtt"), text=ARTICLE))
    sites.add("https://uni.example/l3.vtt", "busy", status=503)
    listed = workshop.write("list.txt", LECTURE)
    report = workshop.build(listed, web=sites.web())
    assert (report.states[State.INDEXED], report.states[State.DEFERRED]) == (1, 1)
    planned = [workshop.preview(listed, now=time.time() + hours * HOUR) for hours in (0, 2)]
    assert [(one.steps[Step.FETCH], one.steps[Step.WAIT]) for one in planned] == [(0, 1), (1, 0)]
    sites.add("https://uni.example/l3.vtt", vtt([(3.0, 7.0, "training takes long")]), "text/vtt")
    report = workshop.build(listed, web=sites.web(), later=2 * HOUR)
    assert report.states[State.INDEXED] == 2
    assert workshop.ask("training", "en")[0].link == "https://uni.example/l3.mp4#t=3"


@pytest.mark.slow
@needs_espeak
def test_sound_without_captions_is_transcribed_once_where_that_is_asked_for(
    workshop: Workshop, sites: FakeSites, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = speech_model()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    talk = recording(tmp_path / "talk.wav", (1.0, "The softmax turns scores into probabilities that add up to one."))
    address, sound = "https://uni.example/talk.wav", "https://upos.bilivideo.example/a.m4s"
    sites.add(address, talk.read_bytes(), "audio/wav")
    add_bilibili(sites, needs_login=True, sound=sound)
    lesson = recording(tmp_path / "zh.wav", (1.0, "今天的天气很好，我们去公园。"), language="zh")
    sites.add(sound, lesson.read_bytes(), "audio/mp4")
    listed = workshop.write("list.txt", f"{address}\n{BILIBILI}")
    report = workshop.build(listed, web=sites.web())
    assert report.states[State.NO_TRANSCRIPT] == 2
    assert sound not in sites.requests
    options = BuildOptions([str(listed)], pace=0, translate=False, whisper=str(model))
    report = build(options, workshop.library, Sources.through(sites.web(), options), encoder=workshop.encoder)
    assert report.states[State.INDEXED] == 2
    found = {one.resource.url: one for one in workshop.statuses().values()}
    assert {one.resource.kind for one in found.values()} == {Kind.VIDEO}
    assert found[BILIBILI].languages == ("zh",)
    assert workshop.ask("softmax", "en")[0].link.startswith(f"{address}#t=")
    sites.requests.clear()
    report = build(options, workshop.library, Sources.through(sites.web(), options), encoder=workshop.encoder)
    assert (report.updated, sites.requests) == (0, [])


def test_a_short_link_is_the_video_that_it_leads_to(workshop: Workshop, sites: FakeSites) -> None:
    add_bilibili(sites, captions={"ai-zh": ZH})
    sites.add("https://www.bilibili.com/robots.txt", "User-agent: *\nDisallow: /", "text/plain")
    sites.add("https://b23.tv/abc", "", status=302, headers={"Location": f"{BILIBILI}?share_source=copy&t=3"})
    listed = workshop.write("list.txt", "https://b23.tv/abc")
    workshop.build(listed, web=sites.web())
    assert workshop.states() == {id_of(BILIBILI): State.INDEXED}
    sites.requests.clear()
    assert workshop.build(listed, web=sites.web()).updated == 0
    assert not sites.requests
