"""Chinese words that are a finding by themselves and mean another thing where they stand here: "咳嗽时漏尿" tells of a leak,
"CT见右肺结节" of nothing that is felt, "口鼻分泌物多" of no vaginal discharge."""

import functools
import re

import yaml

from core.findings.english import Match
from core.findings.language import FOLDER

_CLAUSE = re.compile("[，,。；;！!？?\n]")
_ACTION = (
    "打喷嚏|喷嚏|大笑|用力|使劲|提|搬|弯腰|深呼吸|深吸|吸气|跑|跳|翻身|活动|走路|站|蹲|排便"
    "|解大便|吞咽|说话|低头|屏气|挑|抱|憋气"
)
_AFTER_COUGH = re.compile(
    rf"(?:(?:、|或|和|及|与)?(?:{_ACTION})[^，。、]{{0,5}})*(?:时|的时候|就|会|便|也会|都会|后就|倒)"
    r"[^，。；]{0,8}(?:漏|疼|痛|加重|加剧|鼓|凸|突出|膨出|脱出|掉|明显|诱发|流出|滑出|出来|厉害|更)"
    rf"|(?:、|或者?|和|及|与)(?:{_ACTION})"
)
_BEFORE_COUGH = re.compile(rf"(?:{_ACTION})[^，。、]{{0,3}}(?:、|或者?|和|及|与)$|(?:让我|嘱|令其?|用力|一|不敢)$")
"""What stands around a cough or sneeze that brings something else on."""
_COUGH_OR = re.compile("咳嗽?(?:、|或|和|及|与)$")
_WORSE = re.compile("(?:时|的时候|后|就|加重|加剧|更|都|会)")
_SHOWS = re.compile(
    "CT|MRI|MR|核磁|磁共振|B超|彩超|超声|胸片|平片|X线|造影|钼靶|[胃肠膀腹宫]镜|内镜|镜检|镜下|病理|活检|PET|扫描|显示|钡餐|钡剂",
    re.IGNORECASE,
)
_SITE_OF_FLUID = re.compile(
    "口鼻|鼻|眼|鼓膜|舌|嘴|痰|气道|呼吸道|耳|伤口|切口|脐|咽|口腔|气管|支气管|包皮|尿道|肛|乳头|龟头|阴茎|冠状沟"
)
_GENITAL = re.compile("阴道|白带|宫颈|外阴|妇科|妇检|下面|下身|私处|同房")
_URINE = re.compile("尿|小便|解手|厕")
_OTHER_NIGHT = re.compile("拉肚子|拉稀|腹泻|稀便|水样便|大便|便血|喂奶|咳|喘|吐|痒")
_HEAD = re.compile(
    "头[痛疼部顶皮上里晕一两后]|脑|太阳穴|额|枕|鬓|眼眶|眉|偏头|半边头|半个头|头就|头老|头总|头有|头也|头像|头开|头发[胀紧]"
)
_OF_ORGAN = re.compile(
    "(?:膜|斑|斑区|视乳头|视盘|脑|肺|间质|会厌|壁|鼻甲|髓|胆囊|雾状|后极部|灰白|声带|牙龈|角膜[^，。]{0,4})$"
)
_OF_MUSCLE = re.compile(
    "(?:踮脚|提踵|闭眼|闭目|抬[头臂腿眉肩手]|握拳|握力|[伸屈]|背伸|外展|内收|上举|咀嚼|鼓腮|耸肩|转头|肌|[一二三四五]级|收缩|搏动|呼吸|哭声"
    "|吸吮|射精|排尿|排便|起身|起立)$"
)
_SEES_SELF = re.compile("(?:自觉|觉得自己|觉得|嫌自己|嫌|认为自己|说自己|怕自己|怕)(?:太|很|还|又)?$")
_LOCAL_HEAT = re.compile(
    "(?:局部|皮肤|患处|患部)(?:红肿|肿胀|肿|红|肿痛)?$|(?:关节|趾|膝|踝|腕|肘|脚|足|手|腿|指|伤口|耳廓|局部)[^，。；伴]{0,6}红肿$"
)
_ABOUT_CHILD = re.compile("[^，。]{0,12}(?:宝宝|宝贝|孩子|小孩|男宝|女宝|患儿|娃)")
_OTHER_SOUND = re.compile("咳|呼噜|呼吸|肺|喉|嗓|肝|血管|耳|腹|颈")
_HEART_SOUND = re.compile("心|瓣|期|级|胸骨|肋间")
_WASHES = re.compile("反复洗|几十|好几|十几|遍|控制不住|强迫")
_OTHER_FACES = frozenset("下上里外前后侧表对")
_OF_OLD = re.compile("小时候|年轻|当年|去世|死于|年前|孕期|怀孕|的[肾肝心胃肺肠脑血]病|同样的[肾肝心胃肺肠脑血]")
_SKIN_OR_LIMB = re.compile("[手脚腿臂肢足指趾皮身麻脸唇]")
_OF_STAFF = re.compile("[说给让掐量测查叫建告抽打发来看问扎劝推]|也|都")
_LIMB_PRESSURE = re.compile("(?:臂|上肢|下肢|腿|手|侧|肢)$")


