"""Downloading reading lists over real HTTP, and the errors."""

from __future__ import annotations

import gzip
import re
import socket
from urllib.parse import quote

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from seekpoint.index.errors import SourceError
from seekpoint.index.types import Kind
from seekpoint.indexer.reading_list.parser import ReadingList, read_source
from tests.local_web import LocalWeb

GITHUB = "https://raw.githubusercontent.com"
TALK = "https://www.youtube.com/watch?v=aaaaaaaaaaa"
LIST = """\
# Talks, 讲座
## 注意力 Attention
- [自注意力](https://youtu.be/aaaaaaaaaaa) and [a paper](papers/attention.pdf)
- [Notes, 笔记](../notes/第一讲.md#part) [at the top](/top.md) [here](#notes) [mail](mailto:a@b.org)
"""


def read(source: str) -> ReadingList:
    return read_source(source, LocalWeb())


def serve(httpserver: HTTPServer, data: str | bytes = LIST, path: str = "/list.md") -> str:
    """Serve a list and return its address."""
    httpserver.expect_request(path).respond_with_data(data)
    return httpserver.url_for(path)


def fault_of(source: str, web: LocalWeb | None = None) -> str:
    """The error message, one line, for a list that can't be read."""
    with pytest.raises(SourceError) as raised:
        read_source(source, web or LocalWeb())
    assert str(raised.value).isprintable()
    return str(raised.value)


def test_a_list_at_an_address_is_read_with_its_sections_and_without_robots_txt(httpserver: HTTPServer) -> None:
    address = serve(httpserver, path="/lists/talks.md")
    found = read(f"{address}#notes")
    root, path = httpserver.url_for(""), (("注意力 Attention",),)
    assert (found.source, found.folder, found.entries) == (address, None, 4)
    assert [(r.kind, r.title, r.url, r.sections) for r in found.resources] == [
        (Kind.VIDEO, "自注意力", TALK, path),
        (Kind.PAPER, "a paper", f"{root}lists/papers/attention.pdf", path),
        (Kind.PAGE, "Notes, 笔记", f"{root}notes/{quote('第一讲')}.md", path),
        (Kind.PAGE, "at the top", f"{root}top.md", path),
    ]
    assert [request.path for request, _ in httpserver.log] == ["/lists/talks.md"], "the user named it"
    assert read(address) == found


def test_a_list_is_recognised_by_its_suffix_and_comments_of_a_text_left_out(httpserver: HTTPServer) -> None:
    for path in ("/列表.md", "/LIST.MD", "/a.markdown", "/a.Mkd", "/a.txt", "/a.md/b.md"):
        found = read(f"{serve(httpserver, TALK, path)}?raw=1&utm_source=x")
        assert found.source == httpserver.url_for(quote(path)) + "?raw=1"
        assert [resource.url for resource in found.resources] == [TALK]
    text = f"# https://youtu.be/commented00\n{TALK}\n"
    assert len(read(serve(httpserver, text, "/list.txt")).resources) == 1
    serve(httpserver, text, "/files/7")
    httpserver.expect_request("/moved.txt").respond_with_data("", 302, {"Location": "/files/7"})
    assert len(read(httpserver.url_for("/moved.txt")).resources) == 1


def test_lists_in_other_formats_are_read_from_the_web_and_name_no_files(httpserver: HTTPServer) -> None:
    opml = f'<opml><outline text="讲座" xmlUrl="{TALK}"/><outline text="x" xmlUrl="file:///etc/passwd"/></opml>'
    for path, text in (
        ("/列表.opml", opml),
        ("/refs.bib", f"@misc{{x, title={{讲座}}, url={{{TALK}}}, file={{/etc/passwd.pdf}}}}"),
        ("/refs.ris", f"TY  - GEN\nTI  - 讲座\nUR  - {TALK}\nL1  - /etc/hosts.txt\nER  - \n"),
        ("/table.CSV", f"title,url\n讲座,{TALK}\n"),
        ("/table.tsv", f"title\turl\n讲座\t{TALK}\n"),
    ):
        found = read(serve(httpserver, text, path))
        assert (found.source, found.is_remote) == (httpserver.url_for(quote(path)), True)
        assert (found.resources[0].title, found.resources[0].url) == ("讲座", TALK), path
        assert not [one for one in found.resources if one.url.startswith("file:///")]
    page = serve(httpserver, "<!doctype html><title>x</title>", "/page.csv")
    assert "a web page, not a list" in fault_of(page)


