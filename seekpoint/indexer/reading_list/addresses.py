"""Canonical resources of addresses and local paths: every spelling of an address gives the same resource."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, quote, urljoin, urlsplit
from urllib.request import url2pathname

from seekpoint.file_formats import ARCHIVES, DOCUMENT_SUFFIXES, MEDIA_TYPES, UNREAD_SUFFIXES
from seekpoint.files import path_and_place
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Kind, Resource
from seekpoint.indexer.sources.captions import is_captions, stem_of, title_of, video_id_of
from seekpoint.video_sites import video_or_playlist

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
# The parts of a link to a file that aren't its path.
_AROUND_PATH = re.compile(r"\Afile:(?://[^/]*)?|[?#].*\Z", re.IGNORECASE | re.DOTALL)
# Other schemes become resources too, to be reported as unreadable; scripts and inline data don't.
_OTHER_SCHEME = re.compile(r"(?!javascript:|vbscript:|data:|file:)[a-z][a-z0-9+.-]*://[^/]", re.IGNORECASE)
# Links to files of the reader's own machine: file:, a Windows drive, a network share.
_OF_A_MACHINE = re.compile(r"file:|[a-z]:[\\/]|\\", re.IGNORECASE)
# On GitHub, a link that begins with a slash is relative to the root of the repository.
_REPOSITORY_TOP = re.compile(r"https://github\.com/[^/]+/[^/]+/blob/[^/]+/")
_WEB_SCHEME = re.compile(r"https?:/*", re.IGNORECASE)
_WITHOUT_SCHEME = re.compile(
    r"//|www\.|(?:(?:m|music)\.)?youtube\.com/|youtube-nocookie\.com/|youtu\.be/|arxiv\.org/", re.IGNORECASE
)
_YOUTUBE_HOST = re.compile(r"(?:(?:www|m|music)\.)?youtube(?:-nocookie)?\.com|(?:www\.)?youtu\.be")
_VIDEO_ID = re.compile(r"([A-Za-z0-9_-]{11})(?![A-Za-z0-9_-])")
_VIDEO_PATH = re.compile(r"(?:youtu\.be|\.com/(?:shorts|live|embed|v))/(?!videoseries|live_stream)([^/]+)")
# None that could be a video's, or a `short_hash`: it would be the same resource as what another address names.
_PLAYLIST_ID = re.compile(r"(?!(?:[\w-]{11}|[0-9a-f]{20})(?![\w-]))[\w-]{2,}", re.ASCII)
_CHANNEL_PATH = re.compile(r"/(?:@[^/]+|(?:channel|c|user)/[^/]+)(?:/(?!featured|videos)[^/]+)?")
_FEED_SCHEME = re.compile(r"\A(?:feed|itpc|pcast):(?://|(?=https?:))", re.IGNORECASE)
_FEED_SUFFIX = ".rss"
_APPLE_PATH = re.compile(r"/(?:[a-z]{2}/)?podcast/(?:[^/]+/)?id(\d{1,20})/?")
_ARXIV_HOST = re.compile(r"(?:www\.|export\.)?arxiv\.org")
_ARXIV_PATH = re.compile(r"/(?:abs|pdf|html)/(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?![0-9])")
# Parameters that tell a site where its visitors come from, as browsers and ad blockers take them out.
_TRACKING = re.compile(
    r"(?:(?:utm|mtm|pk|hsa|oly|vero)_[^=]*|(?:fb|g|dc|tw|y|ys|tt)clid|gclsrc|msclkid|[gw]braid|srsltid"
    r"|igsh(?:id)?|li_fat_id|mc_[ce]id|mkt_tok|_hs(?:enc|mi)|__hs(?:tc|sc|fp)|_ga|_gl)(?:=|\Z)",
    re.IGNORECASE,
)
_SLASHES = str.maketrans("\\", "/")
_LONGEST_HOST = 253
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SAFE = "/%:@!$&'()*+,;=~?"

APPLE = "podcasts.apple.com"
"""The host of Apple's directory of podcasts."""


