"""Who wrote a resource, when and where: from a bibliography to every form of an answer."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest

import seekpoint
from seekpoint.index.open import open_keeper, open_reader
from seekpoint.index.types import FAMILY, Details, KeptMoment, Kind, Resource
from seekpoint.query.answers import Answer, Confidence, Moment
from seekpoint.query.keeping import to_keep
from seekpoint.query.mcp.mcp_server import make_server
from seekpoint.query.output import status
from seekpoint.query.output.exports import FORMATS, to_csv, to_markdown
from seekpoint.query.output.json import AnswerJson, to_json
from seekpoint.query.output.kept_files import KEPT_FORMATS
from seekpoint.query.output.references import byline, keys_of, to_csl_json
from seekpoint.query.output.terminal import to_text
from seekpoint.query.reading.unread_stretches import ReadAmount
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.web.security import AccessPolicy
from tests.asking import ask
from tests.cli.here import call
from tests.fakes import TopicEncoder
from tests.query.mcp.sessions import tool_result
from tests.query.output.examples import PAPER_MOMENT, RECORDING_MOMENT, VIDEO_MOMENT, assert_valid
from tests.query.web.conftest import serving

BIBTEX = r"""
@inproceedings{vaswani2017, title={On masks}, author={Vaswani, Ashish and Shazeer, Noam and Parmar, Niki},
  booktitle={Advances in NeurIPS}, year=2017, month=jun, doi={10.1145/15.2}, file={masks.md}}
