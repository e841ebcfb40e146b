"""Libraries for the tests of the page and the API, and their clients."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from starlette.testclient import TestClient

import seekpoint
from seekpoint.index.address import Address
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter, open_keeper
from seekpoint.index.reasons import Reason
from seekpoint.index.types import Chapter, Details, Encoder, KeptQuestion, Kind, Resource, State
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.web.app import application
from seekpoint.query.web.forms import Editing
from seekpoint.query.web.page_drawings import Draw
from seekpoint.query.web.security import AccessPolicy
from tests.browser import CHROMIUM
from tests.fakes import TopicEncoder
from tests.index.libraries import CARD, embedded
from tests.indexer.builds import webvtt
from tests.noted import note
from tests.paths import ROOT
from tests.query.web.served import served, without_others
from tests.query.web.workbench import editing as editing_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page
    from starlette.types import ASGIApp

HOST = "http://localhost"
URL = "https://www.youtube.com/watch?v="
SCRIPT = "<script>alert(1)</script>"
BREAK = "\"><img src=x onerror=alert(1)>'`${7*7}{{7*7}}"
BYTES = bytes(range(256)) * 8

LIST = """# Talks

## English
- [Masks & more](https://youtu.be/aaaaaaaaaaa)
- [A talk at home](talk.ogg)
- [Words on masks](notes.md)

## 中文
- [掩码](https://youtu.be/bbbbbbbbbbb)
"""
BILINGUAL = """Attention weighs words. / A mask hides the future. / The mask is three. / A causal / mask it is. / So.
注意力給詞加權。 / 掩碼把未來藏起來。 / 掩碼是三角形。 / 這是因果 / 掩碼。 / 完。"""
# `experimental` has the rule that a name holds the label that is seen (WCAG 2.5.3).
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice", "experimental"]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture(scope="session")
def talks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of two videos, one without captions, a recording and a document."""
    folder = tmp_path_factory.mktemp("web")
    for name, lines in (
        ("Masks [aaaaaaaaaaa].en", ["welcome to the talk", "attention weighs every word", "a mask hides the future"]),
        ("掩码 [bbbbbbbbbbb].zh", ["欢迎大家", "注意力给每个词一个权重", "掩码把未来藏起来"]),
        ("talk.en", ["a cache keeps keys", "softmax makes shares", "position tells the order"]),
    ):
        (folder / f"{name}.vtt").write_text(webvtt(*lines, seconds=40), encoding="utf-8")
    (folder / "talk.ogg").write_bytes(BYTES)
    (folder / "notes.md").write_text("# On masks\n\nA mask hides what comes later.\n", encoding="utf-8")
    (folder / "list.md").write_text(LIST, encoding="utf-8")
    seekpoint.build([folder / "list.md"], folder / "library", captions=folder, encoder=TopicEncoder(), translate=False)
    with EmbeddedWriter.acquire(folder / "library") as writer:
        bare = Resource("ccccccccccc", Kind.VIDEO, "没有字幕的", URL + "ccccccccccc", (("其他",),))
        writer.register("more.md", [bare])
        writer.set_state(bare.id, State.NO_TRANSCRIPT, reason=Reason("no_transcript"), inputs="by hand")
    return folder / "library"


def captioned(folder: Path, seconds: float, **texts: list[str]) -> Path:
    """A library of videos with captions; each name is an id and a language, with `_` between them and for `-`."""
    for name, lines in texts.items():
        video, _, language = name.partition("_")
        file = folder / f"{video} [{video}].{language.replace('_', '-')}.vtt"
        file.write_text(webvtt(*lines, seconds=seconds), encoding="utf-8")
    seekpoint.build(folder, folder / "library", encoder=TopicEncoder(), translate=False)
    return folder / "library"


@pytest.fixture
def client(talks: Path) -> Iterator[TestClient]:
    with serving(talks) as result:
        yield result


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library whose texts and addresses try to inject markup, scripts and foreign paths."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "secret.txt").write_text("secret", encoding="utf-8")
    for name in ("secret.mp4", "secret.pdf"):
        (folder / name).write_bytes(b"not listed")
    resources = [
        Resource("scripted001", Kind.VIDEO, SCRIPT, "javascript:alert(1)", ((SCRIPT, BREAK),)),
        Resource(BREAK, Kind.PAGE, BREAK, f"data:text/html,{SCRIPT}", ((BREAK,),)),
        Resource("breaking", Kind.PAGE, BREAK, 'https://example.org/"onmouseover="alert(1)', ((BREAK,),)),
        Resource("vb", Kind.PAPER, "vb", " VBScript:msgbox", ((SCRIPT,),)),
        Resource("passwords", Kind.RECORDING, "passwords", (folder / "secret.txt").as_uri(), ()),
        Resource("document", Kind.DOCUMENT, "document", (folder / "secret.mp4").as_uri(), ()),
        Resource("relative", Kind.RECORDING, "relative", "file:secret.mp4", ()),
        Resource("elsewhere", Kind.RECORDING, "elsewhere", f"file://server{folder}/secret.mp4", ()),
        Resource("text", Kind.PAPER, "text", (folder / "secret.txt").as_uri(), ()),
        Resource("other", Kind.DOCUMENT, "other", (folder / "secret.pdf").as_uri(), ()),
        Resource("unread", Kind.PAPER, "unread", (folder / "secret.pdf").as_uri(), ()),
        Resource("pending", Kind.RECORDING, "pending", (folder / "secret.mp4").as_uri(), ()),
    ]
    with EmbeddedWriter.acquire(folder / "library", CARD) as writer:
        writer.register("hostile.md", resources)
        for resource in resources[:-2]:
            said = embedded([f"attention {SCRIPT} {resource.id}", f"mask {BREAK} {resource.id}"], BREAK[:35])
            chapters = tuple(Chapter(0.0, f"{title}\u202e\x1b[2J", generated=True) for title in (SCRIPT, BREAK))
            said = replace(said, transcript=replace(said.transcript, chapters=chapters))
            stated = Details(channel=SCRIPT, published=BREAK, authors=(SCRIPT, BREAK), container=BREAK, doi=BREAK)
            writer.commit(resource.id, [said], stated, "by hand")
    for name in ("scripted001", "document"):
        note(
            folder / "library",
            name,
            (0.0, BREAK[:35], f"Why {SCRIPT}?\u202e"),
            (10.0, "en", f"{BREAK}?"),
            summary=f"{SCRIPT}\u202e {BREAK}",
        )
    with open_keeper(folder / "library") as keeper:
        also = f"掩码 {BREAK}\x1b[2J", f"attention \u202e{SCRIPT}"
        keeper.keep(KeptQuestion(f"mask {SCRIPT}\u202e", 1.0, also=also))
    return folder / "library"


@pytest.fixture(scope="session")
def bilingual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of a video that has captions in English and in traditional Chinese."""
    english, chinese = (lines.split(" / ") for lines in BILINGUAL.splitlines())
    return captioned(tmp_path_factory.mktemp("bilingual"), 20, ddddddddddd_en=english, ddddddddddd_zh_TW=chinese)


@pytest.fixture
def library(talks: Path, tmp_path: Path) -> Path:
    """A copy of the library, which may be changed."""
    return Path(shutil.copytree(talks, tmp_path / "library"))


@pytest.fixture
def editing(library: Path) -> Iterator[Editing]:
    result = editing_of(library)
    yield result
    result.builds.close()


@pytest.fixture
def editor(library: Path, editing: Editing) -> Iterator[TestClient]:
    with serving(library, editing=editing, Origin=HOST) as client:
        yield client


@pytest.fixture
def browser() -> Browser:
    return CHROMIUM.browser()


@pytest.fixture(scope="module")
def address(talks: Path) -> Iterator[str]:
    with served(talks) as result:
        yield result


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server of a library of the example's recordings, which really play."""
    library = tmp_path_factory.mktemp("recordings") / "library"
    seekpoint.build(ROOT / "examples" / "talks", library, encoder=TopicEncoder(), translate=False)
    with served(library) as result:
        yield result


@pytest.fixture(scope="module")
def in_two_languages(bilingual: Path) -> Iterator[str]:
    with served(bilingual) as result:
        yield result


@pytest.fixture
def edited(library: Path) -> Iterator[str]:
    with served(library, editing=editing_of(library)) as result:
        yield result


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with opened(browser, address) as page:
        yield page


@contextmanager
def faultless(context: BrowserContext, *, may_refuse: bool = False) -> Iterator[Page]:
    """A tab; fails where a script fails, or the page's policy or the server refuses something that it mayn't."""
    context.set_default_timeout(60_000)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield page
    refusals = ("the server responded with a status of 40", "net::ERR_FAILED")
    assert [fault for fault in faults if not (may_refuse and any(refusal in fault for refusal in refusals))] == []


@contextmanager
def opened(browser: Browser, address: str, *, may_refuse: bool = False, **options: Any) -> Iterator[Page]:  # noqa: ANN401
    context = browser.new_context(base_url=address, **options)
    with context, faultless(context, may_refuse=may_refuse) as page:
        without_others(page, address)
        yield page


def play(page: Page, resource: str, start: float) -> None:
    page.locator(f".title .go[data-id={resource}][data-start='{start}']").click()
    page.frame_locator("#player iframe").locator("body").get_by_text(f'"time":{start:.0f}').wait_for()


def axe_faults(
    page: Page, schemes: Sequence[Literal["light", "dark"]] = SCHEMES, within: str = "html"
) -> list[tuple[str, str]]:
    """The rules of accessibility that a part of a page breaks in light or dark, each with an element."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install 'seekpoint[dev]'").Axe()
    faults: list[tuple[str, str]] = []
    page.evaluate(axe.axe_script)
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        options = {"runOnly": AXE_RULES, "resultTypes": ["violations"]}
        result = page.evaluate("([within, options]) => axe.run(within, options)", [within, options])
        assert result["passes"]
        faults += [(fault["id"], fault["nodes"][0]["html"]) for fault in result["violations"]]
    return faults


def serving(
    library: Address,
    policy: AccessPolicy | None = None,
    editing: Editing | None = None,
    encoder: Encoder | None = None,
    draw: Draw | None = None,
    **headers: str,
) -> TestClient:
    policy = policy or AccessPolicy()
    if editing is None and encoder is None and draw is None:
        app = _application(library, policy)
    else:
        app = application(LiveLibrary(library, encoder or TopicEncoder()), policy, editing=editing, draw=draw)
    return TestClient(app, HOST, raise_server_exceptions=False, headers=headers, follow_redirects=False)


@lru_cache(maxsize=4)  # it takes longer to make than most requests to it
def _application(library: Address, policy: AccessPolicy) -> ASGIApp:
    return application(LiveLibrary(library, TopicEncoder()), policy)
