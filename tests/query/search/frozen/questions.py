"""The questions to the frozen library, each with the answer that it has and the rule that the answer depends on."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """A question with one of its moments: `resource` is a video's id or a file's name, `at` the second or the page.

    `holds` names the rule without which the moment would be another.
    """

    holds: str
    question: str
    resource: str | None
    at: float | None
    rank: int = 1
    answered: bool = True
    language: str | None = None


ROWS = (
    Row("words alone", "What is it that Shazeer wrote on a Tuesday?", "names000001", 150),
    Row("words alone", "苏剑林在博客里写了什么？", "names000002", 210),
    Row("meaning alone", "What goes on in parallel?", "heads000001", 100),
    Row("meaning alone", "怎样才看不到未来？", "masks000002", 190),
    Row("both scripts of Chinese ask the same", "怎樣才看不到未來？", "masks000002", 190),
    Row("words beside meaning", "Which residual did Kaiming draw?", "resid000001", 240),
    Row("a place once, not its neighbour too", "Which residual did Kaiming draw?", "resid000001", 60, rank=2),
    Row("the window ahead", "Why must they sum to one?", "softm000001", 90),
    Row("the window around, before the place", "What did Bernoulli and Rademacher switch off?", "around00001", 190),
    Row("the window around, before the place", "维特比改进了哪几个候选？", "around00003", 190),
    Row("the second by its words", "Which entry did Belady reuse?", "local000001", 120),
    Row("the second by its words", "奥本海默的偏好是什么？", "local000002", 120),
    Row("the answer begins in the passage before", "Is the ramp of Goyal a ladder?", "begin000001", 110),
    Row("nearness is that of the passage before", "杜阿梅尔怎样用步长爬梯子？", "begin000002", 110),
    Row("references come last", "Who saw distillation of the knowledge in a neural network?", "paper.pdf", 1),
    Row("references come last", "神经网络中多余权重剪掉以后怎么样？", "lunwen.pdf", 1),
    Row("a title that is named", "In the Copenhagen seminar, what is the slope of Ostrowski?", "named000001", 130),
    Row("a title that is named", "《苏州夜话》里柯西的误差是什么？", "named000003", 130),
    Row(
        "a title's words tell no second",
        "In Seven turns of the Archimedes screw, what tells the angle?",
        "title000001",
        200,
    ),
    Row("a title's words tell no second", "螺旋水车七日谈里清单里面有什么？", "title000002", 200),
    Row("a title's words find no passage", "In the Rialto conversations, has the Hessian a bend?", "title000003", 220),
    Row("a title's words find no passage", "《孤山夜话》：海森矩阵，弯曲？", "title000004", 220),
    Row("a title alone", "The Copenhagen seminar", "named000001", 130),
    Row("the twin in the question's language", "量化是什么？", "twins000001", 260, language="zh"),
    Row("the twin in the question's language", "What is a subword?", "twins000002", 80, language="en"),
    Row("meaning across languages", "What is the decay of rare words?", "cross000002", 250),
    Row("meaning across languages", "查表的夹角是什么？", "cross000001", 250),
    Row("a word by its translation", "Does the warp drive take the square root?", "words000002", 230),
    Row("a word by its translation", "燃素的平方根？", "words000004", 80),
    Row("a chapter's title", "What is a sinusoidal wave?", "chapt000001", 150),
    Row("a chapter's title", "正弦波有什么妙处？", "chapt000002", 150),
    Row("too little to be an answer", "How do I bake bread?", None, None, answered=False),
    Row("too little to be an answer", "面包怎么烤？", None, None, answered=False),
    Row("too little to be an answer", "软化到哪里为止？", "doubt000001", 160, answered=False),
)


def row(holds: str) -> Row:
    """The first question that holds a rule in place."""
    return next(one for one in ROWS if one.holds == holds)
