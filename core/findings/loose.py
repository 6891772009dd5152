"""English words that are a finding by themselves and only describe, provoke or show something where they stand here:
"red lochia", "it hurts to cough", "the film shows many nodules"."""

import re

from core.findings.english import Match

_PREDICATE = re.compile(
    r"(?:$|\W*$|[,.;:)/]|\s+(?:and|or|but|with|over|all|in|on|around|from|since|again|now|at|when|after|for|to|as|by|than"
    r"|skin|areas?|patch(?:es)?|marks?|blotch(?:es)?|rash|hot|itchy|swollen|sore|tender|warm|painful|inflamed|raw|shiny|angry"
    r"|and\b)\b)",
    re.IGNORECASE,
)
"""What follows "red" where the skin is said to be red, and not a thing."""
_PROVOKES = re.compile(
    r"(?:\b(?:hurts?|painful|sore|agony|agonising|worse|unable|afraid|leaks?|tender) (?:to|on|by)|\bon"
    r"|\b(?:when|if|each time|every time|whenever) (?:i|he|she|they|you)|\b(?:worse|pain|hurts?) (?:with|when|by)|\beach"
    r"|\b(?:lift|strain|sneeze|laugh|hop|bend)(?:s|ing)? (?:or|and)|\bset off by|\bbrought on by"
    r"|\bon (?:\w+(?:,| and| or) ){1,3})\s*$",
    re.IGNORECASE,
)
"""What stands before a cough or sneeze that brings something else on."""
_WITH_OTHERS = re.compile(
    r"\b(?:twist|strain|laugh|lift|bend|mov|turn|stretch|jump|reach)\w*(?:,| and| or|, or|, and) $"
    r"|\bworse \w+(?: and| or|,) $"
    r"|\bdeep(?:ly)?(?: breath\w*)?(?:,| or| and|, or) $",
    re.IGNORECASE,
)
"""What brings pain on stands before a cough that does so too."""
_SETS_OFF = re.compile(
    r"(?: pain\b| (?:does|did)(?: not|n't)[.,;]|,? (?:(?:and|or) )?(?:laugh|roll|strain|mov|lift|bend)\w*\b"
    r"|(?:(?:,| and| or)+ (?!my |his |her |the |a |i |he |she )[^.;:]{1,30}?)?"
    r" (?:hurts?|(?:is|are) (?:agony|painful|unbearable)|(?:set|bring)s? (?:it|them) (?:off|on)"
    r"|(?:worsen|aggravate|trigger|provoke|reproduce)s?"
    r"|makes? (?:it|them|the (?:pain|lump|swelling|bulge)|(?:my|her|his) \w+ (?:hurt|ache|worse)))\b)",
    re.IGNORECASE,
)
"""What follows a cough or sneeze that brings something else on: "coughing and sneezing hurt"."""
_ONE_MUSCLE = (
    r"(?:grip|pinch|triceps|biceps|deltoids?|quadriceps|hamstrings?|glute\w+|nerves?|palsy|flexors?|extensors?|abductors?|adductors?"
    r"|rotators?|flexion|extension|abduction|adduction|dorsiflexion|plantarflexion|eversion|inversion|opposition|thumbs?|fingers?|hands?"
    r"|arms?|legs?|foot|feet|toes?|ankles?|wrists?|elbows?|knees?|hips?|shoulders?|thighs?|calf|calves|face|facial|eyelids?|eyes?"
    r"|jaw|palate|tongue|neck|sides?|sided|lifting|raising|bending|straightening|gripping|squeez\w+|closure|handshake|limb)"
)
_WEAK_AFTER = re.compile(rf"\b{_ONE_MUSCLE}\b[^.,;:]{{0,30}}$|\b{_ONE_MUSCLE} (?:\w+ ){{0,2}}$", re.IGNORECASE)
_WEAK_BEFORE = re.compile(rf"(?:ness)? (?:(?:of|in|on|at|for|with) (?:\w+ ){{0,4}}?)?{_ONE_MUSCLE}\b", re.IGNORECASE)
_EVERYWHERE = re.compile(
    r"\b(?:all (?:four|over|his|her|my|the)|everywhere|generali[sz]ed|whole body|arms and legs|all limbs|lie down|bed)\b",
    re.IGNORECASE,
)
"""Words of one muscle, limb or movement that alone is weak, and those that say that all are."""
_HELPED = re.compile(
    r"\b(?:better|relief|relieved|eased|helped|improv\w+|settl\w+|gone|went|resolved|cleared|respond\w*|pass(?:ed|es)|vanish\w*"
    r"|abolished|stopped) (?:\w+ ){0,2}?(?:after|with|by|on|from|to|within \w+ of)"
    r"(?: (?:a|an|one|two|the|some|doses?|course|injection|of|oral|IV|intravenous|tablets?|spray|puffs?|high-dose|low-dose"
    r"|trial|short|single|few|days|starting))* $",
    re.IGNORECASE,
)
_HELPS = re.compile(
    r"(?: (?:spray|tablets?|under the tongue|injection))?,? (?:quickly |soon |barely |hardly |only )?"
    r"(?:helps?|helped|eases?|eased|settles?|settled|works|worked|relieves?|relieved|(?:does|did|do) (?:not|nothing)"
    r"|(?:does|did)n't|gave (?:no )?relief|(?:made|makes) no difference|brings? relief|took it away)\b",
    re.IGNORECASE,
)
_OVER_COUNTER = frozenset({"takes_paracetamol", "takes_nsaid", "takes_inhaler", "takes_ppi", "takes_opioid"})
"""What stands around a medicine that was tried once for its effect, and is not taken by habit; a pain killer is."""
_ULCER_INSIDE = re.compile(
    r"\b(?:stomach|gastric|duoden|peptic|colon|sigmoid|rect(?:al|um)|bowel|ile(?:al|um)|endoscop|gastroscop|o?esophag|palate|tongue|teeth|cheeks?"
    r"|gums?|mouth|corneal?|throat|tonsil|bladder)\w*",
    re.IGNORECASE,
)
_SINKS = re.compile(r" (?:from|to|by|below) (?:about |a )?\d", re.IGNORECASE)
_OVERWEIGHT = re.compile(r"\b[2-6]\d\b")
_DAYS_OF = re.compile(r"10 (?:d|days?|h|hrs?|hours?|wks?|weeks?|mo|months?|mins?|minutes?)\b")
_DENTAL = re.compile(r"dental (?:hygien|nurse|assist|techni|student|recep|surg)")
_ON_FLOOR = re.compile(r" (?:on the|across|about|around|to|out|home|up the|well|late|normally)\b", re.IGNORECASE)
_WHEN_SO = re.compile(
    r"\b(?:when|if|whenever) (?:\w+ ){0,2}?(?:is |are |am |feels? |gets? )?$|\bwhen \w+'(?:m|s|re) $", re.IGNORECASE
)
"""A tiredness that brings something else on: "worse when I'm tired"."""
_OF_BLOOD = re.compile(r"\b(?:mum|mom|mother|dad|father|brother|sister|gran|nan|aunt|uncle|cousin)")
_THE_SAME = re.compile(r"\b(?:same|as well|too|had it|has it|had one|got it)\b")
_CATCHING = re.compile(
    r"\b(?:fever|febrile|feverish|temperature|cough|diarrh|the runs|vomit|throw|threw|sick|rash|spots?\b|blister|itch"
    r"|scratch|throat|cold\b"
    r"|runny|snot|sneez|sticky|discharge|flu\b|chills|shiver|lice|scabies|tummy|jaundice|yellow|glands?\b|pox|measles|nursery|school"
    r"|warts?\b|ringworm|red eyes?|headache)",
    re.IGNORECASE,
)
"""What can be caught: without any of it a relative who had the same tells of the family."""
_RING = r"^(?:pale|red|pink|white)(?:,? (?:outer|inner))? (?:ring|rim|halo|border|margin)"
_UP_TO = r"\b(?:swollen|puffy|swelling) (?:right |up )?to (?:(?:just|above|below|the|her|his|my|both) )*knee"
_DUSKY = re.compile(
    r"(?:,? [\w-]+){0,2} (?:areas?|patch(?:es)?|spots?|skin|lesions?|plaques?|cent(?:re|er)s?|blisters?|edges?)\b",
    re.IGNORECASE,
)
_OTHERS = {
    "bloody_show": re.compile(r"\bshow(?:s|ed|ing)\b"),
    "loss_of_consciousness": re.compile(r"\bknock me out"),
    "numbness": re.compile(r"^numbs$|asleep in my arms"),
    "generalized_edema": re.compile(r" and an? "),
    "rash": re.compile(r"skin sample"),
    "head_turn": re.compile(r"^turning the head"),
    "neck_mass": re.compile(r"\bor stiff neck|neck of"),
    "cystic_lump_wrist": re.compile(r"\bbumps\b"),
    "back_pain": re.compile(r"\bback (?:teeth|tooth|molars?)\b"),
    "morning_headache": re.compile(r"\b(?:until|till|next)\b"),
    "pallor": re.compile(rf"^faces have|{_RING}"),
    "popping_ears": re.compile(r"\bin front of\b"),
    "jaw_claudication": re.compile(r"^jaw (?:clicks|pops|cracks|locks)\b"),
    "bleeding_tendency": re.compile(r"\bbleed, "),
    "palmar_erythema": re.compile(_RING),
    "skin_redness": re.compile(_RING),
    "joint_swelling": re.compile(rf"\bunder the fingers|{_UP_TO}"),
    "knee_swelling": re.compile(_UP_TO),
    "sciatica": re.compile(r"\bis spreading$"),
    "chronic_course": re.compile(r"^years? .*\bfor$"),
}
"""Words of a finding in another sense: "urine shows blood", "the drop that numbs"."""
_JOINED_ON = re.compile(
    r"^\w+,? and (?:has|had|have|now|then|(?:gett|turn|mov|lift|squeez|bend|lean|walk)ing) |^\w+(?: joints?)? reproduc|"
    r"\b(?:aches?|hurts?|pain|painful|sore)\b(?:,? and (?:the|his|her|my|one)"
    r"|, and (?!swell|stiff|numb|weak|tender|burn|tight)\w+s) "
)
"""A pain that belongs to what stands before it: "her knees ache and the eyes are red"."""
_CHEST = re.compile(r"\b(?:chest|lungs?|rhonchi|crackles|creps|crepitations|wheez)", re.IGNORECASE)
_RETINA = re.compile(r"\b(?:retina|fundus|fundi|fundoscopy|disc)", re.IGNORECASE)
_MOUTH = re.compile(
    r"\b(?:tonsil|tongue|palate|mouth|throat|gums?\b|inside (?:the|his|her|my|both) cheek|cervix)", re.IGNORECASE
)
_GLAND = re.compile(r"\bglands?\b", re.IGNORECASE)
_FOLLOWED = {
    "dysphagia": re.compile(r" in (?:it|the hole|my teeth|between)\b", re.IGNORECASE),
    "ear_tugging": re.compile(r" (?:is|was|does|causes|gives|hurts)\b", re.IGNORECASE),
    "pallor": re.compile(
        r",? (?:\w+,? ){0,3}?(?:bumps?|lumps?|patch|swelling|mass|nodul|spots?|areas?|discs?|scars?|plaque|ring|jelly"
        r"|fluid|line)",
        re.IGNORECASE,
    ),
}
"""What follows where the words before tell of something else: "food gets stuck in it", "pale, equal bumps"."""
_AS_IF = re.compile(r"\b(?:as (?:if|though)|like) [^.,;]{0,25}$", re.IGNORECASE)
_BESIDE = re.compile(r"\b(?:beside|side of|next to|tip of|bridge of|on) (?:the|his|her|my) $", re.IGNORECASE)
_PRESSED = re.compile(r" (?:if|when|on|with|under) (?:\w+ ){0,2}?press", re.IGNORECASE)
_STOOL = re.compile(r"\bstools? (?:is |are |were |was )?(?:loose and |bulky and )?$", re.IGNORECASE)
_PUPIL = re.compile(r"\b(?:pupil|reflex|bowel|flow|capillary|thyroid|circulation)", re.IGNORECASE)
_LAST_PERIOD = re.compile(r"\blast (?:menstrual )?period\b")
_BACK_OF = re.compile(
    r"\s+of\s+(?:(?:the|his|her|my|both|each|left|right)\s+)*(?!ribs?\b|chest\b|trunk\b|neck\b|the\b|his\b|her\b|my\b|both\b|each\b|left\b|right\b)\w",
    re.IGNORECASE,
)
"""The back of something else: "pain at the back of the knee"."""
_FALLS = re.compile(
    r"\s+(?:ill\b|asleep\b|pregnant\b|out\b|by \d|to \d|from \d|over (?:the|her|his|my) (?:\w+ )?eye"
    r"|(?!down|over|again|a lot|frequently|at|in|on|back|and|or|several|often|more|while|when|twice|three|to|off|from)\w+)",
    re.IGNORECASE,
)
"""What follows where something else falls, or no one does: "a falling sofa", "fell ill"."""
_CRAMPS = frozenset({"cramp", "cramps", "cramping", "crampy", "cramped"})
_BELLY_CRAMP = re.compile(
    r"\b(?:abdom|abdo\b|belly|tummy|stomach|diarrh|stools?\b|bowel|periods?\b|menstru|womb|uter|labou?r|contraction|miscarr"
    r"|vomit|toilet|loo\b|pelvi|pregnan)",
    re.IGNORECASE,
)
"""Cramps in a note of these are the belly's."""
_LIMB = re.compile(r"\b(?:legs?|cal(?:f|ves)|hands?|f(?:oo|ee)t|toes?|thighs?|fingers?|muscles?)\b", re.IGNORECASE)
_FAINT = re.compile(
    r"\s+(?!and\b|or\b|when\b|on\b|if\b|at\b|in\b|but\b|after\b|with\b|while\b|for\b|episode|spell|attack|while\b)[a-z]+\s+[a-z]"
)
"""A noun that a faint thing is: "a faint high whistle"."""
_NUMBER = re.compile(r"\s*(?:from|by|to)?\s*\d")
_BELLY = re.compile(r"\b(?:abdom|abdo\b|belly|tender|guarding|ascites|rebound|quadrant|fossa)", re.IGNORECASE)
_NOSE = re.compile(r"\b(?:nos[et]|cold|cough|sneez|nasal|throat)", re.IGNORECASE)
_DISCHARGES = frozenset({"foul_vaginal_discharge", "watery_vaginal_discharge", "bloodstained_discharge"})
_ELSEWHERE = re.compile(
    r"\b(?:ears?|nostril|nose|eyes?|wound|nipple|navel|penis|foreskin|socket|stoma)\b", re.IGNORECASE
)
_GENITAL = re.compile(
    r"\b(?:vagin|vulv|PV\b|down below|down there|cervi|periods?\b|sex|intercourse|womb|uter|pregnan|smear)",
    re.IGNORECASE,
)
_OTHER_GLAND = re.compile(r"\b(?:rectal|prostat|thyroid)", re.IGNORECASE)
_OTHER_WORDS = frozenset(
    {"stroking", "stroked", "grave", "scratchy", "chilli", "chillies", "club", "clubs", "hair-thin"}
)
"""Words that come down to the normal form of a finding and are another."""
_WIND = re.compile(r"\bwinds?\b")
_VALUE_FALLS = re.compile(
    r"(?:\d\s*(?:mmHg|%)|\d\d|(?:speed|pressure|count|weight|level|marks|grades|fever|temperature)(?: has| have| had)?)\s*$",
    re.IGNORECASE,
)
_A_LIMP = re.compile(
    r"(?:\b(?:an?|the|with|his|her|him|to|slight|mild|painful|painless|noticeable|no|without)|^)\s*$", re.IGNORECASE
)
"""What stands before a limp that is a way of walking, not a limp body."""
_SEEN = frozenset({"lump", "ring_shaped_rash", "hypopigmentation"})
_SHOWS = re.compile(
    r"\b(?:CT|MRI|PET|X-?rays?|radiographs?|films?|ultrasound|USS?|TVUS|scans?|echo(?:cardiograph\w*)?|imaging|mammogra\w+"
    r"|colonoscopy|endoscopy|gastroscopy|bronchoscopy)\b",
    re.IGNORECASE,
)
"""Tests that show masses and nodules nobody feels."""


