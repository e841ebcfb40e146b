"""What the frozen library holds: talks of five minutes, whose lines are asides but for those given here.

A line lasts ten seconds, so a passage has four of them and begins every thirty seconds, at 0:00, 0:30, 1:00 and so on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.query.search.frozen.encoder import ASIDES

SECONDS_A_LINE = 10.0
_LINES = 31


@dataclass(frozen=True)
class Talk:
    """A video: what is said to the point, in each language in which there are captions: `second line | second line`."""

    id: str
    title: str
    en: str | None = None
    zh: str | None = None
    chapters: tuple[tuple[float, str], ...] = ()

    def tracks(self, number: int) -> dict[str, list[tuple[float, float, str]]]:
        """The captions by language; `number` is the talk's, so that no two talks have the same asides."""
        said = {"en": self.en, "zh": self.zh}
        return {code: list(_lines(lines, code, number)) for code, lines in said.items() if lines is not None}


def _lines(said: str, language: str, number: int) -> Iterator[tuple[float, float, str]]:
    told = dict(line.split(" ", 1) for line in said.split(" | ") if line)
    for place in range(_LINES):
        start = int(place * SECONDS_A_LINE)
        yield float(start), SECONDS_A_LINE, told.get(str(start)) or aside(7 * number + 3 * place, language)


def aside(number: int, language: str) -> str:
    """Something beside the point."""
    english, chinese = ASIDES[number % len(ASIDES)]
    return (
        f"why the {english} is in it and what it does is for another day"
        if language == "en"
        else f"那个{chinese}是什么，为什么讲它，改天再说"
    )