@functools.cache
def _table(name: str) -> dict[str, re.Pattern[str]]:
    """A finding's words: those `within` a match that make it another thing, or those that it `needs` in its sentence."""
    table: dict[str, dict[str, str]] = yaml.load((FOLDER / "loose.zh.yaml").read_text("utf-8"), yaml.CSafeLoader)
    return {finding: re.compile(words) for finding, words in table[name].items()}


def loose(match: Match, text: str, start: int) -> bool:
    """Whether a match (in note offsets; its sentence begins at `start`) says nothing of its own."""
    within, needed = _table("within").get(match.key), _table("needs").get(match.key)
    if within is not None and within.search(text[match.start : match.end]):
        return True
    if needed is not None:
        return needed.search(text[start : match.end]) is None
    rule = _RULES.get(match.key)
    return rule is not None and rule(match, text, start)


def _before(match: Match, text: str, start: int) -> str:
    """What stands before a match in its clause."""
    return _CLAUSE.split(text[start : match.start])[-1]


def _after(match: Match, text: str) -> str:
    """What stands after a match in its clause."""
    return _CLAUSE.split(text[match.end : match.end + 40])[0]


def _provokes(match: Match, text: str, start: int) -> bool:
    if match.end - match.start > len("打喷嚏"):
        return False
    if _COUGH_OR.search(text[start : match.start]) and _WORSE.match(text, match.end):
        return True
    return bool(
        _AFTER_COUGH.match(text, match.end) or _BEFORE_COUGH.search(text[max(start, match.start - 12) : match.start])
    )


def _shown(match: Match, text: str, start: int) -> bool:
    if re.search("[肺肝肾脑颅][上里部内脏叶]", _before(match, text, start)):
        return True
    return _SHOWS.search(text, start, match.start) is not None


def _elsewhere(match: Match, text: str, start: int) -> bool:
    sentence = text[start : match.end]
    return _SITE_OF_FLUID.search(sentence) is not None and _GENITAL.search(sentence) is None


def _no_urine(match: Match, text: str, start: int) -> bool:
    said = text[match.start : match.end]
    if said.startswith("晚上起小便") or _URINE.search(said):
        return said.startswith("晚上起小便") and text[max(start, match.start - 5) : match.start].find("从") >= 0
    around = text[start : match.end]
    return _URINE.search(around) is None and _OTHER_NIGHT.search(around) is not None


def _of_staff(match: Match, text: str, start: int) -> bool:
    return text[match.start : match.end].endswith(("护士", "医生")) and bool(_OF_STAFF.match(text, match.end))


def _of_one_limb(match: Match, text: str, start: int) -> bool:
    return text[match.start : match.start + 2] == "血压" and bool(_LIMB_PRESSURE.search(_before(match, text, start)))


