"""The same talk in all caption formats."""

import json

from seekpoint.index.types import Cue

SAID = (
    Cue(1.0, 2.5, "大家好 welcome"),
    Cue(2.5, 4.25, "a < b & c"),
    Cue(3605.125, 3607.0, "[1, 2] 注意力"),
)

FORMATS = {
    "vtt": """WEBVTT

00:01.000 --> 00:02.500
大家好
welcome

00:00:02.500 --> 00:00:04.250
a &lt; b &amp; c

01:00:05.125 --> 01:00:07.000
[1, 2] 注意力
""",
    "srt": """1
00:00:01,000 --> 00:00:02,500
大家好
welcome

2
00:00:02,500 --> 00:00:04,250
a < b & c

3
01:00:05,125 --> 01:00:07,000
[1, 2] 注意力
""",
    "sbv": """0:00:01.000,0:00:02.500
大家好[br]welcome

0:00:02.500,0:00:04.250
a < b & c

1:00:05.125,1:00:07.000
[1, 2] 注意力
""",
    "lrc": """[ti:讲座]
[la:zh]
[offset:+500]
[00:01.50]大家好 welcome
[00:03.00]a < b <00:03.50>& c
[00:04.75]
[60:05.625][1, 2] 注意力
[60:07.50]
""",
    "ttml": """<?xml version="1.0" encoding="utf-8"?>
<tt xml:lang="zh-Hant" xmlns="http://www.w3.org/ns/ttml">
  <head><styling><style xml:id="s1"/></styling></head>
  <body><div>
    <p begin="00:00:01.000" end="00:00:02.500" style="s1">大家好<br/>welcome</p>
    <p begin="2500ms" dur="1.75s">a &lt; <span>b</span> &amp; c</p>
    <p begin="01:00:05.125" end="01:00:07">[1, 2] 注意力</p>
  </div></body>
</tt>
""",
    "srv1": """<?xml version="1.0" encoding="utf-8" ?><transcript>
<text start="1" dur="1.5">大家好
welcome</text><text start="2.5" dur="1.75">a &amp;lt; b &amp;amp; c</text>
<text start="3605.125" dur="1.875">[1, 2] 注意力</text></transcript>
""",
    "srv3": """<?xml version="1.0" encoding="utf-8" ?><timedtext format="3"><head><pen id="1"/></head><body>
<w t="0" id="1" wp="1" ws="1"/><p t="1000" d="1500" w="1"><s ac="0">大家好</s><s t="700"> welcome</s></p>
<p t="2500" d="1750">a &lt; b &amp; c</p><p t="3605125" d="1875">[1, 2] 注意力</p></body></timedtext>
""",
    "json3": """{"wireMagic": "pb3", "events": [
{"tStartMs": 0, "dDurationMs": 9000, "id": 1, "wpWinPosId": 1},
{"tStartMs": 1000, "dDurationMs": 1500, "segs": [{"utf8": "大家好"}, {"utf8": " welcome", "tOffsetMs": 7}]},
{"tStartMs": 2500, "dDurationMs": 1750, "segs": [{"utf8": "a < b\\n& c"}]},
{"tStartMs": 3605125, "dDurationMs": 1875, "segs": [{"utf8": "[1, 2] 注意力"}]}]}""".replace("\n", ""),
    "whisper": """{"text": "…", "language": "zh", "segments": [
{"id": 0, "start": 1.0, "end": 2.5, "text": " 大家好 welcome"},
{"id": 0, "start": 2.5, "end": 4.25, "text": " a < b & c"},
{"id": 0, "start": 3605.125, "end": 3607.0, "text": " [1, 2] 注意力"}]}""".replace("\n", ""),
    "youtube-transcript-api": json.dumps(
        [{"text": cue.text, "start": cue.start, "duration": cue.end - cue.start} for cue in SAID], indent=2
    ),
}
