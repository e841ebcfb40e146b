"""Downloading reading lists over real HTTP, and the errors."""

from __future__ import annotations

import gzip
import re
import socket
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Response

from seekpoint.index.errors import SourceError
from seekpoint.index.types import Kind
from seekpoint.indexer.reading_list.addresses import resource_of_link
from seekpoint.indexer.reading_list.parser import ReadingList, read_source
from tests.fuzzing import fuzz
from tests.local_web import LocalWeb

GITHUB = "https://raw.githubusercontent.com"
TALK = "https://www.youtube.com/watch?v=aaaaaaaaaaa"
LIST = """\
# Talks, 讲座
## 注意力 Attention
- [自注意力](https://youtu.be/aaaaaaaaaaa) and [a paper](papers/attention.pdf)
## Notes
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
    root = httpserver.url_for("")
    assert (found.source, found.folder, found.entries) == (address, None, 4)
    assert [(r.kind, r.title, r.url, r.sections) for r in found.resources] == [
        (Kind.VIDEO, "自注意力", TALK, (("注意力 Attention",),)),
        (Kind.PAPER, "a paper", f"{root}lists/papers/attention.pdf", (("注意力 Attention",),)),
        (Kind.PAGE, "Notes, 笔记", f"{root}notes/{quote('第一讲')}.md", (("Notes",),)),
        (Kind.PAGE, "at the top", f"{root}top.md", (("Notes",),)),
    ]
    assert [request.path for request, _ in httpserver.log] == ["/lists/talks.md"], "the user named it"
    assert read(address) == found


def test_a_list_is_recognised_by_its_suffix(httpserver: HTTPServer) -> None:
    for path in ("/列表.md", "/LIST.MD", "/a.markdown", "/a.Mkd", "/a.txt", "/a.md/b.md"):
        found = read(f"{serve(httpserver, TALK, path)}?raw=1&utm_source=x")
        assert found.source == httpserver.url_for(quote(path)) + "?raw=1"
        assert [resource.url for resource in found.resources] == [TALK]


def test_comments_of_a_text_list_are_left_out(httpserver: HTTPServer) -> None:
    text = f"# https://youtu.be/commented00\n{TALK}\n"
    assert len(read(serve(httpserver, text, "/list.txt")).resources) == 1
    serve(httpserver, text, "/files/7")
    httpserver.expect_request("/moved.txt").respond_with_data("", 302, {"Location": "/files/7"})
    assert len(read(httpserver.url_for("/moved.txt")).resources) == 1


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


@pytest.mark.parametrize(
    ("address", "page", "host", "asked"),
    [
        (
            "https://github.com/owner/repo/blob/main/lists/talks.md?plain=1#L10-L12",
            "https://github.com/owner/repo/blob/main/lists/talks.md",
            GITHUB,
            "/owner/repo/main/lists/talks.md",
        ),
        (
            "http://www.github.com/owner/repo/blob/feature/x/注意.MD",
            f"https://github.com/owner/repo/blob/feature/x/{quote('注意')}.MD",
            GITHUB,
            "/owner/repo/feature/x/注意.MD",
        ),
        (
            "https://gist.github.com/owner/0123456789abcdef0123456789abcdef#file-talks-md",
            "https://gist.github.com/owner/0123456789abcdef0123456789abcdef",
            "https://gist.github.com",
            "/owner/0123456789abcdef0123456789abcdef/raw",
        ),
        (
            "https://git.example.org/group/sub/repo/-/blob/main/talks.md?ref_type=heads",
            "https://git.example.org/group/sub/repo/-/blob/main/talks.md",
            "https://git.example.org",
            "/group/sub/repo/-/raw/main/talks.md",
        ),
    ],
)
def test_the_page_that_shows_a_list_is_its_address(
    httpserver: HTTPServer, address: str, page: str, host: str, asked: str
) -> None:
    serve(httpserver, f"[讲座]({TALK}) [more](talks/a.md)", asked)
    found = read_source(address, LocalWeb(httpserver.url_for(""), host))
    assert found.source == page
    assert [resource.url for resource in found.resources] == [TALK, f"{page.rpartition('/')[0]}/talks/a.md"]


def test_on_github_a_link_with_a_slash_is_relative_to_the_repository(httpserver: HTTPServer) -> None:
    serve(httpserver, "[a](/talks/a.md) [b](//b.org/x) [c](../c.md)", "/owner/repo/main/docs/list.md")
    found = read_source(
        "https://github.com/owner/repo/blob/main/docs/list.md", LocalWeb(httpserver.url_for(""), GITHUB)
    )
    assert [resource.url for resource in found.resources] == [
        "https://github.com/owner/repo/blob/main/talks/a.md",
        "https://b.org/x",
        "https://github.com/owner/repo/blob/main/c.md",
    ]


def test_a_redirected_list_keeps_its_address_and_links_are_relative_to_the_target(httpserver: HTTPServer) -> None:
    serve(httpserver, "[讲义](notes.md)", "/new/place.md")
    httpserver.expect_request("/old.md").respond_with_data("", 301, {"Location": "/new/place.md"})
    found = read(httpserver.url_for("/old.md"))
    assert found.source == httpserver.url_for("/old.md")
    assert [resource.url for resource in found.resources] == [httpserver.url_for("/new/notes.md")]


def test_no_link_of_a_list_from_the_web_names_a_file_of_this_machine(httpserver: HTTPServer) -> None:
    links = [
        "file:///etc/passwd", "FILE:/etc/hosts", "file://localhost/root/a.vtt", "file:relative.mp4", "file:///C:/讲座.mp4",
        "C:\\\\talks\\\\a.mp4", "c:/talks/b.mp4", "\\\\\\\\server\\\\share\\\\c.mp4", "file:///~/a.md?x#y",
    ]  # fmt: skip
    html = "<a href=' file:///etc/shadow'>raw</a> <a href='fi\tle:///etc/group'>raw</a>"
    address = serve(httpserver, " ".join(f"[讲座]({link})" for link in links) + f"\n\n{html}\n")
    found = read(address)
    host = "file://127.0.0.1"
    assert {resource.kind for resource in found.resources} == {Kind.PAGE}
    assert [resource.url for resource in found.resources] == [
        f"{host}/etc/passwd", f"{host}/etc/hosts", f"{host}/root/a.vtt", f"{host}/relative.mp4",
        f"{host}/C:/{quote('讲座')}.mp4", f"{host}/C:/talks/a.mp4", f"{host}/c:/talks/b.mp4",
        f"{host}/server/share/c.mp4", f"{host}/~/a.md", f"{host}/etc/shadow",
    ]  # fmt: skip


@given(st.text(alphabet="fileFILE:/\\localhost.@[]#?%25C 讲\t\n", max_size=30) | st.text(max_size=20))
@fuzz(300)
def test_no_form_of_link_names_a_file_of_this_machine(href: str) -> None:
    for scheme in ("", "file:", "C:", "\\\\"):
        if found := resource_of_link(scheme + href, base="http://localhost/list.md"):
            assert not re.match(r"file:(?!//127\.0\.0\.1/)", found.url)


@pytest.mark.parametrize(
    ("encoding", "stated"),
    [
        ("utf-8", "text/plain; charset=ISO-8859-1"),
        ("utf-16", "text/plain; charset=utf-8"),
        ("gb18030", "text/plain; charset=gb2312"),
        ("gb18030", "text/plain; charset=unicode_escape"),
        ("gb18030", "text/plain; charset=windows-没有"),
        ("big5", 'text/plain; Charset="Big5"'),
        ("shift_jis", "text/plain;charset=Shift_JIS"),
    ],
)
def test_the_declared_charset_is_used_if_it_is_right(httpserver: HTTPServer, encoding: str, stated: str) -> None:
    text = f"## 基本\r\n[注意力 attention]({TALK})\r\n"
    headers = {"Content-Type": stated.encode().decode("latin-1")}
    httpserver.expect_request("/list.md").respond_with_response(Response(text.encode(encoding), headers=headers))
    (talk,) = read(httpserver.url_for("/list.md")).resources
    assert (talk.title, talk.sections) == ("注意力 attention", (("基本",),))


def test_refusals_are_reported_with_a_remedy(httpserver: HTTPServer) -> None:
    for status, reason, requests in (
        (404, r"nothing is there \(HTTP 404\): check the address; if it takes a login, save it in a browser", 1),
        (429, r"fewer requests \(HTTP 429\); try again later", 1),
        (503, r"fault of its own \(HTTP 503\); try again later", 3),
    ):
        httpserver.clear_log()
        httpserver.expect_request(f"/讲座{status}.md").respond_with_data("", status)
        message = fault_of(httpserver.url_for(f"/讲座{status}.md"))
        assert re.search(f"{quote('讲座')}{status}.md: .*{reason}", message)
        assert len(httpserver.log) == requests
    httpserver.expect_request("/owner/repo/main/list.md").respond_with_data("", 404)
    shown = "https://github.com/owner/repo/blob/main/list.md"
    assert fault_of(shown, LocalWeb(httpserver.url_for(""), GITHUB)).startswith(f"{shown}: ")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "there is nothing on it"),
        (b" \n\t\r\n", "there is nothing on it"),
        ("\ufeff \n".encode(), "the file is empty"),
        (b"\xff\xff caf\xe9 \x81", "save it as UTF-8"),
        (b"x" * 20_000_001, "more than 20 MB: too much to read"),
        ("<!DOCTYPE html>\n<a href='https://a.org'>登录 sign in</a>".encode(), "a web page, not a list.*“Raw”"),
        (b"\n<!-- made by hand --><HTML lang=zh><a href='https://a.org'>x</a>", "a web page, not a list"),
        (b"<!---->" * 5000 + b"x", "no links found"),
    ],
)
def test_an_invalid_list_is_reported(httpserver: HTTPServer, data: bytes, reason: str) -> None:
    address = serve(httpserver, data)
    assert re.match(f"{address}: .*{reason}", fault_of(address))


def test_a_compressed_list_is_read_and_a_bomb_is_refused(httpserver: HTTPServer) -> None:
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


def test_failures_of_connection_proxy_and_certificate_are_reported(httpserver: HTTPServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        nobody = f"http://127.0.0.1:{silent.getsockname()[1]}"
        answer = fault_of(f"{nobody}/列表.md", LocalWeb(timeouts=(5.0, 0.05)))
    assert "127.0.0.1 did not answer in time; try again later" in answer
    assert "the connection to 127.0.0.1 fails: check the address and the network" in fault_of(
        f"{nobody}/\x1b[31m列表\u202e.md"
    )
    assert "the proxy gives no connection" in fault_of("http://a.org/list.md", LocalWeb(proxy=nobody))
    assert "no trusted connection" in fault_of(f"https://127.0.0.1:{httpserver.port}/list.md")