def test_any_other_address_is_one_resource_without_requests(httpserver: HTTPServer) -> None:
    pages = [httpserver.url_for(path) for path in ("/article", "/article?file=list.md", "/list.md/")]
    pages += [f"https://github.com/owner/{repo}" for repo in ("repo", "repo/blob/main/code.py")]
    kinds = dict.fromkeys([*pages, "https://gist.github.com/owner"], Kind.PAGE) | {
        httpserver.url_for("/paper.pdf"): Kind.PAPER,
        "https://youtu.be/aaaaaaaaaaa?x=list.md": Kind.VIDEO,
        "https://www.youtube.com/playlist?list=PL0123456789&x=.md": Kind.PLAYLIST,
    }
    for address, kind in kinds.items():
        found = read(address)
        assert (found.source, [resource.kind for resource in found.resources]) == (found.resources[0].url, [kind])
    assert httpserver.log == []


HASH = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("host", "page", "more", "asked"),
    [
        (GITHUB, "https://github.com/owner/repo/blob/feature/x/a.md", "?plain=1#L10-L12", "/owner/repo/feature/x/a.md"),
        ("https://gist.github.com", f"https://gist.github.com/owner/{HASH}", "#file-talks-md", f"/owner/{HASH}/raw"),
        ("https://git.example.org", "https://git.example.org/g/r/-/blob/main/讲.md", "", "/g/r/-/raw/main/讲.md"),
    ],
)
def test_the_page_that_shows_a_list_is_its_address(
    httpserver: HTTPServer, host: str, page: str, more: str, asked: str
) -> None:
    serve(httpserver, f"[讲座]({TALK}) [more](talks/a.md)", asked)
    found = read_source(page + more, LocalWeb(httpserver.url_for(""), host))
    assert found.source == page.replace("讲", quote("讲"))
    assert [resource.url for resource in found.resources] == [TALK, f"{page.rpartition('/')[0]}/talks/a.md"]


def test_on_github_a_link_with_a_slash_is_relative_to_the_repository(httpserver: HTTPServer) -> None:
    serve(httpserver, "[a](/talks/a.md) [b](//b.org/x) [c](../c.md)", "/owner/repo/main/docs/list.md")
    address = "https://github.com/owner/repo/blob/main/docs/list.md"
    found = read_source(address, LocalWeb(httpserver.url_for(""), GITHUB))
    main = "https://github.com/owner/repo/blob/main"
    urls = [resource.url for resource in found.resources]
    assert urls == [f"{main}/talks/a.md", "https://b.org/x", f"{main}/c.md"]


def test_a_redirected_list_keeps_its_address_and_links_are_relative_to_the_target(httpserver: HTTPServer) -> None:
    serve(httpserver, "[讲义](notes.md)", "/new/place.md")
    httpserver.expect_request("/old.md").respond_with_data("", 301, {"Location": "/new/place.md"})
    found = read(httpserver.url_for("/old.md"))
    assert found.source == httpserver.url_for("/old.md")
    assert [resource.url for resource in found.resources] == [httpserver.url_for("/new/notes.md")]


def test_no_link_of_a_list_from_the_web_names_a_file_of_this_machine(httpserver: HTTPServer) -> None:
    links = {
        "file:///etc/passwd": "etc/passwd",
        "FILE:/C:/讲座.mp4": f"C:/{quote('讲座')}.mp4",
        "file:relative.mp4": "relative.mp4",
        "C:\\\\talks\\a.mp4": "C:/talks/a.mp4",
        "\\\\\\\\server\\share\\c.mp4": "server/share/c.mp4",
    }
    text = " ".join(f"[讲座]({link})" for link in links)
    found = read(serve(httpserver, f"{text}\n\n<a href=' fi\tle:///etc/shadow'>raw</a>\n"))
    assert {resource.kind for resource in found.resources} == {Kind.PAGE}
    assert [resource.url for resource in found.resources][:5] == [f"file://127.0.0.1/{path}" for path in links.values()]
    assert not [resource for resource in found.resources if resource.url.startswith("file:///")]


