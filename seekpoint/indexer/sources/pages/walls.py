"""Pages without their content: bot checks, cookie forms, paywalls, logins, scripts, notices. Reasons, and remedies."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seekpoint.index.text.clean import clean
from seekpoint.indexer.sources.pages.text_runs import Element, TextRun

_SAVE = "save it there as a web page and put the file on the list"

# Characters: the longest notice, a page with little text, and one with next to none.
_NOTICE = 1500
_LITTLE = 250
_NOTHING = 100

_CHALLENGE = re.compile(
    r"just a moment|checking (?:your|if the site connection)|attention required|verify(?:ing)? (?:that )?you are"
    r"|are you (?:a )?(?:human|robot)|not a robot|captcha|unusual traffic|access denied|环境异常|安全验证|人机验证"
    r"|访问验证|验证码|请完成验证|安全检查|ロボットではありません",
    re.IGNORECASE,
)
_LONGEST_HEADING = 80
_GONE = re.compile(
    r"^\W*(?:error|http)?\W*404\W*(?:error)?\W*$|^\W*not found\W*$"
    r"|\b(?:page|article|post|document|content)\b.*(?:not found|(?:n['’]t|not) (?:be found|exist|available)"
    r"|no longer|been (?:removed|deleted))"
    r"|(?:页面|頁面|网页|網頁|文章|内容|內容|帖子).*(?:不存在|未找到|没找到|不见了|删除|刪除|下架|失效|走丢)"
    r"|(?:找不到|没有找到|沒有找到|无法找到|無法找到).*(?:页|頁|文章|内容|內容)"
    r"|ページ.*(?:見つかりません|存在しません)|페이지를 찾을 수 없|seite.*nicht gefunden"
    r"|page.*(?:introuvable|non trouvée)|página.*(?:no existe|no.* encontra)|pagina non trovata|страница не найдена",
    re.IGNORECASE,
)
_TITLE_BREAK = re.compile(r"\s[|–—·•-]\s|[:：|_]")
_CHALLENGE_PARTS = (
    ".//*[contains(@id, 'challenge-') or contains(@class, 'cf-browser-verification') or contains(@class, 'g-recaptcha')"
    " or contains(@class, 'h-captcha') or contains(@class, 'cf-turnstile')]"
)
_CONSENT_FORM = ".//form[starts-with(@action, 'https://consent.')]"
_PAYWALL = re.compile(r'"isAccessibleForFree"\s*:\s*"?false', re.IGNORECASE)
_JAVASCRIPT = re.compile(r"javascript|java script|enable js", re.IGNORECASE)


def access_problem(root: Element, runs: Sequence[TextRun]) -> str | None:
    """Why a page can't be read; `None` if it shows its text."""
    length = sum(len(run.text) for run in runs)
    if length > _NOTICE:
        return None
    scripts = [script.text or "" for script in root.iter("script")]
    if _is_challenge(root, runs, length):
        return f"its server lets in only people, and asks for a check: open it in a browser, {_SAVE}"
    if root.xpath(_CONSENT_FORM):
        return f"its server asks about cookies first: open it in a browser, {_SAVE}"
    if any(map(_PAYWALL.search, scripts)):
        return f"behind a paywall: if you may read it, open it in a browser, {_SAVE}"
    if length <= _LITTLE and root.xpath(".//input[translate(@type, 'PASWORD', 'pasword')='password']"):
        return f"behind a login: sign in in a browser, {_SAVE}"
    if _is_made_by_script(root, length, bool(scripts)):
        return f"made by script in the browser: {_SAVE}"
    return None if length else _empty(root)


def is_gone(root: Element, article: Sequence[TextRun]) -> bool:
    """Whether a page says that what it had isn't there: in its title, in a heading, or in all that it says."""
    length = sum(len(run.text) for run in article)
    if length > _NOTICE:
        return False
    shown = [run.text for run in article if run.heading is not None or length <= _LITTLE]
    title = clean(root.xpath("string(.//title)"))
    return any(
        len(part) <= _LONGEST_HEADING and _GONE.search(part)
        for text in (title, *shown)
        for part in _TITLE_BREAK.split(text)
    )


def _is_challenge(root: Element, runs: Sequence[TextRun], length: int) -> bool:
    title = clean(root.xpath("string(.//title)"))
    if _CHALLENGE.search(title):
        return True
    says_so = any(_CHALLENGE.search(run.text) for run in runs)
    return length <= _LITTLE and (says_so or bool(root.xpath(_CHALLENGE_PARTS)))


def _is_made_by_script(root: Element, length: int, has_scripts: bool) -> bool:
    if not has_scripts or length > _LITTLE:
        return False
    notices = root.xpath("//noscript") if length else []
    asks = any(_JAVASCRIPT.search("".join(notice.itertext())) for notice in notices)
    return length <= _NOTHING or asks


def _empty(root: Element) -> str:
    if root.find(".//frameset") is not None or root.find(".//frame") is not None:
        return "a page of frames: list the address of the frame that has the text"
    if root.xpath(".//meta[translate(@http-equiv, 'REFSH', 'refsh')='refresh']"):
        return "it only sends browsers on to another address: list that one"
    return "an empty page: there is no text in it"