def _treated(match: Match, text: str, start: int) -> bool:
    return (
        re.search("(?:补液|输液|用药|服药|治疗|利尿|大量饮水|喝水)[^，。]{0,3}$", text[start : match.start]) is not None
    )


def _growth(match: Match, text: str, start: int) -> bool:
    return re.match("(?:缓慢|慢|不良|不佳|差|欠佳|正常|良好|不理想|不足|满意|较慢)", text[match.end :]) is not None


def _no_head(match: Match, text: str, start: int) -> bool:
    return _HEAD.search(text[: match.end]) is None


def _of_organ(match: Match, text: str, start: int) -> bool:
    return _OF_ORGAN.search(text[start : match.start]) is not None or _shown(match, text, start)


def _of_muscle(match: Match, text: str, start: int) -> bool:
    return text[match.start : match.end] == "无力" and bool(_OF_MUSCLE.search(text[start : match.start]))


def _other_face(match: Match, text: str, start: int) -> bool:
    return text[match.start] == "面" and text[max(start, match.start - 1) : match.start] in _OTHER_FACES


def _another_color(match: Match, text: str, start: int) -> bool:
    if _sallow(match, text, start):
        return True
    return text[match.end - 1] == "黄" and text[match.end : match.end + 1] in set("白色绿脓水痂稠斑")


def _no_pins(match: Match, text: str, start: int) -> bool:
    said = text[match.start : match.end]
    return said in {"针扎", "针刺", "刺痛感"} and _SKIN_OR_LIMB.search(text[start : match.start]) is None


def _no_pregnancy(match: Match, text: str, start: int) -> bool:
    return re.search("胎|孕|产|宫", text) is None


def _no_patient(match: Match, text: str, start: int) -> bool:
    said = text[match.start : match.end]
    return said == "接触史" and re.search("病|患者|结核|传染|发热|肝炎", _before(match, text, start)) is None


def _old_family(match: Match, text: str, start: int) -> bool:
    """What a relative had long ago or was born with is no contact with an illness."""
    clause = _before(match, text, start) + text[match.start : match.end] + _after(match, text)
    return _no_patient(match, text, start) or _OF_OLD.search(clause) is not None


def _no_belly(match: Match, text: str, start: int) -> bool:
    return text[match.start : match.end] == "胀" and re.search("腹|肚|胃", text[start : match.start]) is None


def _no_sound(match: Match, text: str, start: int) -> bool:
    return text[match.start : match.end] == "肠鸣" and not re.match(
        "音?[^，。]{0,2}(?:亢进|活跃|增强|增多|高亢|高调)", text[match.end :]
    )


def _sees_self(match: Match, text: str, start: int) -> bool:
    return _SEES_SELF.search(text[start : match.start]) is not None


def _goiter(match: Match, text: str, start: int) -> bool:
    return text[match.end : match.end + 1] in {"块", "物", "瘤"} or _snores(match, text, start)


def _snores(match: Match, text: str, start: int) -> bool:
    return text[match.start : match.end].startswith("脖子") and re.search("呼噜|打鼾|鼾声", text) is not None


def _at_school(match: Match, text: str, start: int) -> bool:
    return text[match.start : match.end] == "丢三落四" and re.search("作业|上课|老师|年级", text) is not None


def _washes(match: Match, text: str, start: int) -> bool:
    """Washing that is a compulsion, and no work in the wet."""
    return "洗" in text[match.start : match.end] and _WASHES.search(text[start : match.end + 10]) is not None


def _local_heat(match: Match, text: str, start: int) -> bool:
    said = text[match.start : match.end]
    systemic = re.match(r"[，,、]?\s*\d|高热|寒战|畏寒", text[match.end : match.end + 6])
    return said in {"发热", "发烧"} and not systemic and bool(_LOCAL_HEAT.search(text[start : match.start]))


def _snoring_sound(match: Match, text: str, start: int) -> bool:
    return re.search("呼噜|鼾|耳", text[start : match.end]) is not None