TALKS = (
    Talk("names000001", "Where it came from", en="150 Shazeer wrote it down on a Tuesday"),
    Talk("names000002", "想法从哪里来", zh="210 苏剑林在博客里写了出来"),
    Talk(
        "heads000001",
        "Many views",
        en="100 every head finds a relation | 110 each head has a view | 120 no head knows another",
    ),
    Talk("masks000002", "只看左边", zh="190 掩码把后面的词藏起来 | 200 掩码是一个三角形 | 210 掩码里面只有零"),
    Talk(
        "resid000001",
        "Deep stacks",
        en="60 the residual path carries the signal | 240 the residual path was drawn by Kaiming",
    ),
    # The passage at 1:30 has as much about the slope as about the softmax, but a half minute about this alone.
    Talk(
        "softm000001",
        "From scores to weights",
        en="90 the softmax makes them positive | 100 a softmax never gives nought | "
        "110 so the softmax is smooth | 120 gradient after gradient after gradient follows from that",
    ),
    # On the whole this is more about the softmax, but it never leaves the slope alone.
    Talk(
        "softm000002",
        "From weights to scores",
        en="90 a softmax has a gradient | 100 the softmax is flat out there | "
        "110 with the softmax the gradient fades | 120 of that softmax the gradient is known",
    ),
    Talk(
        "around00001",
        "Random silence",
        en="150 dropout is a kind of noise | 160 dropout is only used while it learns | "
        "170 dropout came before the others | 190 Bernoulli and Rademacher decided on dropout",
    ),
    Talk(
        "around00002",
        "Silent randomness",
        en="190 Bernoulli and Rademacher decided on dropout | 230 dropout is a kind of noise",
    ),
    Talk(
        "around00003",
        "随机的沉默",
        zh="150 束搜索要花时间 | 160 束搜索不看全部 | 170 束搜索比贪心好 | 190 维特比改进了束搜索这种办法",
    ),
    Talk("around00004", "沉默的随机", zh="190 维特比改进了束搜索这种办法 | 230 束搜索要花时间"),
    Talk(
        "local000001",
        "What to keep",
        en="100 the cache grows with each step | 120 with a cache Belady knew which entry leaves first",
    ),
    Talk("local000002", "留下什么", zh="100 对齐要有人打分 | 120 奥本海默认为对齐还不够"),
    # The passage at 2:00 is the best, by a word that it says twice; what it tells begins in the one before.
    Talk(
        "begin000001",
        "A slow start",
        en="110 at first the warmup obeys Goyal | 120 in warmup the rate climbs like a ladder | "
        "130 the warmup takes a thousand steps | 140 each warmup step is a rung of the ladder",
    ),
    # The same, but the words come together off the point before, too.
    Talk(
        "begin000002",
        "慢慢开始",
        zh="90 杜阿梅尔爬梯子的故事改天再讲 | 110 优化器一开始听杜阿梅尔的 | 120 优化器像爬梯子 | "
        "130 优化器爬梯子要走一千步 | 140 优化器的每一步都是爬梯子 | 150 杜阿梅尔走了，杜阿梅尔来了",
    ),
    Talk(
        "named000001",
        "The Copenhagen seminar",
        en="130 the gradient falls to the valley | 140 a gradient has a sign | 150 no gradient is nought",
    ),
    Talk(
        "named000002",
        "Downhill",
        en="130 the gradient falls, says Ostrowski | 140 a gradient has a sign | 150 no gradient is nought",
    ),
    Talk("named000003", "第三讲：《苏州夜话》", zh="130 损失指出上坡的方向 | 140 损失是一个数 | 150 损失没有负的"),
    Talk("named000004", "下山", zh="130 柯西的损失指出方向 | 140 损失是一个数 | 150 损失没有负的"),
    Talk(
        "title000001",
        "Seven turns of the Archimedes screw",
        en="180 welcome back to seven turns of the Archimedes screw | 200 it is the angle that tells the order",
    ),
    Talk("title000002", "螺旋水车七日谈", zh="180 欢迎回到螺旋水车七日谈 | 200 所有的词都在词表里面"),
    # One passage says the title, the other what is asked for beside it.
    Talk(
        "title000003",
        "Rialto conversations",
        en="70 these Rialto conversations have curvature | 80 the curvature is a number | "
        "90 each curvature has a sign | 220 the Hessian has the curvature | "
        "230 the curvature is a number | 240 each curvature has a sign",
    ),
    Talk(
        "title000004",
        "孤山夜话",
        zh="70 孤山夜话讲到曲率 | 80 曲率是一个数 | 90 曲率有正有负 | 220 海森矩阵就是曲率 | "
        "230 曲率是一个数 | 240 曲率有正有负",
    ),
    Talk(
        "twins000001",
        "Smaller numbers",
        en="250 quantisation leaves eight bits | 260 quantisation is cheap | 270 quantisation loses little",
        zh="260 量化以后还剩八位",
    ),
    Talk("twins000002", "更小的数", en="80 the subword is what it reads", zh="70 词元是它读的东西 | 80 词元比字长"),
    # The first two are in another language than their question, the others in its own with one of its words.
    Talk(
        "cross000001",
        "Rows of a table",
        en="250 the embedding is a row | 260 each embedding is learned | 270 no embedding is free",
    ),
    Talk("cross000002", "见得少的", zh="250 长尾里的词见得少 | 260 长尾很长 | 270 长尾不能丢"),
    Talk("cross000003", "表里的行", zh="250 嵌入之间的夹角 | 260 嵌入是学出来的 | 270 嵌入不是白来的"),
    Talk("cross000004", "Seldom seen", en="250 the tail and its decay | 260 a tail is long | 270 the tail isn't lost"),
    # The first of each pair has more to the point, the second a word of the question's in translation.
    Talk("words000001", "分母", zh="220 分数要除以维数 | 230 不除以它就太大 | 240 先除以再相加 | 260 除以以后才好"),
    Talk("words000002", "分子", zh="220 不除以它就太大 | 230 曲速引擎也要除以它 | 240 先除以再相加"),
    Talk(
        "words000003",
        "Denominators",
        en="70 they divide by it | 80 or divide later | 90 but divide they must | 110 divide and rule",
    ),
    Talk(
        "words000004",
        "Numerators",
        en="70 or divide later | 80 the phlogiston is what they divide | 90 but divide they must",
    ),
    # A half minute of it, but never it alone: too little to be an answer.
    Talk(
        "doubt000001",
        "半信半疑",
        zh="160 平滑、归一化、梯度、残差、嵌入都有 | 170 梯度、平滑、嵌入、归一化、残差都要 | "
        "180 残差、嵌入、平滑、梯度、归一化都好",
    ),
    Talk(
        "chapt000001", "Questions of order", en="", chapters=((0, "Opening"), (150, "Sinusoidal waves"), (260, "End"))
    ),
    Talk("chapt000002", "次序的问题", zh="", chapters=((0, "开场"), (150, "正弦波的妙处"), (260, "结束"))),
)
