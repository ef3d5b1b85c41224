#!/usr/bin/python3
"""Cuts a Noto Sans SC face down to the characters the product promises to show.

usage: subset.py SOURCE.ttf TARGET.ttf

The promise: every character of the Table of General Standard Chinese Characters (8,105), every hanzi of GB 2312,
Latin, punctuation, full-width forms, and the arrows, boxes and ticks that forms and screens draw. The result depends on
the source and on this file only: time stamps are kept, so the same input gives the same bytes.
"""

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

# Whole blocks, of which the source has what it has.
BLOCKS = [
    (0x0020, 0x007E),  # Basic Latin
    (0x00A0, 0x00FF),  # Latin-1 supplement
    (0x0101, 0x01DC),  # pinyin vowels with tone marks
    (0x2000, 0x206F),  # general punctuation
    (0x20AC, 0x20AC),  # euro
    (0x2100, 0x214F),  # letter-like: ℃ №
    (0x2150, 0x218F),  # number forms: Ⅰ Ⅱ ½
    (0x2190, 0x21FF),  # arrows
    (0x2200, 0x22FF),  # mathematics: √ ≤ ≥ ≈
    (0x2460, 0x24FF),  # enclosed numbers: ① ⑴
    (0x2500, 0x257F),  # box drawing
    (0x2580, 0x259F),  # blocks
    (0x25A0, 0x25FF),  # shapes: □ ■ ○ ● ◇ ◆ △ ▲
    (0x2600, 0x26FF),  # marks: ★ ☆
    (0x2700, 0x27BF),  # dingbats: ✓ ✗
    (0x3000, 0x303F),  # Chinese punctuation and 〓
    (0x3200, 0x33FF),  # enclosed and squared: ㎡ ㈱
    (0xFF00, 0xFFEF),  # full-width forms
]

# What screens and papers rely on; the build fails if the source stops having one.
NEEDED = "□■√✓〓○●△▲◇◆★☆←↑→↓·—…《》【】（）、。，：；？！￥％℃№①②③×÷≤≥𬱖㛃䶮"


def gb2312():
    """Returns the code points of the 6,763 hanzi of GB 2312."""
    found = set()
    for row in range(0xB0, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                found.add(ord(bytes([row, cell]).decode("gb2312")))
            except UnicodeDecodeError:
                continue  # the standard leaves five cells of row 0xD7 empty
    return found


def standard():
    """Returns the code points of the Table of General Standard Chinese Characters."""
    text = Path(__file__).with_name("tongyong-8105.txt").read_text(encoding="ascii")
    return {int(word, 16) for word in text.split()}


def main(source, target):
    promised = standard() | gb2312() | {ord(c) for c in NEEDED}
    wanted = promised.union(*(range(first, last + 1) for first, last in BLOCKS))

    font = TTFont(source, recalcTimestamp=False)
    missing = promised - set(font.getBestCmap())
    if missing:
        sys.exit(f"{source} lacks {len(missing)} promised characters: {''.join(map(chr, sorted(missing)))}")

    options = Options()
    options.hinting = False
    options.layout_features = []
    options.notdef_outline = True
    options.name_IDs = ["*"]
    options.drop_tables += ["GSUB", "GPOS", "BASE", "GDEF", "vhea", "vmtx", "VORG", "STAT"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=wanted)
    subsetter.subset(font)
    font.save(target)
    print(f"{target}: {len(font.getBestCmap())} characters, {Path(target).stat().st_size} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