def _below(match: Match, text: str, start: int) -> bool:
    """下面 of a mouth or a scab."""
    before = text[start : match.start]
    return (
        text[match.start : match.end].startswith("下面")
        and re.search("[舌嘴唇痂]", before) is not None
        and re.search("阴|白带|同房|月经|小便", before) is None
    )


def _sallow(match: Match, text: str, start: int) -> bool:
    """A yellowish face without yellow eyes or skin is pale."""
    said = text[match.start : match.end]
    return (
        said.startswith(("脸色", "面色"))
        and re.search("眼白|巩膜|眼睛[^，。]{0,3}黄|皮肤[^，。]{0,4}黄|黄疸|尿", text) is None
    )


def _not_whirling(match: Match, text: str, start: int) -> bool:
    seen = re.search("视物|天|地|房|屋|自身|东西|景物|周围|眼前", text[max(start, match.start - 6) : match.start])
    return text[match.start : match.end] == "旋转" and seen is None and text[match.end : match.end + 1] != "感"


def _no_abdomen(match: Match, text: str, start: int) -> bool:
    return re.search("腹(?!股)|肚|脐|胃", text[: match.end]) is None


def _of_the_eye(match: Match, text: str, start: int) -> bool:
    return re.search("眼底|视网膜|散瞳|视盘", text[start : match.start]) is not None


def _twisted(match: Match, text: str, start: int) -> bool:
    return re.search("踏空|踩空|扭|崴|外伤|致", text[start : match.start]) is not None


def _relieved(match: Match, text: str, start: int) -> bool:
    return re.match("[^，。]{0,3}(?:又能|就好|就能|缓解|才能|才好|就不)", text[match.end :]) is not None


def _mouth_sores(match: Match, text: str, start: int) -> bool:
    said = text[match.start : match.end]
    return said in {"长疮", "生疮"} and re.search("[嘴口舌唇]|下身|阴", text[start : match.start]) is not None


def _tested(match: Match, text: str, start: int) -> bool:
    """The rheumatoid factor of a list of tests, and no rheumatoid arthritis."""
    said = text[match.start : match.end]
    listed = re.match(
        "(?:、|因子|和|，)?[^。；]{0,20}?(?:正常|阴性|没问题|没事|查过|都查|不高)", text[match.end : match.end + 30]
    )
    return said == "类风湿" and listed is not None


def _one_sided(match: Match, text: str, start: int) -> bool:
    return re.search("一侧|半边|单侧|[左右][侧边半]", _before(match, text, start)[-6:]) is not None


def _nobody_else(match: Match, text: str, start: int) -> bool:
    return _old_family(match, text, start) or _of_child(match, text, start)


def _of_child(match: Match, text: str, start: int) -> bool:
    """The child whom the note is about is no one else who is ill."""
    said = text[match.start : match.end]
    return said.startswith(("孩子", "宝宝", "小孩", "宝贝")) and _ABOUT_CHILD.match(text) is not None


def _no_heart(match: Match, text: str, start: int) -> bool:
    clause = _before(match, text, start) + text[match.start : match.end]
    return clause.endswith("杂音") and bool(_OTHER_SOUND.search(clause)) and not _HEART_SOUND.search(clause)


def _likened(match: Match, text: str, start: int) -> bool:
    return re.search("[像跟如似长]$", text[start : match.start]) is not None


def _in_ear_canal(match: Match, text: str, start: int) -> bool:
    clause = _before(match, text, start) + text[match.start : match.end]
    return "耳道" in clause and "廓" not in clause


def _other_period(match: Match, text: str, start: int) -> bool:
    """ "四十多天还没来": the last digits of a longer number, or of a period that does not come."""
    said = text[match.start : match.end]
    longer = said.startswith("十") and text[max(start, match.start - 1) : match.start] in set("二三四五六七八九几")
    return longer or re.search("没来|未来|推迟|停经", text[start : match.end + 8]) is not None