def loose(match: Match, text: str, start: int) -> bool:
    """Whether a match (in note offsets; its sentence begins at `start`) says nothing of its own."""
    said = text[match.start : match.end].lower()
    if said in _OTHER_WORDS or (match.key.endswith("dyspnea") and _WIND.search(said)):
        return True
    if match.key == "easy_bruising" and said == "bruise":
        return True
    if match.key == "skin_redness" and said in {"red", "reddish", "pink"}:
        return not _PREDICATE.match(text, match.end)
    if match.key == "muscle_cramps" and said in _CRAMPS:
        return _BELLY_CRAMP.search(text) is not None and _LIMB.search(text, start) is None
    if match.key == "syncope" and said == "faint":
        return _FAINT.match(text, match.end) is not None
    if match.key == "recent_trauma" and said.startswith(("fell", "fall")) and _NUMBER.match(text, match.end):
        return True
    if match.key == "muscle_rigidity":
        return _BELLY.search(text, start, match.end) is not None
    if match.key == "runny_nose" and said in {"runny", "snotty"}:
        return _NOSE.search(text) is None
    if match.key in _DISCHARGES:
        return _ELSEWHERE.search(text) is not None and _GENITAL.search(text) is None
    if match.key == "back_pain" and not _OTHERS["back_pain"].search(said):
        return said.endswith("back") and _BACK_OF.match(text, match.end) is not None
    if match.key == "falls" and _VALUE_FALLS.search(text[max(start, match.start - 24) : match.start]):
        return True
    if match.key == "limp" and said == "limp":
        return _A_LIMP.search(text[max(start, match.start - 24) : match.start]) is None
    if match.key == "spinal_tenderness":
        return "back" in said and _BACK_OF.search(text, match.start, match.end + 20) is not None
    if match.key == "falls" and said == "falls":
        return _SINKS.match(text, match.end) is not None
    if match.key == "low_bmi":
        return _OVERWEIGHT.search(said) is not None
    if match.key == "severe_headache":
        return _DAYS_OF.match(said) is not None
    if match.key == "toothache":
        return _DENTAL.search(said) is not None
    if match.key == "paresthesia" and said == "crawling":
        return _ON_FLOOR.match(text, match.end) is not None
    if match.key == "fatigue" and said == "tired":
        return _WHEN_SO.search(text[max(start, match.start - 30) : match.start]) is not None
    if match.key == "sick_contact" and _THE_SAME.search(said) and _OF_BLOOD.search(said):
        return _CATCHING.search(text) is None
    if match.key in {"falls", "recent_trauma"} and said.startswith("fallen"):
        return text[match.start :].lower().startswith("fallen asleep")
    if match.key == "falls" and said in {"falling", "fell"}:
        return _FALLS.match(text, match.end) is not None
    if match.key == "lymphadenopathy":
        return said.endswith("gland") and _OTHER_GLAND.search(text, start, match.start) is not None
    if (match.key in _SEEN or said == "bruises") and _SHOWS.search(text, start, match.start):
        return True
    if match.key in {"cough", "sneezing"} and " " not in said:
        before = text[max(start, match.start - 24) : match.start]
        return bool(_PROVOKES.search(before) or _WITH_OTHERS.search(before) or _SETS_OFF.match(text, match.end))
    return _of_another(match, said, text, start)


