"""Cut Noto Sans CJK SC down to the GBK repertoire, with TrueType outlines.

`python subset.py NotoSansCJK-Regular.ttc NotoSansSC-Regular.ttf` (needs fontTools)
"""

import sys

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont, newTable

SIGNS = "₀₁₂₃₄₅₆₇₈₉²³⁻¹µμ–—‘’“”…‰€™≤≥≠≈±×÷→←↑↓⚠✓✗•·▲▼△▽■□●○"
LARGEST_ERROR = 1.5  # of 1000 units an em, in turning cubic into quadratic curves


def repertoire() -> set[int]:
    """Code points of GBK, Latin-1, Latin Extended-A and our own signs."""
    chars = set(range(0x20, 0x7F)) | set(range(0xA0, 0x180)) | set(map(ord, SIGNS))
    for lead in range(0x81, 0xFF):
        for trail in range(0x40, 0xFF):
            text = bytes([lead, trail]).decode("gbk", errors="ignore")
            chars.update(map(ord, text if len(text) == 1 else ""))
    return chars


def cut(font: TTFont) -> None:
    """Keep the repertoire only."""
    options = subset.Options()
    options.hinting = False
    options.layout_features = ["kern"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14]
    options.notdef_outline = True
    options.drop_tables += ["vhea", "vmtx", "VORG"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=repertoire())
    cutter.subset(font)


def to_truetype(font: TTFont) -> None:
    """Replace CFF outlines by quadratic ones: every PDF reader finds widths and text of a TrueType font."""
    order, shapes, glyphs = font.getGlyphOrder(), font.getGlyphSet(), {}
    for name in order:
        pen = TTGlyphPen(None)
        shapes[name].draw(Cu2QuPen(pen, LARGEST_ERROR, reverse_direction=True))
        glyphs[name] = pen.glyph()
    font["loca"], font["glyf"] = newTable("loca"), newTable("glyf")
    font["glyf"].glyphOrder, font["glyf"].glyphs = order, glyphs
    del font["CFF "]
    font["glyf"].compile(font)
    for name in order:
        width = font["hmtx"].metrics[name][0]
        font["hmtx"].metrics[name] = (width, getattr(glyphs[name], "xMin", 0))
    limits = font["maxp"]
    limits.tableVersion, limits.maxZones = 0x00010000, 1
    for field in (
        "TwilightPoints",
        "Storage",
        "FunctionDefs",
        "InstructionDefs",
        "StackElements",
        "SizeOfInstructions",
    ):
        setattr(limits, f"max{field}", 0)
    limits.maxComponentElements = 0
    font["post"].formatType = 3.0
    font["head"].glyphDataFormat = 0
    font.sfntVersion = "\000\001\000\000"


def main(source: str, target: str) -> None:
    """Write the subset of the collection's simplified-Chinese face."""
    fonts = TTCollection(source).fonts
    font = next(f for f in fonts if f["name"].getDebugName(1) == "Noto Sans CJK SC")
    cut(font)
    to_truetype(font)
    font.save(target)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