def short_hash(url: str) -> str:
    """An id for resources without one of their own: 20 hexadecimal digits, so that no second text with it is found."""
    return blake2b(url.encode(), digest_size=10).hexdigest()


def is_own(resource: Resource) -> bool:
    """Whether a resource has the id of its address, and isn't a file of this machine."""
    of_youtube = resource.is_on_youtube and resource.url.endswith(f"={resource.id}")
    is_hash = resource.id in (short_hash(resource.url), _feed_id(resource.url))
    return (is_hash or of_youtube) and not resource.url.startswith("file:///")


def resource_of(url: str, title: str = "", sections: Iterable[tuple[str, ...]] = ()) -> Resource | None:
    """The resource at a web address; `None` if `url` is none.

    A malformed address becomes a page as it is: fetching it reports what is wrong.
    """
    address = url.strip()
    if _FEED_SCHEME.match(address):
        return feed_resource(address, title, sections)
    if _WITHOUT_SCHEME.match(address):
        address = f"https://{address.removeprefix('//')}"
    if not _WEB_SCHEME.match(address):
        return None
    address = _WEB_SCHEME.sub(lambda scheme: f"{scheme[0].lower().rstrip('/')}//", address, count=1)
    try:
        parts = _normal(urlsplit(address))
    except ValueError:
        resource = _resource(Kind.PAGE, _quoted(address, "#[]"))
    else:
        resource = _youtube(parts) or _arxiv(parts) or _apple(parts) or _on_another_site(parts)
    return replace(resource, title=clean(title), sections=tuple(sections))


def feed_resource(url: str, title: str = "", sections: Iterable[tuple[str, ...]] = ()) -> Resource | None:
    """The feed of a podcast at a web address, a playlist; `None` if `url` is none.

    Its id isn't that of the page at the same address, which may turn out to be a feed.
    """
    address = _FEED_SCHEME.sub(lambda scheme: "" if scheme[0][-1] == ":" else "http://", url.strip())
    resource = resource_of(address, title, sections)
    if resource is None or resource.kind is Kind.PLAYLIST:
        return resource
    return replace(resource, id=_feed_id(resource.url), kind=Kind.PLAYLIST)


def is_feed(playlist: Resource) -> bool:
    """Whether a playlist is the feed of a podcast, or a show in Apple's directory."""
    return playlist.id == _feed_id(playlist.url) or playlist.url.startswith(f"https://{APPLE}/")


def address_of(resource: Resource) -> str:
    """The address that `resource_of` reads as this resource: that of a feed may have to say that it is one."""
    without_scheme = resource_of(resource.url) if is_feed(resource) else None
    return f"feed:{resource.url}" if without_scheme and without_scheme.kind is not Kind.PLAYLIST else resource.url


def resource_of_path(path: Path, title: str = "", sections: Iterable[tuple[str, ...]] = ()) -> Resource:
    """The resource in a local file, which may be missing; a file of unknown kind is a document.

    A recording has a title of its file, as has a file in a format that isn't read. Other files may contain a title.
    """
    real = Path(os.path.realpath(path))
    resource = _resource(kind_of_path(path) or Kind.DOCUMENT, real.as_uri())
    file_title = ""
    if is_unread(path):
        file_title = clean(path.name)
    elif resource.kind.plays:
        file_title = title_of(path) if is_captions(path) else clean(path.stem)
    return replace(resource, title=clean(title), file_title=file_title, sections=tuple(sections))


def resource_of_link(
    href: str, title: str = "", sections: Iterable[tuple[str, ...]] = (), base: Path | str | None = None
) -> Resource | None:
    """The target of a link: an address or a file; `None` for anchors, mail and scripts.

    `base` is the folder of the list, or its address. The links of a list on the web never name files of this machine.
    """
    if resource := resource_of(href, title, sections):
        return resource
    if _OTHER_SCHEME.match(href):
        return replace(_resource(Kind.PAGE, _quoted(href, "#[]")), title=clean(title), sections=tuple(sections))
    if isinstance(base, str):
        target = _resource_on_the_web(href.strip(), base)
        return replace(target, title=clean(title), sections=tuple(sections)) if target else None
    relative = not href.lower().startswith("file:")
    if not _AROUND_PATH.sub("", href) or (relative and (base is None or _SCHEME.match(href))):
        return None
    return resource_of_path((base or Path()) / path_of_link(href), title, sections)


