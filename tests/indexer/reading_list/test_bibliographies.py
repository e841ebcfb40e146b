"""Bibliographies of Zotero and others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seekpoint.index.types import FAMILY, Details, Kind
from tests.cost import at_most
from tests.indexer.reading_list.listed import fault, read, remark, rows

BIBTEX = r"""
% exported by hand
@string{dec = "December"}
@comment{not an entry}
@article{vaswani_attention_2017,
	title = {Attention {{Is}} {All} {You} {N\"eed} \& $\alpha$: 50\% {\o}f {\'{\i}}t},
	url = {http://arxiv.org/abs/1706.03762},
	doi = {10.48550/arXiv.1706.03762},
	month = dec,
}
@misc{scholar, title={Layer normalization}, journal={arXiv preprint arXiv:1607.06450}, year={2016}}
@article(eprint, title = "注意力机制", eprint = {1409.0473v7}, archivePrefix = {arXiv}, url = {https://journal.org/x},)
@misc{jstor, title = {Other eprint}, eprint = {2938351}, eprinttype = {jstor}, url = {https://a.org/a\_b\%20{\textasciitilde}c}}
@misc{web, title = {Page}, howpublished = {\url{https://b.org/x_y}}}
@article{only_doi, title = {Only a DOI}, doi = {https://doi.org/10.1145/1596655.1596682}}
@book{nothing, title = {No address}, year = 1999}
@article{only_doi, title = {The same key}, url = {https://c.org/}, url = {https://d.org/}}
@article{broken, title = {Never closed,
@misc{last, title = {Last}, url = {https://e.org/}}
"""


def test_bibtex(tmp_path: Path) -> None:
    found = read(tmp_path, "文献.bib", BIBTEX)
    assert rows(found) == [
        ("Attention Is All You Nëed & α: 50% øf ít", "arxiv.org/abs/1706.03762", ()),
        ("Layer normalization", "arxiv.org/abs/1607.06450", ()),
        ("注意力机制", "arxiv.org/abs/1409.0473", ()),
        ("Other eprint", "a.org/a_b%20~c", ()),
        ("Page", "b.org/x_y", ()),
        ("Only a DOI", "doi.org/10.1145/1596655.1596682", ()),
        ("The same key", "c.org/", ()),
        ("Last", "e.org/", ()),
    ]
    assert found.resources[0].kind is Kind.PAPER
    assert remark(found) == (
        "2 of 10 entries left out: 1 without an address, a DOI, or a file that is there, 1 not in BibTeX"
    )


FULL = r"""
@article{vaswani2017, title={A}, author={Vaswani, Ashish and van der Maaten, Laurens and Ludwig van~Beethoven and
  {Google Brain and Co.} and J{\"o}rg M{\"u}ller and others}, journal={Advances in {NeurIPS}}, year=2017, month=jun,
  doi={10.1145/15.2}, isbn={978-0-262-03384-8}, url={https://a.org/1}}
@inproceedings{李2020, title={B}, author={李, 宏毅 and 王强}, booktitle={学报 \& more}, date={2020-06-01/2020-07},
  url={https://a.org/2}}
@misc{x, title={C}, author={King, Jr., Martin Luther}, year={c2016}, isbn={978-0-262-03384-9}, url={https://a.org/3}}
"""


def test_facts_of_bibtex(tmp_path: Path) -> None:
    first, second, third = (one.stated for one in read(tmp_path, "a.bib", FULL).resources)
    names = ("Ashish Vaswani", "Laurens van der Maaten", "Ludwig van Beethoven", "Google Brain and Co.", "Jörg Müller")
    assert tuple(name.replace(FAMILY, " ") for name in first.authors) == names
    assert [name.partition(FAMILY)[2] for name in first.authors] == [
        "Vaswani",
        "van der Maaten",
        "van Beethoven",
        "",
        "Müller",
    ]
    assert (first.published, first.container, first.doi) == ("2017-06", "Advances in NeurIPS", "10.1145/15.2")
    assert (first.isbn, first.key) == ("9780262033848", "vaswani2017")
    assert (second.authors, second.published, second.container) == (("李宏毅", "王强"), "2020-06-01", "学报 & more")
    assert (third.authors, third.published, third.isbn) == ((f"Martin Luther{FAMILY}King Jr.",), "2016", None)
    text = "de la Cruz and 王 小明 and 홍 길동 and A \\{ B and {A\u00a0Society}\tAND\n Carla Doe"
    [told] = read(tmp_path, "c.bib", f"@misc{{x, title={{T}}, author={{{text}}}, url={{https://a.org/}}}}").resources
    assert told.stated.authors == (
        *("de la Cruz", "王 小明", "홍 길동", f"A{FAMILY}B", "A Society", f"Carla{FAMILY}Doe"),
    )
    many = " and ".join(f"A{n} B" for n in range(101)) + " and {never closed and " * 100_000
    text = f'@misc{{hostile, author = "{many}", title={{\x1b[31m}}, url={{https://a.org/}}}}'
    with at_most(5):
        assert [len(one.stated.authors) for one in read(tmp_path, "b.bib", text).resources] == [100]


def test_a_file_that_lies_beside_a_bibliography_is_its_entry(tmp_path: Path) -> None:
    names = ("files/2/Vaswani: 注意力.pdf", "files/3/index.html", "papers/b.pdf", "c.pdf", "绝对/d.pdf")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    fields = {
        "zotero": r"Snapshot:files/3/index.html:text/html;Full Text PDF:files/2/Vaswani\: 注意力.pdf:application/pdf",
        "jabref": ":papers/b.pdf:PDF",
        "better_bibtex": "c.pdf",
        "mendeley": f":{str(tmp_path / '绝对/d.pdf').lstrip('/')}:pdf",
        "elsewhere": "/nowhere/x.pdf;~nobody/x.pdf;" + "x" * 5000 + ".pdf",
        "other": "c.exe",
    }
    text = "".join(
        f"@misc{{{key}, title={{{key}}}, url={{https://a.org/{key}}}, file={{{file}}}}}\n"
        for key, file in fields.items()
    )
    found = read(tmp_path, "a.bib", text)
    files = [(tmp_path / name).resolve().as_uri() for name in (names[0], *names[2:])]
    assert [one.url for one in found.resources] == [*files, "https://a.org/elsewhere", "https://a.org/other"]
    assert [one.title for one in found.resources] == list(fields)
    others = read(tmp_path, "a.bib", text, is_trusted=False)
    assert [one.url for one in others.resources] == [f"https://a.org/{key}" for key in fields], (
        "no files of this machine"
    )
    ris = "TY  - JOUR\nTI  - 讲义\nUR  - https://a.org/\nL1  - papers/b.pdf\nER  - \n"
    assert [one.url for one in read(tmp_path, "a.ris", ris).resources] == [files[1]]


RIS = """\
1.
TY  - JOUR
TI  - 注意力
      机制
AU  - Vaswani
UR  - https://a.org/x
ER  - 

TY  - JOUR
T1  - Only a DOI
DO  - 10.1186/s40981-020-0316-0
N2  - First line, ER then
second line https://in.the.abstract.org
ER  -
TY  - GEN
TI  - Paper
DO  - 10.48550/ARXIV.1706.03762
TY  - BOOK
TI  - Nothing
ER  - 
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_ris(tmp_path: Path, newline: str) -> None:
    found = read(tmp_path, "a.ris", newline.join(RIS.splitlines()).encode("utf-8-sig"))
    assert rows(found) == [
        ("注意力 机制", "a.org/x", ()),
        ("Only a DOI", "doi.org/10.1186/s40981-020-0316-0", ()),
        ("Paper", "arxiv.org/abs/1706.03762", ()),
    ]
    assert remark(found) == "1 of 4 entries left out: 1 without an address, a DOI, or a file that is there"
    assert rows(read(tmp_path, "export.txt", RIS)) == rows(found), "whatever its suffix"
    facts = (
        "AU  - Vaswani, Ashish\nA1  - 李, 宏毅\nPY  - 2017/06//\nT2  - 学报\nSN  - 0-262-03384-4\nID  - vas:17\nER  -"
    )
    [told] = read(tmp_path, "b.ris", f"TY  - JOUR\nUR  - https://a.org/\nDO  - 10.1145/15.2\n{facts}").resources
    assert told.stated == Details(
        published="2017-06", authors=(f"Ashish{FAMILY}Vaswani", "李宏毅"), container="学报", doi="10.1145/15.2",
        isbn="0262033844", key="vas:17",
    )  # fmt: skip


ITEMS: list[Any] = [
    {"id": "1", "type": "webpage", "title": "The <i>mask</i> &amp; 掩码", "URL": "https://a.org/x"},
    {"id": "2", "type": "article-journal", "title": "论文", "DOI": "10.1145/1596655.1596682", "issued": {}},
    {"id": "3", "type": "article", "title": "Preprint", "number": "arXiv:1706.03762", "URL": "https://b.org/"},
    {"id": "4", "type": "book", "title": "Nothing", "URL": 7},
    "odd",
]


def test_csl_json(tmp_path: Path) -> None:
    found = read(tmp_path, "文献.json", json.dumps(ITEMS, ensure_ascii=False))
    assert rows(found) == [
        ("The mask &amp; 掩码", "a.org/x", ()),
        ("论文", "doi.org/10.1145/1596655.1596682", ()),
        ("Preprint", "arxiv.org/abs/1706.03762", ()),
    ]
    people = [{"family": "Maaten", "given": "L.", "non-dropping-particle": "van der"}, {"literal": "讲\x1b[31m席"}, 7]
    item: Any = {"id": "http://zotero.org/items/1", "title": "T", "URL": "https://a.org/", "author": people}
    item |= {"issued": {"date-parts": [["2017", 6]]}, "container-title": "The <i>Journal</i>", "citation-key": "m17"}
    [told] = read(tmp_path, "b.json", json.dumps([item])).resources
    authors = (f"L.{FAMILY}van der Maaten", "讲席")
    assert told.stated == Details(published="2017-06", authors=authors, container="The Journal", key="m17")
    del item["citation-key"]
    assert read(tmp_path, "b.json", json.dumps([item])).resources[0].stated.key is None
    odds: list[Any] = [{"issued": {"date-parts": [[{}]]}}, {"author": {"family": []}}, {"issued": "x"}, {"author": [7]}]
    for odd in odds:
        [told] = read(tmp_path, "c.json", json.dumps([{**ITEMS[0], **odd}])).resources
        assert told.stated == Details(key="1")
    left_out = "2 of 5 entries left out: 1 without an address, a DOI, or a file that is there, 1 not in CSL"
    assert remark(found) == left_out
    whole = json.dumps({"items": ITEMS}, ensure_ascii=False)
    assert rows(read(tmp_path, "a.json", whole)) == rows(found)
    assert "its JSON is damaged, so export it again" in fault(tmp_path, "a.json", whole[:-1])


def test_json_of_captions_stays_captions(tmp_path: Path) -> None:
    cues = json.dumps([{"text": "注意力", "start": 0.0, "duration": 2.0}])
    (only,) = read(tmp_path, "Talk [aaaaaaaaaaa].zh.json", cues).resources
    assert (only.kind, only.id) == (Kind.VIDEO, "aaaaaaaaaaa")
    assert "no links found" in fault(tmp_path, "data.json", cues)
    assert "no links found" in fault(tmp_path, "Talk [aaaaaaaaaaa].zh.json", cues, is_trusted=False)


@pytest.mark.parametrize(
    "text",
    (
        "@comments are welcome: https://a.org/x",
        "@someone wrote {x, https://a.org/x }",
        "TY - <https://a.org/x>",
    ),
)
def test_a_markdown_list_that_names_such_things_stays_one(tmp_path: Path, text: str) -> None:
    assert [one.url for one in read(tmp_path, "list.md", text).resources] == ["https://a.org/x"]


@pytest.mark.slow
@pytest.mark.parametrize("count", [5000, pytest.param(20_000, marks=pytest.mark.nightly)])
def test_thousands_of_records_are_read_in_seconds(tmp_path: Path, count: int) -> None:
    record = '@article{{k{0}, title = {{{{注}} \\"o {0}}}, url = {{https://a.org/{0}}}, abstract = {{{1}}}}}\n'
    text = "".join(record.format(number, "words " * 10) for number in range(count))
    with at_most(count / 1000):
        found = read(tmp_path, "a.bib", text)
    assert (found.entries, found.resources[-1].title) == (count, f"注 ö {count - 1}")


@pytest.mark.parametrize(
    "hostile",
    [
        *("@article{a,t={" + "{" * 200_000, "@" * 300_000, "@article{" * 50_000, '@a{b,t="' + 'x"' * 100_000),
        *(f"@misc{{y, title={{{title}}}}}" for title in ("\\frac{" * 50_000, "{" * 100_000 + "}" * 100_000)),
        *(f"@misc{{y, title={{{title}}}}}" for title in ("\\'" * 100_000, "$" * 200_000)),
        "@misc{y, author={a" + " " * 200_000 + "b}}",
    ],
)
def test_a_hostile_record_takes_no_time(tmp_path: Path, hostile: str) -> None:
    with at_most(10):
        assert len(read(tmp_path, "a.bib", f"@misc{{x, url={{https://a.org/}}}}\n{hostile}").resources) == 1


def test_a_field_of_very_many_lines_takes_no_time(tmp_path: Path) -> None:
    with at_most(10):
        found = read(tmp_path, "a.ris", "TY  - JOUR\nUR  - https://a.org/\nTI  - 注意\n" + "力\n" * 700_000 + "ER  -")
    assert found.resources[0].title.startswith("注意 力 力 ")
