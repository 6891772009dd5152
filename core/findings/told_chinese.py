"""A Chinese note's text as context is read in it: as long as the note, with what would mislead taken out. A relative who
only keeps company ("与家人争吵") is no subject, a family history ends at its comma, a denial ends where the next clause
tells a degree ("无发热，精神稍差"), and "不吃就难受" denies nothing."""

import re

from core.findings.english import Match

END = "‖"
"""Ends every reach (`chinese.yaml: terminations`)."""
_RELATIVES = (
    "我?(?:爸爸|妈妈|爸妈|父母|父亲|母亲|哥哥|姐姐|弟弟|妹妹|爷爷|奶奶|丈夫|妻子|爱人|老公|老婆|同事|同学|家人|儿子|女儿"
    "|老伴|朋友)"
)
_COMPANY = re.compile(rf"(?<![兄姐弟妹父母爸妈亲友])(?<=[和跟与同被陪让给对帮抱])(?P<who>{_RELATIVES})(?![也都均患有])")
_FAMILY_HISTORY = re.compile(r"(?<=[\u4e00-\u9fff]家族史)[，,]")
_DEGREE = re.compile(
    r"(?P<comma>[，,])(?![^，,。；;]{0,2}[无未没不否])(?=[^，,。；;：:]{0,10}"
    r"(?:稍差|欠佳|不佳|不振|略差|较差|差(?=[，,。、；;]|$)|苍白|萎靡|轻度|中度|重度|明显|加重|略[^，]|稍[^，]|逐渐|渐[^，]|较前|减退|增多|增快|可见|易[^，]))"
)
_RELATIVE = re.compile(
    r"[，,](?=(?:其|我)?(?:父|母|兄|哥|姐|弟|妹|爸|妈|祖|孩子|患儿|宝宝|患者|本人|外公|外婆|奶奶|爷爷|叔|伯|姑|舅|姨|堂))"
)
_HABIT = re.compile("[，,](?=(?:本人|自己|自幼|平素|平时)?[从不无](?:来?不)?(?:吸烟|抽烟|饮酒|喝酒|烟酒|嗜烟))")
_UNRELATED = re.compile("无关(?!节)")
_CONDITION = re.compile(r"[不没](?=[^，,。；;不没无]{1,5}就(?!诊|医|是|行|好))")


def told(text: str) -> str:
    """The text for `core.findings.context`, of the same length."""
    text = _COMPANY.sub(lambda found: "·" * len(found["who"]), text)
    text = _FAMILY_HISTORY.sub(END, text)
    for ends in (_DEGREE, _RELATIVE, _HABIT):
        text = ends.sub(END, text)
    return _CONDITION.sub("·", _UNRELATED.sub("··", text))


_OF_ADULTS = (
    ("child_lethargy", re.compile("没精神|无精打采|没精打采"), "fatigue"),
    ("child_lethargy", re.compile("精神|反应差"), "ill_appearing"),
    ("child_irritability", re.compile("烦躁|躁动"), "agitation"),
    ("poor_feeding", re.compile("进食|吃饭|吃得|食量"), "loss_of_appetite"),
)
"""What words that are said of children as well mean of a grown patient."""


def grown(match: Match, text: str) -> Match:
    """A match of a child's finding as what its words (in `text`, by the match's offsets) mean of an adult."""
    said = text[match.start : match.end]
    key = next((adult for child, words, adult in _OF_ADULTS if child == match.key and words.search(said)), match.key)
    return Match(key, match.start, match.end, match.words)
