"""Cut Noto Sans CJK SC down to the GBK repertoire: `python subset.py NotoSansCJK-Regular.ttc NotoSansSC-Regular.otf`."""

import sys

from fontTools import subset
from fontTools.ttLib import TTCollection

SIGNS = "₀₁₂₃₄₅₆₇₈₉²³⁻¹µμ–—‘’“”…‰€™≤≥≠≈±×÷→←↑↓⚠✓✗•·▲▼△▽■□●○"


def repertoire() -> set[int]:
    """Code points of GBK, Latin-1, Latin Extended-A and our own signs."""
    chars = set(range(0x20, 0x7F)) | set(range(0xA0, 0x180)) | set(map(ord, SIGNS))
    for lead in range(0x81, 0xFF):
        for trail in range(0x40, 0xFF):
            text = bytes([lead, trail]).decode("gbk", errors="ignore")
            chars.update(map(ord, text if len(text) == 1 else ""))
    return chars


def main(source: str, target: str) -> None:
    """Write the subset of the collection's simplified-Chinese face."""
    fonts = TTCollection(source).fonts
    font = next(f for f in fonts if f["name"].getDebugName(1) == "Noto Sans CJK SC")
    options = subset.Options()
    options.hinting = False
    options.layout_features = ["kern"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14]
    options.notdef_outline = True
    options.drop_tables += ["vhea", "vmtx", "VORG"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=repertoire())
    cutter.subset(font)
    subset.save_font(font, target, options)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
