"""Feeds of podcasts, made by tests."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

SHOW = "https://show.example"
FEED = f"{SHOW}/feed.xml"
_NAMESPACES = (
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:podcast="https://podcastindex.org/namespace/1.0" '
    'xmlns:psc="http://podlove.org/simple-chapters" xmlns:atom="http://www.w3.org/2005/Atom"'
)


def feed(*items: str, title: str = "Talks about attention", header: str = "", language: str = "en") -> str:
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0" {_NAMESPACES}><channel>'
        f"<title>{escape(title)}</title><language>{language}</language><itunes:author>A publisher</itunes:author>"
        f"{header}{''.join(items)}</channel></rss>"
    )


def item(
    title: str = "An episode",
    *inside: str,
    sound: str | None = f"{SHOW}/1.mp3",
    guid: str = "",
    date: str = "Tue, 03 Nov 2026 10:00:00 GMT",
    media_type: str = "audio/mpeg",
) -> str:
    enclosure = "" if sound is None else f"<enclosure url={quoteattr(sound)} type={quoteattr(media_type)} length='1'/>"
    identity = f'<guid isPermaLink="false">{escape(guid)}</guid>' if guid else ""
    return f"<item><title>{escape(title)}</title>{identity}{enclosure}<pubDate>{date}</pubDate>{''.join(inside)}</item>"


def transcript(url: str, media_type: str = "text/vtt", language: str = "") -> str:
    tag = f" language={quoteattr(language)}" if language else ""
    return f"<podcast:transcript url={quoteattr(url)} type={quoteattr(media_type)}{tag}/>"


def chapters(*titled: tuple[str, str]) -> str:
    """Podlove's simple chapters, each a start and a title."""
    parts = (f"<psc:chapter start={quoteattr(start)} title={quoteattr(title)}/>" for start, title in titled)
    return f'<psc:chapters version="1.2">{"".join(parts)}</psc:chapters>'


def several(count: int) -> list[str]:
    """Episodes that have transcripts `/0.vtt`, `/1.vtt`, …, the newest first."""
    return [
        item(
            f"Episode {number}",
            transcript(f"{SHOW}/{number}.vtt"),
            sound=f"{SHOW}/{number}.mp3",
            date=f"Tue, {28 - number:02d} Jul 2026 10:00:00 GMT",
        )
        for number in range(count)
    ]