def test_the_declared_charset_is_used_if_it_is_right(httpserver: HTTPServer) -> None:
    text = f"## 基本\r\n[注意力 attention]({TALK})\r\n"
    for encoding, stated in (
        ("utf-8", "text/plain; charset=ISO-8859-1"),
        ("gb18030", "text/plain; charset=unicode_escape"),
        ("gb18030", "text/plain; charset=没有"),
        ("big5", 'text/plain; Charset="Big5"'),
    ):
        httpserver.clear()
        headers = {"Content-Type": stated.encode().decode("latin-1")}
        httpserver.expect_request("/list.md").respond_with_response(Response(text.encode(encoding), headers=headers))
        (talk,) = read(httpserver.url_for("/list.md")).resources
        assert (talk.title, talk.sections) == ("注意力 attention", (("基本",),)), stated


@pytest.mark.parametrize(
    ("status", "reason", "requests"),
    [
        (404, r"nothing is there \(HTTP 404\): check the address; if it takes a login, save it in a browser", 1),
        (429, r"fewer requests \(HTTP 429\); try again later", 1),
        (503, r"fault of its own \(HTTP 503\); try again later", 3),
    ],
)
def test_refusals_are_reported_with_a_remedy(httpserver: HTTPServer, status: int, reason: str, requests: int) -> None:
    httpserver.expect_request("/owner/repo/main/讲座.md").respond_with_data("", status)
    shown = f"https://github.com/owner/repo/blob/main/{quote('讲座')}.md"
    assert re.match(f"{shown}: .*{reason}", fault_of(shown, LocalWeb(httpserver.url_for(""), GITHUB)))
    assert len(httpserver.log) == requests


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b" \n\t\r\n", "there is nothing on it"),
        ("\ufeff \n".encode(), "the file is empty"),
        (b"\xff\xff caf\xe9 \x81", "save it as UTF-8"),
        (b"x" * 20_000_001, "more than 20 MB: too much to read"),
        ("<!DOCTYPE html>\n<a href='https://a.org'>登录</a>".encode(), "a web page, not a list.*“Raw”"),
        (b"<!---->" * 5000 + b"x", "no links found"),
    ],
    ids=["blank", "mark alone", "no text", "large", "page", "comments"],
)
def test_an_invalid_list_is_reported(httpserver: HTTPServer, data: bytes, reason: str) -> None:
    address = serve(httpserver, data)
    assert re.match(f"{address}: .*{reason}", fault_of(address))


def test_a_compressed_list_is_read_up_to_its_limit(httpserver: HTTPServer) -> None:
    for name, data in (("/list.md", LIST.encode()), ("/bomb.md", b"[x](https://a.org)\n" * 1_200_000)):
        response = Response(gzip.compress(data), headers={"Content-Encoding": "gzip", "Content-Type": "text/markdown"})
        httpserver.expect_request(name).respond_with_response(response)
    assert read(httpserver.url_for("/list.md")).entries == 4
    assert "more than 20 MB: too much to read" in fault_of(httpserver.url_for("/bomb.md"))


def test_no_redirect_leads_into_a_private_network(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/owner/repo/main/list.md").respond_with_data("", 302, {"Location": serve(httpserver)})
    address = "https://github.com/owner/repo/blob/main/list.md"
    assert "private network" in fault_of(address, LocalWeb(httpserver.url_for(""), GITHUB))
    assert [request.path for request, _ in httpserver.log] == ["/owner/repo/main/list.md"]


def test_a_failure_of_the_connection_is_reported_in_a_line_with_a_remedy(httpserver: HTTPServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        nobody = f"http://127.0.0.1:{silent.getsockname()[1]}"
        answer = fault_of(f"{nobody}/列表.md", LocalWeb(timeouts=(5.0, 0.05)))
    assert "127.0.0.1 did not answer in time; try again later" in answer
    told = "the connection to 127.0.0.1 fails: check the address and the network"
    assert told in fault_of(f"{nobody}/\x1b[31m列表\u202e.md")
    assert "the proxy gives no connection" in fault_of("http://a.org/list.md", LocalWeb(proxy=nobody))
    assert "no trusted connection" in fault_of(f"https://127.0.0.1:{httpserver.port}/list.md")
