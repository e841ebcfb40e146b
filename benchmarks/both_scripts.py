"""Asks ten questions in traditional and in simplified Chinese, to see whether both find the same first moment.

    python -m benchmarks.both_scripts LIBRARY

LIBRARY is the folder of a library with Chinese lectures on machine learning.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import seekpoint
from seekpoint.query.links.timestamps import timestamp

# Written as people type them in Taiwan and in mainland China, words that differ included only where both say them.
QUESTIONS = (
    ("注意力機制是怎麼計算的？", "注意力机制是怎么计算的？"),
    ("為什麼需要位置編碼？", "为什么需要位置编码？"),
    ("梯度下降為什麼會卡住？", "梯度下降为什么会卡住？"),
    ("什麼是過擬合，要怎麼避免？", "什么是过拟合，要怎么避免？"),
    ("語言模型的預訓練在學什麼？", "语言模型的预训练在学什么？"),
    ("強化學習怎麼訓練推理模型？", "强化学习怎么训练推理模型？"),
    ("擴散模型怎麼產生圖片？", "扩散模型怎么产生图片？"),
    ("多張顯卡要怎麼訓練大模型？", "多张显卡要怎么训练大模型？"),
    ("怎麼評估語言模型的好壞？", "怎么评估语言模型的好坏？"),
    ("把兩個模型的參數加起來有什麼用？", "把两个模型的参数加起来有什么用？"),
)


def main() -> None:
    """Ask all, print what comes first, and count where both spellings agree."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    folder = parser.parse_args().library
    same = 0
    with seekpoint.open_library(folder) as library:
        for pair in QUESTIONS:
            first, second = (seekpoint.ask(question, library, k=1).moments[0] for question in pair)
            same += (first.resource.id, first.start) == (second.resource.id, second.start)
            print(f"{pair[1]}  {first.resource.title[:40]}  {timestamp(first.start)}")
            if first.link != second.link:
                print(f"  but {pair[0]}  {second.resource.title[:40]}  {timestamp(second.start)}")
    print(f"{same} of {len(QUESTIONS)} have the same first moment in both scripts")


if __name__ == "__main__":
    main()