def resources_of_files(files: Sequence[Path], sections: Iterable[tuple[str, ...]] = ()) -> tuple[Resource, ...]:
    """The resources in files of one folder. A recording and its captions, in any language, are one resource.

    Captions with a video id in their name are that video. Files of unknown kinds are left out, those in a format that
    isn't read beside a PDF or text of the same name, and those `beside_pdf`.
    """
    doubled = beside_pdf(files)
    files = [file for file in files if file not in doubled]
    recordings = {file.stem for file in files if file.suffix.lower() in MEDIA_TYPES}
    converted = {file.stem for file in files if kind_of_path(file) in (Kind.PAPER, Kind.DOCUMENT)}
    groups: dict[tuple[Kind, str], list[Path]] = {}
    for file in files:
        kind = kind_of_path(file)
        if kind is Kind.RECORDING:
            stem = file.stem if is_captions(file) and file.stem in recordings else stem_of(file)
            groups.setdefault((kind, stem), []).append(file)
        elif kind or (is_unread(file) and file.stem not in converted):
            groups[kind or Kind.DOCUMENT, file.name] = [file]
    paths = tuple(sections)
    resources: list[Resource | None] = []
    for group in groups.values():
        captions = [file for file in group if is_captions(file)]
        if named := [file for file in captions if video_id_of(file)]:
            video = resource_of(f"youtu.be/{video_id_of(named[0])}", sections=paths)
            resources.append(video and replace(video, file_title=title_of(named[0])))
        else:
            others = [file for file in group if file not in captions]
            resources.append(resource_of_path((others or captions)[0], sections=paths))
    return tuple(filter(None, resources))


def beside_pdf(files: Sequence[Path]) -> set[Path]:
    """The books and documents of Office that have a PDF of the same name beside them, which opens at its pages."""
    pdfs = {file.stem for file in files if kind_of_path(file) is Kind.PAPER}
    return {file for file in files if file.suffix.lower() in ARCHIVES and file.stem in pdfs}


def path_of_link(link: str) -> Path:
    """Decode the path of a relative or `file:` link."""
    return Path(url2pathname(_AROUND_PATH.sub("", link)).replace("\0", "\ufffd"))


def path_named(name: str) -> Path:
    """The path that a user names, by itself or by a `file:` link, with or without a place in it."""
    return path_of_link(name) if name.lower().startswith("file:") else Path(path_and_place(name)[0])


def local_path(url: str) -> Path:
    """The path of a `file://` address."""
    return Path(url2pathname(urlsplit(url).path))


def kind_of_path(path: Path) -> Kind | None:
    """The kind of a file, by its suffix."""
    suffix = path.suffix.lower()
    if suffix in MEDIA_TYPES or is_captions(path):
        return Kind.RECORDING
    if suffix == ".pdf":
        return Kind.PAPER
    return Kind.DOCUMENT if suffix in DOCUMENT_SUFFIXES or suffix in ARCHIVES else None


def is_unread(path: Path) -> bool:
    """Whether a file is a document in a format that isn't read."""
    return path.suffix.lower() in UNREAD_SUFFIXES


def _resource_on_the_web(href: str, base: str) -> Resource | None:
    path = _AROUND_PATH.sub("", href)
    if path and _OF_A_MACHINE.match(href):
        host = _bracketed(urlsplit(base).hostname or "")
        # The file is on the machine of the list. "localhost" would mean this one.
        host = "127.0.0.1" if host == "localhost" else host
        return _resource(Kind.PAGE, f"file://{host}/{_quoted(path.translate(_SLASHES).lstrip('/'))}")
    if not path or _SCHEME.match(href):
        return None
    top = _REPOSITORY_TOP.match(base) if href.startswith("/") else None
    return resource_of(urljoin(top[0] if top else base, href.lstrip("/") if top else href))


