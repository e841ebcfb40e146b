"""The page's texts in each of its languages, and the choice of the language that a browser prefers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite

from seekpoint.index.text.language_tags import primary

LANGUAGES = {"en": "en", "zh": "zh-Hans"}
"""The page's `lang` attribute, by primary subtag."""

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "ask": "Ask",
        "ask_inside": "Ask within this",
        "skip": "Skip to the answer",
        "nav": "Pages",
        "reading_list": "Reading list",
        "question": "Your question",
        "placeholder": "Ask in your own words, in any language",
        "tagline": "Ask your reading list. Land where the answer begins.",
        "filters": "Search only in",
        "section": "Section",
        "kind": "Kind",
        "language": "Language",
        "any_section": "All sections",
        "any_kind": "All kinds",
        "any_language": "All languages",
        "inside": "Only in",
        "everywhere": "Search everywhere",
        "answer": "Answer",
        "moments": "{n} moments",
        "moment": "1 moment",
        "no_answer": "Nothing here answers that.",
        "nearest": "Nothing here answers that. These are the nearest moments.",
        "perhaps": "These may not answer it.",
        "respelled": "Nothing here mentions {word}; searched for {meant}.",
        "unknown": "Nothing here mentions {words}.",
        "join": "”, “",
        "missing": "No passage has “{phrases}”.",
        "nearer": "Nearer passages lack what is in quotation marks: leave these away.",
        "excluded": "All that is near has “{words}”.",
        "marks": "“a phrase” is searched for word for word, and -word leaves out what has the word",
        "nothing_left": "Nothing that is indexed passes these filters.",
        "nothing_indexed": "Nothing is indexed yet: the reading list says why.",
        "play_from": "Play “{title}” from {time}",
        "page": "page {n}",
        "in_chapter": "in “{title}”",
        "around": "What is said around it",
        "around_read": "What stands around it",
        "copy": "Copy link",
        "copied": "Copied",
        "copy_failed": "The link couldn’t be copied",
        "like": "More like this",
        "transcript": "Transcript",
        "text": "Text",
        "whole": "Whole transcript",
        "whole_text": "Whole text",
        "hits": "Where the moments lie, from 0:00 to {end}",
        "player": "Player",
        "close": "Close the player",
        "playing": "Playing “{title}” from {time}",
        "follow": "Follow along",
        "cant_play": "This browser can’t play the file.",
        "chapters": "Chapters",
        "generated_chapters": "Chapters, made of what is said",
        "headings": "Headings",
        "on_youtube": "Open on YouTube",
        "at_source": "Open the original",
        "found_inside": "Found in here",
        "no_heading": "No heading",
        "off_list": "No longer on a list",
        "no_transcript": "no transcript",
        "unavailable": "unavailable",
        "deferred": "deferred",
        "pending": "pending",
        "of_indexed": "{n} of {total} indexed",
        "hours": "{n} hours",
        "show_hits": "Show where a question is answered",
        "mark": "Show",
        "video": "video",
        "playlist": "playlist",
        "paper": "paper",
        "recording": "recording",
        "document": "document",
        "kind_page": "article",
        "empty_title": "There is no library here yet",
        "empty_text": "Build one from a list of links, a single link or a folder, then ask again on this page:",
        "error": "That didn’t work",
        "back": "Back to the question",
        "login_title": "This library asks for its token",
        "login_text": "The terminal where the server was started shows a link that lets you in, and the token.",
        "token": "Token",
        "enter": "Enter",
        "wrong_token": "That isn’t the token.",
        "failed": "The server didn’t answer. Is it still running?",
        "en": "English",
        "zh": "Chinese",
    },
    "zh": {
        "ask": "提问",
        "ask_inside": "只在这里提问",
        "skip": "跳到答案",
        "nav": "页面",
        "reading_list": "阅读清单",
        "question": "你的问题",
        "placeholder": "用自己的话提问，任何语言都行",
        "tagline": "向你的阅读清单提问，直达答案开始的那一秒。",
        "filters": "只搜索",
        "section": "章节",
        "kind": "类型",
        "language": "语言",
        "any_section": "所有章节",
        "any_kind": "所有类型",
        "any_language": "所有语言",
        "inside": "只在",
        "everywhere": "搜索全部",
        "answer": "答案",
        "moments": "{n} 个片段",
        "moment": "1 个片段",
        "no_answer": "这里没有这个问题的答案。",
        "nearest": "这里没有这个问题的答案。下面是最接近的片段。",
        "perhaps": "这些片段不一定回答了这个问题。",
        "respelled": "这里没有提到 {word}，已改为搜索 {meant}。",
        "unknown": "这里没有提到：{words}。",
        "join": "”、“",
        "missing": "没有一处原文包含“{phrases}”。",
        "nearer": "更接近的内容不含引号里的原文：去掉引号就能找到。",
        "excluded": "接近的内容都包含“{words}”。",
        "marks": "“引号”里的内容按原文查找，-词 排除含有该词的内容",
        "nothing_left": "没有符合这些筛选条件的内容。",
        "nothing_indexed": "还没有任何内容入库：阅读清单里有原因。",
        "play_from": "从 {time} 播放《{title}》",
        "page": "第 {n} 页",
        "in_chapter": "出自“{title}”",
        "around": "前后都说了什么",
        "around_read": "上下文",
        "copy": "复制链接",
        "copied": "已复制",
        "copy_failed": "链接无法复制",
        "like": "更多类似内容",
        "transcript": "字幕",
        "text": "正文",
        "whole": "完整字幕",
        "whole_text": "完整正文",
        "hits": "片段所在的位置，从 0:00 到 {end}",
        "player": "播放器",
        "close": "关闭播放器",
        "playing": "正在从 {time} 播放《{title}》",
        "follow": "跟随播放",
        "cant_play": "这个浏览器无法播放该文件。",
        "chapters": "分段",
        "generated_chapters": "分段（按所讲内容生成）",
        "headings": "目录",
        "on_youtube": "在 YouTube 上打开",
        "at_source": "打开原文",
        "found_inside": "在这里找到",
        "no_heading": "没有标题",
        "off_list": "已不在任何清单上",
        "no_transcript": "没有字幕",
        "unavailable": "无法获取",
        "deferred": "稍后再试",
        "pending": "等待中",
        "of_indexed": "共 {total} 项，已入库 {n} 项",
        "hours": "{n} 小时",
        "show_hits": "看看一个问题在哪里有答案",
        "mark": "显示",
        "video": "视频",
        "playlist": "播放列表",
        "paper": "论文",
        "recording": "录音录像",
        "document": "文档",
        "kind_page": "文章",
        "empty_title": "这里还没有资料库",
        "empty_text": "先用一份链接清单、一个链接或一个文件夹建好资料库，再回到这里提问：",
        "error": "没有成功",
        "back": "回到提问",
        "login_title": "这个资料库需要令牌",
        "login_text": "启动服务器的终端里有登录链接，也有令牌。",
        "token": "令牌",
        "enter": "进入",
        "wrong_token": "令牌不对。",
        "failed": "服务器没有回答。它还在运行吗？",
        "en": "英语",
        "zh": "中文",
    },
}


def preferred_language(accept_language: str) -> str:
    """The page's language for an Accept-Language header; English if it names none of them."""
    weights = [_language_weight(part) for part in accept_language[:500].split(",")]
    known = [(weight, -order, name) for order, (name, weight) in enumerate(weights) if name in WORDS and weight > 0]
    return max(known, default=(0.0, 0, "en"))[2]


def translator(language: str) -> Callable[..., str]:
    """A function from a text's key, and the values in it, to the text in a language."""
    words = WORDS[language]

    def translate(key: str, **values: object) -> str:
        return words[key].format(**values)

    return translate


def language_name(tag: str, language: str) -> str:
    """The name of the language with a tag, in the page's `language`; the tag itself if there is no name for it."""
    return WORDS[language].get(primary(tag), tag) if primary(tag) in WORDS else tag


def _language_weight(part: str) -> tuple[str, float]:
    tag, _, rest = part.strip().partition(";")
    try:
        weight = float(rest.strip().removeprefix("q=") or 1)
    except ValueError:
        weight = 0.0
    return primary(tag.strip()), weight if isfinite(weight) else 0.0