def _hormone_test(match: Match, text: str, start: int) -> bool:
    return text[match.start : match.end] == "激素" and bool(
        re.search("[项性]$", text[start : match.start])
        or re.match("[都均]?(?:偏|很|太|水平|检查|正常|六项|全套|低|高)", text[match.end :])
    )


def _pressure_of_fluid(match: Match, text: str, start: int) -> bool:
    measured = re.match(r"于|\s*\d", text[match.end :]) or re.search("腰穿|颅内|脑脊液|眼$", text[start : match.start])
    return "压力" in text[match.start : match.end] and measured is not None


def _slept_on(match: Match, text: str, start: int) -> bool:
    said = text[match.start : match.end]
    little = re.search("[只仅才能]$|每晚|晚上|夜里|一天|一夜|总共|最多", text[start : match.start])
    return said.startswith("睡") and said.endswith("小时") and little is None


def _eased_by_drink(match: Match, text: str, start: int) -> bool:
    said = text[match.start : match.end]
    after = re.match("[^，。]{0,3}(?:减轻|缓解|好转|潮红|脸红)", text[match.end :])
    return said.endswith("酒后") and after is not None


def _snorer(match: Match, text: str, start: int) -> bool:
    return re.search("呼噜|打鼾|鼾|打呼", text[start : match.start]) is not None


def _other_organ(match: Match, text: str, start: int) -> bool:
    before = text[start : match.end]
    return re.search("头颅|颅|脑|腹|乳|钼靶|肾|肝|骨", before) is not None and re.search("肺|胸", before) is None


def _no_medicine(match: Match, text: str, start: int) -> bool:
    return re.search("农药|蘑菇|清洁|电池|强酸|强碱|老鼠药", text[match.start : match.end + 4]) is not None


_RULES = {
    "paroxysmal_nocturnal_dyspnea": _snorer,
    "alcohol_binge": _eased_by_drink,
    "chest_xray_opacity": _other_organ,
    "drug_overdose_history": _no_medicine,
    "prolonged_menses": _other_period,
    "takes_steroid": _hormone_test,
    "recent_stressor": _pressure_of_fluid,
    "insomnia": _slept_on,
    "insect_bite_marks": _likened,
    "swollen_red_auricle": _in_ear_canal,
    "heart_murmur": _no_heart,
    "generalized_weakness": _one_sided,
    "autoimmune_history": _tested,
    "prolonged_standing_trigger": _relieved,
    "headache_worse_lying_or_straining": _no_head,
    "skin_abscess": _mouth_sores,
    "vulvar_redness": _below,
    "vaginal_bleeding": _below,
    "white_curdy_discharge": _elsewhere,
    "vertigo": _not_whirling,
    "abdominal_tenderness": _no_abdomen,
    "petechiae": _of_the_eye,
    "purpura": _of_the_eye,
    "foot_deformity_birth": _twisted,
    "fever": _local_heat,
    "crepitus_joint": _snoring_sound,
    "wet_work": _washes,
    "obesity": _sees_self,
    "goiter": _goiter,
    "memory_loss": _at_school,
    "pulsating_headache": _no_head,
    "jaundice": _another_color,
    "paresthesia": _no_pins,
    "malpresentation": _no_pregnancy,
    "sick_contact": _nobody_else,
    "bloating": _no_belly,
    "high_pitched_bowel_sounds": _no_sound,
    "abdominal_mass": _shown,
    "vesicular_rash": _shown,
    "bloodstained_discharge": _elsewhere,
    "watery_vaginal_discharge": _elsewhere,
    "edema": _of_organ,
    "fatigue": _of_muscle,
    "facial_swelling": _other_face,
    "cough": _provokes,
    "sneezing": _provokes,
    "lump": _shown,
    "vaginal_discharge": _elsewhere,
    "foul_vaginal_discharge": _elsewhere,
    "nocturia": _no_urine,
    "healthcare_worker": _of_staff,
    "shock": _of_one_limb,
    "polyuria": _treated,
    "weight_gain": _growth,
}