def _resource(kind: Kind, url: str, own_id: str | None = None) -> Resource:
    return Resource(own_id or short_hash(url), kind, "", url)


def _quoted(text: str, also_safe: str = "") -> str:
    return quote(text, safe=_SAFE + also_safe, errors="replace")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _normal(parts: SplitResult) -> SplitResult:
    """Host in lower case and ASCII, no default port, no fragment; raises ValueError for an invalid host or port."""
    host = (parts.hostname or "").rstrip(".")
    if not host.isascii():
        if len(host) > _LONGEST_HOST:
            raise ValueError("no host has such a long name")
        host = host.encode("idna").decode()
    user, at, _ = parts.netloc.rpartition("@")
    port = f":{parts.port}" if parts.port not in (None, _DEFAULT_PORTS[parts.scheme]) else ""
    netloc = _quoted(user) + at + _bracketed(_quoted(host, "[]")) + port
    return parts._replace(netloc=netloc, path=_quoted(parts.path), query=_quoted(parts.query), fragment="")


def _youtube(parts: SplitResult) -> Resource | None:
    host = parts.hostname or ""
    if not _YOUTUBE_HOST.fullmatch(host):
        return None
    query = parse_qs(parts.query)
    path_id = _VIDEO_PATH.search(host + parts.path)
    watch_id = query.get("v", [""])[0] if parts.path in ("", "/", "/watch", "/watch/") else ""
    if video := _VIDEO_ID.match(path_id[1] if path_id else watch_id):
        return _resource(Kind.VIDEO, f"https://www.youtube.com/watch?v={video[1]}", video[1])
    feed = query if parts.path == "/feeds/videos.xml" else {}
    if playlist := _PLAYLIST_ID.match((query.get("list") or feed.get("playlist_id") or [""])[0]):
        return _resource(Kind.PLAYLIST, f"https://www.youtube.com/playlist?list={playlist[0]}", playlist[0])
    path = f"/channel/{_quoted(feed['channel_id'][0])}" if "channel_id" in feed else parts.path
    if channel := _CHANNEL_PATH.match(path):
        return _resource(Kind.PLAYLIST, f"https://www.youtube.com{channel[0]}")
    return None


def _arxiv(parts: SplitResult) -> Resource | None:
    paper = _ARXIV_HOST.fullmatch(parts.hostname or "") and _ARXIV_PATH.match(parts.path)
    return _resource(Kind.PAPER, f"https://arxiv.org/abs/{paper[1]}") if paper else None


def _apple(parts: SplitResult) -> Resource | None:
    """A show in Apple's directory, or an episode of it, which is a playlist of one: its feed is looked up."""
    show = _APPLE_PATH.fullmatch(parts.path) if parts.hostname == APPLE else None
    episode = parse_qs(parts.query).get("i", [""])[0]
    if show is None or not re.fullmatch("[0-9]{0,20}", episode):
        return None
    return _resource(Kind.PLAYLIST, f"https://{APPLE}/podcast/id{show[1]}{'?i=' if episode else ''}{episode}")


def _feed_id(url: str) -> str:
    return short_hash(f"feed {url}")


def _on_another_site(parts: SplitResult) -> Resource:
    if video := video_or_playlist(parts):
        return _resource(video.kind, video.url)
    query = "&".join(pair for pair in parts.query.split("&") if not _TRACKING.match(pair))
    url = parts._replace(path=parts.path or "/", query=query).geturl()
    if parts.path.lower().endswith(_FEED_SUFFIX):
        return _resource(Kind.PLAYLIST, url, _feed_id(url))
    return _resource(Kind.PAPER if parts.path.lower().endswith(".pdf") else Kind.PAGE, url)