@article{李2020, title={掩码讲义}, author={李, 宏毅}, journal={中文信息学报}, year={2020}, file={yanma.md}}
@misc{none, title={Cached}, file={cache.md}}
"""
NOTES = {
    "masks.md": "A mask hides the future of every word.\n",
    "yanma.md": "掩码把每个词的未来藏起来。\n",
    "cache.md": "---\nauthor: Ada Lovelace\ndate: 1843\n---\nA cache keeps the keys of a mask.\n",
}
GOLDEN = Path(__file__).parent / "golden"
LINE = "Ashish Vaswani, Noam Shazeer et al. · 2017 · Advances in NeurIPS"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cited")
    for name, text in {**NOTES, "文献.bib": BIBTEX}.items():
        (folder / name).write_text(text, encoding="utf-8")
    seekpoint.build(folder / "文献.bib", folder / "library", encoder=TopicEncoder(), translate=False)
    return folder / "library"


def test_a_line_says_who_wrote_it_when_and_where(library: Path) -> None:
    answer = ask("What does a mask hide?", library, encoder=TopicEncoder())
    lines = {moment.resource.key: byline(moment.resource) for moment in answer.moments}
    assert lines == {"vaswani2017": LINE, "李2020": "李宏毅 · 2020 · 中文信息学报", "none": "Ada Lovelace · 1843"}
    text, markdown = to_text(answer, styled=False), to_markdown(answer)
    assert all(f"\n   {line}\n" in text and f"\n   {line}" in markdown for line in lines.values())
    assert "Ashish Vaswani; Noam Shazeer; Niki Parmar,2017-06,Advances in NeurIPS,10.1145/15.2," in to_csv(answer)
    document = json.loads(json.dumps(to_json(answer)))
    assert_valid(AnswerJson, document)
    [told] = [each["resource"] for each in document["moments"] if each["resource"].get("key") == "vaswani2017"]
    assert (told["authors"][0], told["container"]) == ("Ashish Vaswani", "Advances in NeurIPS")
    assert (told["doi"], "isbn" in told) == ("10.1145/15.2", False)
    with open_reader(library) as reader:
        listed = status.to_json(library, reader.card, reader.statuses(), ReadAmount(0, 0))["resources"]
    assert [each.get("authors", [])[-1:] for each in listed] == [["Niki Parmar"], ["李宏毅"], ["Ada Lovelace"]]


@pytest.mark.parametrize(
    ("names", "key"), [("ashish vaswani", "vaswani2017"), ("李宏毅", "李2020"), ("Ada Lovelace", "none")]
)
def test_the_authors_are_searched_as_the_title_is(library: Path, names: str, key: str) -> None:
    answer = ask(f"{names} mask 掩码", library, encoder=TopicEncoder(), explained=True)
    found = {moment.resource.key: moment.explanation.named > 0 for moment in answer.moments if moment.explanation}
    assert found == {name: name == key for name in ("vaswani2017", "李2020", "none")}
    with open_reader(library) as reader:
        [title] = [each.title for each in reader.statuses() if each.details.key == key]
    page = unescape(serving(library).get("/list", params={"narrow": names.upper()}).text)
    assert [each in page for each in ("On masks", "掩码讲义", "Cached")].count(True) == 1 and title in page
    server = make_server(LiveLibrary(library, TopicEncoder()))
    [listed] = tool_result(server, "list_resources", named=names)["resources"]
    assert listed["title"] == title


def test_the_page_and_assistants_say_it_too(library: Path) -> None:
    client = serving(library)
    page = unescape(client.get("/", params={"q": "mask", "ui": "en"}).text)
    assert LINE in page and page.count('href="https://doi.org/10.1145/15.2"') == 1
    assert LINE.replace("et al.", "等") in unescape(client.get("/", params={"q": "mask", "ui": "zh"}).text)
    server = make_server(LiveLibrary(library, TopicEncoder()))
    sources = tool_result(server, "ask", question="mask")["sources"]
    assert LINE in [source["by"] for source in sources]
    moments = tool_result(server, "ask", question="mask", brief=True)["moments"]
    assert LINE in [moment["by"] for moment in moments]


def line_of(moment: Moment, **stated: object) -> str:
    return byline(replace(moment.resource, stated=Details(**stated)))  # type: ignore[arg-type]


def test_the_line_repeats_nothing_and_is_empty_where_nothing_is_known() -> None:
    assert line_of(VIDEO_MOMENT) == line_of(PAPER_MOMENT) == ""
    assert line_of(VIDEO_MOMENT, channel="频道", published="2024-05-01") == "频道 · 2024-05-01"
    assert line_of(PAPER_MOMENT, channel="A press", published="2024-05-01") == "A press · 2024"
    assert line_of(VIDEO_MOMENT, authors=("more",), container="ATTENTION", published="2024") == "2024", "its headings"
    assert line_of(RECORDING_MOMENT, authors=("A show",), container="A show") == "A show"
    assert line_of(PAPER_MOMENT, authors=(f"Ada{FAMILY}L\x1b[31m\u202e", "\x1b[2J"), container="x\ny") == "Ada L · x y"


def with_facts(moment: Moment, rank: int, title: str, **stated: object) -> Moment:
    known = replace(moment.resource, title=title, stated=Details(**stated))  # type: ignore[arg-type]
    return replace(moment, rank=rank, resource=known, added="2026-11-03T10:00:00+00:00")


PAPER = with_facts(
    *(PAPER_MOMENT, 1, "Attention [Is] All You Need"),
    authors=(f"Ashish{FAMILY}Vaswani", f"Laurens{FAMILY}van der Maaten", "Google Brain"), published="2017-06",
    container="Advances in NeurIPS", doi="10.1145/15.2", key="vaswani2017",
)  # fmt: skip
VIDEO = with_facts(VIDEO_MOMENT, 2, "什么是注意力", channel="频道", published="2024-05-01")
EPUB = Resource("fedcba987654", Kind.DOCUMENT, "", "file:///home/ada/%E8%AE%B2%E4%B9%89.epub", (("书", "中文"),))
BOOK = with_facts(
    Moment(3, 0.5, EPUB, "zh", None, None, "掩码把未来藏起来", EPUB.url, ((0, 2),), "第二章 @掩码"),
    *(3, "掩码讲义"), authors=("李宏毅",), published="2020", isbn="9780262033848", key="李:2020:",
)  # fmt: skip
SHOW = with_facts(RECORDING_MOMENT, 4, "Why masks?", authors=("Ada Lovelace",), container="A show", published="2024-05")
ANSWER = Answer("什么是掩码？", Confidence.HIGH, (PAPER, VIDEO, BOOK, SHOW))
KEPT = [
    KeptMoment(
        each.resource, each.language, each.start, each.page, None, each.quote, each.link, "什么是掩码？", "重要\nmine",
        "论文", 1_762_164_000.0, each.chapter,
    )
    for each in ANSWER.moments
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *((f"answer.{form}", FORMATS[form](ANSWER) + "\n") for form in ("markdown", "pandoc", "csl-json", "csv")),
        *((f"kept.{form}", KEPT_FORMATS[form].render(KEPT)) for form in ("markdown", "pandoc", "csl-json", "anki")),
    ],
)
def test_every_form_has_what_a_citation_needs(name: str, text: str) -> None:
    assert text == (GOLDEN / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("title", ["Masks Without Tears", "掩码讲义"])
def test_a_book_is_cited_by_its_own_title_unless_a_bibliography_names_it(title: str) -> None:
    own = Details(title=title, authors=("李宏毅",), published="2020")
    book = replace(BOOK.resource, title="this book", stated=own)
    listed = replace(book, title="The Book", stated=replace(own, key="li2020"))
    untitled = replace(book, stated=replace(own, title=None))
    paper = replace(PAPER.resource, title="The paper", stated=replace(own, title="paper.doc"))
    for resource, cited in ((book, title), (listed, "The Book"), (untitled, "this book"), (paper, "The paper")):
        (entry,) = json.loads(to_csl_json({resource.id: (resource, None)}))
        assert entry["title"] == cited
    assert list(keys_of([book]).values()) == [f"李宏毅2020{title.split()[0].lower()}-fedc"]


def test_keys_are_made_where_there_are_none_and_each_is_unique() -> None:
    others = [replace(PAPER.resource, id=key) for key in ("aaaa1", "bbbb2")]
    bare = replace(SHOW.resource, id="-_x<y>zw", stated=Details(key="a b] <i>"), title="\x1b[31m为什么 the attention?")
    assert [*keys_of([*others, bare, VIDEO.resource, bare]).values()] == [
        *("vaswani2017", "vaswani2017-bbbb", "为什么-xyzw", "频道2024什么是注意力-wjZo")
    ]
    alike = [replace(VIDEO.resource, id=f"aaaa{n}") for n in range(4)]
    assert len({*keys_of([*others, *(replace(each, stated=PAPER.resource.stated) for each in alike)]).values()}) == 5
    assert len({*keys_of(alike).values()}) == 4
    assert "[@{李:2020:}]" in FORMATS["pandoc"](ANSWER), "a key that Pandoc would cut"


@pytest.mark.parametrize(
    ("moment", "stated", "kind"),
    [
        (PAPER_MOMENT, {"container": "学报"}, "article-journal"),
        (BOOK, {"container": "A journal", "doi": "10.1145/15.2"}, "article-journal"),
        (BOOK, {"container": "A site"}, "document"),
        (BOOK, {"doi": "10.1145/15.2"}, "document"),
        (VIDEO, {"container": "A journal", "doi": "10.1145/15.2"}, "motion_picture"),
    ],
)
def test_what_a_journal_has_is_its_article(moment: Moment, stated: dict[str, str], kind: str) -> None:
    [entry] = json.loads(FORMATS["csl-json"](replace(ANSWER, moments=(with_facts(moment, 1, "题", **stated),))))
    assert entry["type"] == kind


def test_the_bibliography_of_a_library_has_the_keys_of_its_answers(library: Path) -> None:
    printed = call("status", "--format", "csl-json", "--index", library)
    entries = {each["id"]: each for each in json.loads(printed.stdout)}
    answer = ask("What does a mask hide?", library, encoder=TopicEncoder())
    assert entries.keys() == set(keys_of(moment.resource for moment in answer.moments).values())
    assert {"vaswani2017", "李2020"} < entries.keys()
    assert entries["vaswani2017"]["author"][2] == {"family": "Parmar", "given": "Niki"}
    assert entries["李2020"] == {
        **{"id": "李2020", "type": "document", "title": "掩码讲义", "author": [{"literal": "李宏毅"}]},
        **{"issued": {"date-parts": [[2020]]}, "container-title": "中文信息学报"},
    }


def test_an_answer_opens_in_the_vault_that_its_note_is_from(tmp_path: Path) -> None:
    (tmp_path / "笔记" / ".obsidian").mkdir(parents=True)
    (tmp_path / "笔记" / "掩码 1.md").write_text("掩码把每个词的未来藏起来。\n", encoding="utf-8")
    seekpoint.build(tmp_path / "笔记", tmp_path / "library", encoder=TopicEncoder(), translate=False)
    answer = ask("掩码", tmp_path / "library", encoder=TopicEncoder())
    link = f"obsidian://open?path={quote(str((tmp_path / '笔记' / '掩码 1.md').resolve()), safe='')}"
    assert f"\n   {link}" in to_text(answer, styled=False) and f" · [Obsidian]({link})" in to_markdown(answer)
    assert f"\x1b]8;;{link}\x1b" in to_text(answer, styled=True)
    document = json.loads(json.dumps(to_json(answer)))
    assert_valid(AnswerJson, document)
    assert document["moments"][0]["app_link"] == link
    shown = (serving(tmp_path / "library", policy) for policy in (AccessPolicy(), AccessPolicy(is_public=True)))
    pages = [client.get("/", params={"q": "掩码", "ui": "zh"}).text for client in shown]
    assert [f'<a href="{link}">在 Obsidian 中打开</a>' in page for page in pages] == [True, False]


def test_kept_moments_cite_what_the_library_knows(library: Path, tmp_path: Path) -> None:
    copy = tmp_path / "library"
    shutil.copytree(library, copy)
    with open_keeper(copy) as keeper:
        for moment in ask("What does a mask hide?", copy, encoder=TopicEncoder()).moments:
            keeper.keep(to_keep(moment, None, "掩码?"))
    cited = call("kept", "--format", "pandoc", "--index", copy).stdout
    assert "[@vaswani2017]" in cited and "[@李2020]" in cited and f"\n   {LINE}" in cited
    listed = call("kept", "--format", "csl-json", "--index", copy).stdout
    assert {"vaswani2017", "李2020"} < {each["id"] for each in json.loads(listed)}