def _of_another(match: Match, said: str, text: str, start: int) -> bool:
    """Whether what stands around a match makes it speak of one muscle, one dose, another organ, another time."""
    if match.key.startswith("!focal_weakness") and "focal signs" in said:  # "few rhonchi, no focal signs"
        return _CHEST.search(text, start, match.end + 20) is not None
    told = _OTHERS.get(match.key)
    if told is not None and told.search(said):
        return True
    if match.key.endswith(("_pain", "photophobia")) and _JOINED_ON.search(said):
        return True
    before = text[max(start, match.start - 30) : match.start]
    if match.key == "recent_trauma" and _AS_IF.search(before):
        return True
    near = text[start : match.end + 40]
    if match.key in {"varicose_veins", "hypopigmentation"}:
        return (_RETINA if match.key == "varicose_veins" else _MOUTH).search(near) is not None
    if match.key == "jaw_pain":
        return _GLAND.search(text, max(start, match.start - 15), match.end) is not None
    after = _FOLLOWED.get(match.key)
    if after is not None and after.match(text, match.end):
        return True
    if match.key == "epistaxis" and said.startswith("nose"):
        return _BESIDE.search(before) is not None
    if match.key == "cyanosis" and said == "dusky":
        return _DUSKY.match(text, match.end) is not None
    if match.key == "pallor" and said == "pale":
        return _PRESSED.match(text, match.end) is not None or _STOOL.search(before) is not None
    if match.key == "generalized_weakness" and said in {"weak", "weakness", "weaker"}:
        around = _WEAK_AFTER.search(text[start : match.start]) or _WEAK_BEFORE.match(text, match.start + 4)
        return around is not None and _EVERYWHERE.search(text, start, match.end + 40) is None
    if match.key.startswith("takes_"):
        before = text[max(start, match.start - 60) : match.start]
        once = _HELPED.search(before) or _HELPS.match(text, match.end)
        return once is not None and match.key not in _OVER_COUNTER
    if match.key == "skin_ulcer" and said in {"ulcer", "ulcers"}:
        return _ULCER_INSIDE.search(text, start, match.end + 40) is not None
    if match.key == "prolonged_menses":
        return _LAST_PERIOD.search(said) is not None
    if match.key == "fatigue" and said == "sluggish":
        return _PUPIL.search(text, start, match.end + 40) is not None
    if match.key == "neck_weakness":  # "neck supple, no weakness"
        return "," in said or said == "weakness"
    return False
