"""Tables of addresses and of YouTube's video ids."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cost import at_most
from tests.indexer.reading_list.listed import Row, fault, read, remark, rows

WATCH = "www.youtube.com/watch?v="
IDS = ("kCc8FmEb1nY", "zjkBMFhNj_g", "dQw4w9WgXcQ", "-jNQXAC9IVR", "abcdefghijk")
RAINDROP = """\
id,title,note,excerpt,url,folder,tags,created,cover,highlights,favorite
1,Nested,a note,,https://a.org/x,学习 / Voice acting,"a, b",2024-04-13T14:17:33.000Z,https://c.org/x.jpg,,false
2,"注意力,
第二行","say ""hi"" twice",,https://b.org/y,CI/CD,,,,,
3,No address,,,,Folder,,,,,
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            RAINDROP,
            [("Nested", "a.org/x", (("学习", "Voice acting"),)), ("注意力, 第二行", "b.org/y", (("CI/CD",),))],
        ),
        (
            "title,url,time_added,tags,status\n一,https://a.org/x,1700000000,数学|b,unread\nhttps://b.org,https://b.org,1,,\n",
            [("一", "a.org/x", (("数学",), ("b",))), ("", "b.org/", ())],
        ),
        (
            "URL,Title,Selection,Folder,Timestamp\nhttps://a.org/x,标题,a quote,Starred,1679174385\n",
            [("标题", "a.org/x", (("Starred",),))],
        ),
        (
            '"Key","Author","Title","DOI","Url"\n"ABC","Vaswani","Attention","10.1/x","http://arxiv.org/abs/1706.03762"\n',
            [("Attention", "arxiv.org/abs/1706.03762", ())],
        ),
        ("讲座,https://a.org/x\nTalk,https://b.org/y\n", [("", "a.org/x", ()), ("", "b.org/y", ())]),
        ("名称;链接\n讲座;https://a.org/x\n", [("", "a.org/x", ())]),
        ("name\tlink\r\n讲座\thttps://a.org/x\r\n", [("讲座", "a.org/x", ())]),
        (f"{IDS[0]}\n{IDS[1]}\n", [("", f"{WATCH}{one}", ()) for one in IDS[:2]]),
    ],
    ids=["Raindrop", "Pocket", "Instapaper", "Zotero", "no header", "semicolons", "tabs", "ids alone"],
)
def test_the_columns_of_a_table_are_known_by_their_names_and_contents(
    tmp_path: Path, text: str, expected: list[Row]
) -> None:
    assert rows(read(tmp_path, "表.csv", text)) == expected


@pytest.mark.parametrize(
    "header",
    [
        "Video ID,Playlist Video Creation Timestamp",
        "Video-ID,Zeitstempel der Erstellung des Playlist-Videos",
        "ID de la vidéo,Code temporel",
        "Identifiant,Horodatage",
        "影片 ID,播放清單影片的建立時間戳記",
        "视频 ID,播放列表视频创建时间戳",
        "動画 ID,再生リストの動画の作成タイムスタンプ",
        "yt_video_id,created_utc",
    ],
)
def test_takeouts_video_ids_are_recognised_by_their_form(tmp_path: Path, header: str) -> None:
    text = header + "".join(f"\n{one},2024-01-05T12:00:00+00:00" for one in (*IDS, "", "gone"))
    found = read(tmp_path, "稍后观看-videos.csv", text)
    assert rows(found) == [("", f"{WATCH}{one}", ()) for one in IDS]
    assert remark(found) == "2 of 7 entries left out: 2 without a video's id"


def test_takeouts_older_files_begin_with_a_table_about_the_playlist(tmp_path: Path) -> None:
    text = f"""\
Playlist Id,Channel Id,Time Created,Time Updated,Title,Description,Visibility
WL,UC_x5XG1OV2P6uZZ5FSM9Ttw,2015-01-01 00:00:00 UTC,,稍后观看,,Private

Video Id,Time Added
{IDS[0]},2021-05-01 12:00:00 UTC

{IDS[1]},2021-05-01 12:00:00 UTC
"""
    found = read(tmp_path, "Watch later.csv", text)
    assert ([row[1] for row in rows(found)], remark(found)) == ([f"{WATCH}{one}" for one in IDS[:2]], "")


def test_takeouts_subscriptions_are_channels(tmp_path: Path) -> None:
    channel = "www.youtube.com/channel/UC_x5XG1OV2P6uZZ5FSM9Ttw"
    text = f"Kanal-ID,Kanal-URL,Kanaltitel\nUC_x5XG1OV2P6uZZ5FSM9Ttw,http://{channel},谷歌\n"
    assert rows(read(tmp_path, "subscriptions.csv", text)) == [("", channel, ())]


def test_broken_rows_are_counted_and_the_others_read(tmp_path: Path) -> None:
    text = 'title,url\nOne,https://a.org/1\n"left open,https://a.org/2\n二,https://a.org/3\n"x" y,https://a.org/4\n5,https://a.org/5'
    found = read(tmp_path, "a.csv", text)
    assert rows(found) == [("One", "a.org/1", ()), ("5", "a.org/5", ())]
    assert remark(found) == "3 of 5 entries left out: 3 in lines that aren't CSV"
    cut = read(
        tmp_path,
        "a.csv",
        'url,title\nhttps://a.org/1,One\nhttps://a.org/2\n,二\nn/a,三\njavascript:x,4\n"https://a.org/6',
    )
    assert [row[1] for row in rows(cut)] == ["a.org/1", "a.org/2"]
    assert remark(cut) == ("4 of 6 entries left out: 2 without an address, 1 in lines that aren't CSV, 1 javascript:")
    long = f'url,note\nhttps://a.org/1,"{"注" * 200_000}"\nhttps://a.org/2,x\n'
    assert remark(read(tmp_path, "a.csv", long)) == "1 of 2 entries left out: 1 in lines that aren't CSV"


@pytest.mark.parametrize(
    "text",
    [
        "name,value\na,b\n",
        "word,date\nattention,12-Jan-2024\nsoftmaxxing,13-Jan-2024\n",
        "phone\n555-1234567\n55512345678\n",
        "a.csv",
    ],
)
def test_a_table_without_addresses_is_refused(tmp_path: Path, text: str) -> None:
    assert "no links found (looked for a column named url" in fault(tmp_path, "a.csv", text)


@pytest.mark.slow
@pytest.mark.parametrize("count", [10_000, pytest.param(50_000, marks=pytest.mark.nightly)])
def test_thousands_of_rows_are_read_in_seconds(tmp_path: Path, count: int) -> None:
    text = "title,url,folder\n" + "".join(f"第 {n} 讲,https://a.org/{n},讲座\n" for n in range(1, count + 1))
    with at_most(count / 2500):
        found = read(tmp_path, "a.csv", text)
    assert (found.entries, rows(found)[-1]) == (count, (f"第 {count} 讲", f"a.org/{count}", (("讲座",),)))
