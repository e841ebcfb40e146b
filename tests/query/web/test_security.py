from __future__ import annotations

import re
import time
from itertools import product
from pathlib import Path
from urllib.parse import quote

import pytest
from lxml.html import fromstring
from starlette.testclient import TestClient

import seekpoint
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.web.app import application
from seekpoint.query.web.security import AccessPolicy, is_loopback
from tests.fakes import TopicEncoder
from tests.indexer.sources.papers.test_pdf import SENTENCES, lines, made
from tests.query.serving.test_live_library import CountingEncoder
from tests.query.web.conftest import BREAK, BYTES, HOST, SCRIPT, serving
from tests.query.web.workbench import form

TOKEN = "a-token-for-the-tests"
PAGES = ("/", "/?q=mask", "/?q=attention&k=50", "/list", "/list?q=mask", "/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
# Broken addresses, some of which Python's parser refuses.
BROKEN = (
    "http://[",
    "http://[::1",
    "http://localhost:x",
    "http://localhost:99999999",
    "http://",
    "[",
    "\\",
    "http://[v]",
)
# Those of the hostile library.
IDS = (
    *("scripted001", BREAK, "breaking", "vb", "passwords", "document"),
    *("relative", "elsewhere", "text", "other", "unread", "pending"),
)


def test_every_response_has_the_security_headers(client: TestClient) -> None:
    for address in ("/", "/list", "/api/ask?q=mask", "/api/none", "/none", "/static/page.js", "/healthz"):
        headers = client.get(address).headers
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["frame-src"] == "https://www.youtube-nocookie.com"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers


def test_no_text_of_a_source_becomes_markup(hostile: Path) -> None:
    with serving(hostile) as client:
        for address in (*PAGES, "/new", *(f"/resource/{quote(one, safe='')}?q=mask" for one in IDS)):
            page = client.get(address)
            assert page.status_code in (200, 404)
            text = page.text.lower()
            evil = ("<script>", "<img", "style=", "\u202e", "\x1b")
            assert not [markup for markup in evil if markup in text], address
            assert text.count("<script") == text.count('<script src="/static/page.js" type="module">') == 1
            assert not re.findall(r'=" ?(javascript|data|vbscript|file):', text)
            assert not re.findall(r"\s(?:onerror|onmouseover)=(?!\S*&)", text)
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in client.get("/?q=attention&k=50").text
        chapters = client.get("/api/resources/scripted001/transcript").json()["chapters"]
        assert [chapter["title"] for chapter in chapters] == [SCRIPT, BREAK]
        answer = client.get("/api/ask?q=attention&k=50")
        assert (answer.headers["content-type"], SCRIPT in answer.text) == ("application/json", True)


def test_the_servers_own_hosts_are_accepted(talks: Path) -> None:
    own = ("localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST:1", "box.lan")
    with serving(talks, AccessPolicy.for_host("127.0.0.1", ["box.lan"])) as client:
        assert {host: client.get("/", headers={"Host": host}).status_code for host in own} == dict.fromkeys(own, 200)
    public = AccessPolicy.for_host("0.0.0.0", token=TOKEN)
    with serving(talks, public, Authorization=f"Bearer {TOKEN}") as client:
        for host, status in (("192.168.1.9:8080", 200), ("attacker.example", 421)):
            assert client.get("/api/status", headers={"Host": host}).status_code == status
    hosts = {"127.0.0.1": True, "::1": True, "localhost": True, "0.0.0.0": False, "box": False}
    assert {host: is_loopback(host) for host in hosts} == hosts


def test_other_hosts_are_refused(client: TestClient) -> None:
    others = ("attacker.example", "localhost.attacker.example", "192.168.1.9", "", "127.0.0.1.nip.io", "a@localhost")
    broken = ("localhost:[", "localhost:x", "localhost:1:2", "[::1]x", "localhost/", "localhost?", "localhost:1@b")
    for address in ("/", "/api/ask?q=mask", "/healthz", "/static/page.js", "/none"):
        for host in (*others, *broken, *BROKEN):
            refused = client.get(address, headers={"Host": host})
            assert (refused.status_code, "mask" in refused.text) == (421, False), host


def test_requests_without_the_token_are_refused(talks: Path) -> None:
    headers: list[dict[str, str]] = [{"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}]
    headers += [{}, {"Cookie": "seekpoint_token=wrong"}]
    paths = ("", "list", "resource/aaaaaaaaaaa", "media/aaaaaaaaaaa", "api/status", "api/openapi.json")
    with serving(talks, AccessPolicy(token=TOKEN)) as client:
        for header, path in product(headers, paths):
            refused = client.get(f"/{path}", headers=header)
            assert refused.status_code == 401, path
            assert "Masks" not in refused.text and TOKEN not in refused.text


def test_the_token_comes_in_a_header_through_the_login_link_or_its_form(talks: Path) -> None:
    with serving(talks, AccessPolicy(token=TOKEN)) as client:
        assert client.get("/api/status", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
        entered = client.get("/login", params={"token": TOKEN})
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        parts = {part.strip().lower() for part in entered.headers["set-cookie"].split(";")}
        assert {"httponly", "samesite=lax"} <= parts
        assert client.get("/").status_code == client.get("/healthz").status_code == 200
    with serving(talks, AccessPolicy(token=TOKEN)) as client:
        assert client.post("/login", data={"token": "wrong"}).status_code == 401
        assert client.post("/login", content=b"token=" + b"a" * 20_000).status_code == 413
        assert client.post("/login", data={"token": TOKEN}).status_code == 303
        assert "Masks" in client.get("/list").text


@pytest.mark.parametrize(
    "asked",
    [
        *("/?q=%E6%8E%A9%E7%A0%81&play=bbbbbbbbbbb&t=80", "/list?q=mask", "/new", "/nope?a=/b", f"/?{'&' * 2998}"),
        *("/resource/%E6%8E%A9%E7%A0%81%2F%3Fx%23y%25?q=mask", f"/resource/{quote('掩' * 300)}"),
    ],
)
def test_the_login_leads_to_the_page_that_was_asked_for_and_to_no_other_site(talks: Path, asked: str) -> None:
    elsewhere = ("//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/\t/evil.example")
    with serving(talks, AccessPolicy(token=TOKEN)) as client:
        fields = form(client, asked, "/login") | {"token": "wrong"}
        again = fromstring(client.post("/login", data=fields).text).forms[0]
        assert again.fields["back"] == asked, "a wrong token loses nothing"
        for back in (*elsewhere, "evil.example", "", "/\r\nSet-Cookie: a=b", "/\x0c/evil.example", "/\u2028x"):
            sent = client.post("/login", data={"token": TOKEN, "back": back})
            assert (sent.status_code, sent.headers["location"]) == (303, "/"), repr(back)
        assert client.post("/login", data=fields | {"token": TOKEN}).headers["location"] == asked
    with serving(talks, AccessPolicy(token=TOKEN)) as client:
        too_long = (f"/?q={'x' * 4000}", f"/resource/{'掩' * 1200}", f"/{'%25' * 2000}")
        for path in (*too_long, "/login?back=/list", "/login"):
            fields = form(client, path, "/login") | {"token": TOKEN}
            assert client.post("/login", data=fields).headers["location"] == "/"
            client.cookies.clear()


def test_after_the_login_too_the_question_of_another_sites_link_is_not_asked(talks: Path) -> None:
    encoder = CountingEncoder()
    app = application(LiveLibrary(talks, encoder), AccessPolicy(token=TOKEN))
    client = TestClient(app, HOST, headers={"Sec-Fetch-Site": "cross-site", **LINK})
    for address in ("/?q=a+mask", "/list?q=掩码", "/resource/aaaaaaaaaaa?q=mask&find=mask"):
        back = form(client, address, "/login")["back"]
        own = {"Sec-Fetch-Site": "same-origin", "Authorization": f"Bearer {TOKEN}"}
        page = client.get(back, headers=own).text
        assert "press Enter" in page and "<mark" not in page
    assert encoder.asked == []


def login(talks: Path, host: str = "localhost:8080") -> str:
    with serving(talks, AccessPolicy(token=TOKEN)) as client:
        entered = client.get("/login", params={"token": TOKEN}, headers={"Host": host})
    cookie: str = entered.headers["set-cookie"].partition(";")[0]
    return cookie


def test_the_cookie_is_not_the_token_and_opens_this_server_alone(talks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Browsers send it to programs at other ports of the host too."""
    cookie, now = login(talks), time.time()
    assert TOKEN not in cookie
    name, _, value = cookie.partition("=")
    assert name != login(talks, "localhost:9090").partition("=")[0]
    with serving(talks, AccessPolicy(token=TOKEN)) as client:

        def status(cookie: str, host: str = "localhost:8080", token: str = "") -> int:
            shown: dict[str, str] = {"Authorization": f"Bearer {token}"} if token else {}
            given = {name.encode(): value.encode() for name, value in {"Host": host, "Cookie": cookie, **shown}.items()}
            return client.get("/api/status", headers=given).status_code

        others = 'x={"a":1}; 名=値; foo[bar]=b c'
        assert status(cookie) == status(f"{others}; {cookie}") == 200, "cookies of other programs are passed over"
        assert status(others) == status("", token=value) == status("", token=value.partition(".")[2]) == 401
        for port in (9090, 80):
            assert status(f"seekpoint_{port}={value}", f"localhost:{port}") == 401
        expiry, _, signature = value.partition(".")
        for forged in (f"{int(expiry) + 1}.{signature}", f".{signature}", signature, f"{expiry}.", ""):
            assert status(f"{name}={forged}") == 401
        with serving(talks, AccessPolicy(token=f"{TOKEN}-of-another-server"), Cookie=cookie) as other:
            assert other.get("/api/status", headers={"Host": "localhost:8080"}).status_code == 401
        for days, code in ((29, 200), (31, 401)):
            monkeypatch.setattr(time, "time", lambda days=days: now + 24 * 3600 * days)
            assert status(cookie) == code, "it ends after thirty days"


ORIGINS = ("https://attacker.example", "http://localhost:3000", "null")
ELSEWHERE = [*({"Sec-Fetch-Site": f"{site}-site"} for site in ("cross", "same")), *({"Origin": own} for own in ORIGINS)]
LINK = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
IMAGE = {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
FRAME = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}


def test_pages_of_other_sites_get_nothing(talks: Path) -> None:
    encoder = CountingEncoder()
    with serving(talks, encoder=encoder) as client:
        for address, headers, method, shown in product(
            ("/?q=mask", "/list?q=mask", "/resource/aaaaaaaaaaa?q=mask", "/resource/aaaaaaaaaaa/found?find=mask",
             "/api/ask?q=mask", "/api/reading?q=mask", "/api/suggestions?q=mask", "/api/resources", "/kept", "/healthz",
             "/login", "/static/page.js"),
            ELSEWHERE, ("GET", "HEAD", "POST"), ({}, IMAGE, FRAME),
        ):  # fmt: skip
            assert client.request(method, address, headers=headers | shown).status_code == 403, address
    assert encoder.asked == []


@pytest.mark.parametrize("address", ["/", "/list", "/resource/aaaaaaaaaaa"])
def test_a_link_of_another_site_shows_its_question_and_asks_nothing(talks: Path, address: str) -> None:
    encoder = CountingEncoder()
    with serving(talks, encoder=encoder) as client:
        for headers in ({"Sec-Fetch-Site": "cross-site", **LINK}, {"Referer": "https://attacker.example/page"}):
            shown = client.get(address, params={"q": "a mask?"}, headers=headers)
            assert (shown.status_code, encoder.asked) == (200, [])
            assert 'value="a mask?"' in shown.text
            assert "press Enter" in shown.text
            assert "press Enter" not in client.get(address, headers=headers).text
            looked_for = client.get("/resource/aaaaaaaaaaa?find=mask", headers=headers).text
            assert 'value="mask"' in looked_for and "<mark" not in looked_for
            assert client.get("/api/ask?q=mask", headers=headers).status_code == 403
            assert client.get("/media/aaaaaaaaaaa", headers=headers).status_code == 403
        asked = client.get(address, params={"q": "a mask?"}, headers={"Sec-Fetch-Site": "same-origin", **LINK})
        assert "press Enter" not in asked.text
    assert encoder.asked == ["a mask"]


def test_programs_people_and_the_servers_own_pages_ask_but_broken_headers_are_refused(client: TestClient) -> None:
    own = [{"Origin": "http://localhost"}, {"Referer": "http://localhost/list"}, {"Sec-Fetch-Site": "same-origin"}]
    for headers in ({}, {"Sec-Fetch-Site": "none", **LINK}, *own):
        assert client.get("/api/ask?q=mask", headers=headers).json()["moments"]
        assert "hides the future" in client.get("/?q=mask", headers=headers).text
    for address, broken in product(("/", "/api/ask?q=mask", "/list", "/login"), BROKEN):
        assert client.get(address, headers={"Origin": broken}).status_code == 403
        assert client.post(address, headers={"Origin": broken}).status_code == 403
        referred = client.get(address, params={"q": "mask"}, headers={"Referer": broken})
        assert (referred.status_code == 403) == address.startswith("/api/")
        assert "hides the future" not in referred.text


def test_a_recording_is_served_in_parts_uncompressed_until_its_file_is_gone(talks: Path, client: TestClient) -> None:
    (recording,) = (each for each in client.get("/api/resources").json()["resources"] if each["kind"] == "recording")
    address = f"/media/{recording['id']}"
    whole = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert (whole.content, whole.headers["content-type"]) == (BYTES, "audio/ogg")
    part = client.get(address, headers={"Range": "bytes=100-199", "Accept-Encoding": "gzip"})
    assert (part.status_code, part.content) == (206, BYTES[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(BYTES)}"
    assert "content-encoding" not in whole.headers | part.headers
    assert client.get(address, headers={"Range": f"bytes={len(BYTES)}-"}).status_code == 416
    file = (talks.parent / "talk.ogg").rename(talks.parent / "away.ogg")
    try:
        assert client.get(address).status_code == 404
    finally:
        file.rename(talks.parent / "talk.ogg")


def test_a_pdf_opens_at_its_page_from_the_servers_own_list(tmp_path: Path) -> None:
    pages = [SENTENCES, (*SENTENCES[:2], "A mask hides what comes later in the text.")]
    (tmp_path / "掩码.pdf").write_bytes(made([lines(50, 700, page) for page in pages]))
    library = tmp_path / "library"
    seekpoint.build([tmp_path / "掩码.pdf"], library, encoder=TopicEncoder(), translate=False)
    (key,) = (status.id for status in seekpoint.open_library(library).resources())
    with serving(library) as client:
        asked, own_page = client.get("/?q=mask").text, client.get(f"/resource/{key}").text
        assert f'href="/media/{key}#page=2" target="_blank"' in asked and f'href="/media/{key}"' in own_page
        assert f'data-link="/media/{key}#page=2"' in asked, "copying gives what opens it"
        whole = client.get(f"/media/{key}", headers={"Accept-Encoding": "gzip"})
        assert whole.content == (tmp_path / "掩码.pdf").read_bytes()
        assert whole.headers["content-type"] == "application/pdf" and "content-encoding" not in whole.headers
        assert whole.headers["content-disposition"].startswith("inline; ")
        assert whole.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in whole.headers["content-security-policy"]
        elsewhere = {"Sec-Fetch-Site": "cross-site", **LINK}
        assert client.get(f"/media/{key}", headers=elsewhere).status_code == 403
        (tmp_path / "掩码.pdf").unlink()
        assert client.get(f"/media/{key}").status_code == 404
        assert f'href="/resource/{key}?language=' in client.get("/?q=mask").text, "its text is still there"
    with serving(library, policy=AccessPolicy(token=TOKEN)) as client:
        assert "application/pdf" not in client.get(f"/media/{key}").headers["content-type"]


def test_only_files_of_indexed_recordings_and_papers_are_served(hostile: Path) -> None:
    with serving(hostile) as client:
        for name in (*IDS, "..", "../secret.mp4", "/etc/passwd", "%2e%2e/secret.mp4", "..%2fsecret.mp4"):
            for address in (f"/media/{quote(name, safe='')}", f"/media/{name}", f"/static/{name}"):
                answer = client.get(address)  # the client itself resolves dots in some of them
                assert answer.status_code >= 400 or "text/html" in answer.headers["content-type"]
                assert answer.content not in (b"secret", b"not listed")
