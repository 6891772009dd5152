"""`bench store`: search, open and save in a store full of made-up cases, encrypted against plain in the same run."""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from core.domain.assessment import Assessment, Evidence, Hypothesis
from core.domain.basics import Coding, Label, Quantity, Source
from core.domain.case import Case, CaseStatus
from core.domain.finding import Finding, Origin, Status
from core.domain.record import Identifier, Medication, Note, Observation, Patient, Problem, Record, Sex
from core.store.audit import AuditLog
from core.store.clock import utc_now
from core.store.database import Database
from core.store.store import Store
from core.store.users import Users
from core.store.vault import Vault

_T = TypeVar("_T")
HELP = "search, open and save among made-up cases; encrypted against plain SQLite"
_WORDS = (
    ("cough", "咳嗽"), ("fever", "发热"), ("chest pain", "胸痛"), ("dyspnoea", "呼吸困难"), ("headache", "头痛"),
    ("nausea", "恶心"), ("vomiting", "呕吐"), ("diarrhoea", "腹泻"), ("rash", "皮疹"),
    ("fatigue", "乏力"),
    ("pulmonary nodule", "肺结节"), ("pleural effusion", "胸腔积液"), ("jaundice", "黄疸"),
    ("oedema", "水肿"),
    ("palpitations", "心悸"), ("syncope", "晕厥"), ("haematuria", "血尿"), ("back pain", "背痛"),
    ("weight loss", "体重减轻"), ("night sweats", "盗汗"), ("seizure", "癫痫发作"), ("weakness", "肌无力"),
    ("dizziness", "头晕"), ("sore throat", "咽痛"),
)  # fmt: skip
_CONDITIONS = (
    ("pneumonia", "肺炎", "J18.9"), ("asthma", "哮喘", "J45.9"), ("heart failure", "心力衰竭", "I50.9"),
    ("pulmonary embolism", "肺栓塞", "I26.9"), ("influenza", "流感", "J11.1"), ("pyelonephritis", "肾盂肾炎", "N10"),
    ("cholecystitis", "胆囊炎", "K81.0"), ("migraine", "偏头痛", "G43.9"), ("anaemia", "贫血", "D64.9"),
)  # fmt: skip
_DRUGS = ("metformin", "amlodipine", "clopidogrel", "ramipril", "salbutamol", "levothyroxine", "apixaban")
_SYLLABLES = ("ka", "ro", "mi", "ten", "la", "shu", "ber", "vo", "nai", "dor", "el", "is", "pra", "gu", "yun", "chen")
_HANZI = "样例试测演示虚构范本模拟"


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument(
        "--cases", type=int, default=2000, help="how many cases to make (default 2000; the goal is 100000)"
    )
    parser.add_argument("--rounds", type=int, default=200, help="measurements of each kind (default 200)")
    parser.add_argument("--folder", type=Path, help="where to make the stores (default: a temporary folder)")
    parser.add_argument("--json", action="store_true", help="the output is JSON in any case")


def run(args: argparse.Namespace) -> int:
    """Fill, copy to plain, measure both in turns, print."""
    with tempfile.TemporaryDirectory(dir=args.folder, prefix="bench-store-") as scratch:
        with Store.open(Path(scratch) / "encrypted") as store:
            seconds = fill(store, args.cases)
            _export_plain(store, Path(scratch) / "plain")
            with _PlainStore(Path(scratch) / "plain") as plain:
                figures = measure(store, plain, args.cases, args.rounds)
        size = sum(p.stat().st_size for p in (Path(scratch) / "encrypted").rglob("*") if p.is_file())
    print(
        json.dumps(
            {"cases": args.cases, "fill_s": round(seconds, 1), "size_mb": round(size / 1e6, 1), **figures}, indent=1
        )
    )
    return 0


def measure(store: Store, plain: Store, cases: int, rounds: int) -> dict[str, float]:
    """p95 and median in ms of each operation on the encrypted store, and its summed time over the plain one's."""
    rng = random.Random(11)
    times: dict[tuple[str, bool], list[float]] = {}
    for i in range(rounds + 5):
        query, case_id, extra = _query(rng), f"bench-{rng.randrange(cases)}", f"added {i}"
        for encrypted, each in ((True, store), (False, plain)) if i % 2 else ((False, plain), (True, store)):
            spent = _round(each, query, case_id, extra)
            if i >= 5:  # the first rounds warm the caches
                for name, value in spent.items():
                    times.setdefault((name, encrypted), []).append(value)
    figures: dict[str, float] = {}
    for name in ("search", "open", "save", "list", "counts"):
        own = times[name, True]
        figures[f"{name}_p95_ms" if name == "search" else f"{name}_ms"] = round(_p95(own), 2)
        figures[f"{name}_median_ms"] = round(statistics.median(own), 2)
        figures[f"{name}_encrypted_over_plain"] = round(sum(own) / sum(times[name, False]), 3)
    whole = {flag: sum(sum(times[n, flag]) for n in ("search", "open", "save")) for flag in (True, False)}
    figures["encrypted_over_plain"] = round(whole[True] / whole[False], 3)
    return figures


def fill(store: Store, count: int) -> float:
    """Save `count` made-up cases in transactions of 500; returns the seconds it took."""
    rng, start = random.Random(5), time.perf_counter()
    for first in range(0, count, 500):
        with store.database.write():
            for i in range(first, min(first + 500, count)):
                store.save(made_up(i, rng), "bench")
        print(f"\r{min(first + 500, count)}/{count} cases", end="", file=sys.stderr)
    print(file=sys.stderr)
    return time.perf_counter() - start


def made_up(number: int, rng: random.Random) -> Case:
    """A case of ordinary size: two notes, a dozen findings, twenty results, five hypotheses."""
    words = rng.sample(_WORDS, 8)
    source = Source("note.txt", "text", "n1")
    findings = tuple(
        Finding(f"f{i}", Coding("consilium", en.replace(" ", "_")), Label(en, zh), Status.PRESENT, Origin.NOTE, source)
        for i, (en, zh) in enumerate(words)
    )
    when = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=7 * number)
    return Case(
        f"bench-{number}",
        when.isoformat(timespec="seconds"),
        "",
        rng.choice((CaseStatus.NEW, CaseStatus.TO_REVIEW)),
        f"{words[0][0]} and {words[1][0]} for {rng.randrange(1, 20)} days",
        _record(number, rng, words, source),
        findings=findings,
        assessment=_assessment(number, rng, findings),
    )


def _record(number: int, rng: random.Random, words: list[tuple[str, str]], source: Source) -> Record:
    name = "".join(rng.choices(_SYLLABLES, k=3)).upper() + ", " + "".join(rng.choices(_SYLLABLES, k=2)).title()
    if number % 4 == 0:
        name = "".join(rng.choices(_HANZI, k=3))
    english = " ".join(
        f"The patient reports {en} since {rng.randrange(1, 30)} days, no {rng.choice(_WORDS)[0]}." for en, _ in words
    )
    chinese = "".join(f"患者{rng.randrange(1, 30)}天前出现{zh}，无{rng.choice(_WORDS)[1]}。" for _, zh in words)
    results = tuple(
        Observation(f"o{i}", (Coding("LOINC", f"{2000 + i}-{i % 10}"),), f"analyte {i}", (source,), "laboratory",
                    Quantity(round(rng.uniform(1, 200), 1), "mg/L"), time="2026-01-01")
        for i in range(20)
    )  # fmt: skip
    return Record(
        Patient(name, date(1930 + number % 90, 1 + number % 12, 1), Sex.FEMALE if number % 2 else Sex.MALE,
                identifiers=(Identifier("bench", f"SYN-{number:06d}"),), synthetic=True),
        problems=(Problem("p1", (Coding("ICD-10", rng.choice(_CONDITIONS)[2]),), rng.choice(_CONDITIONS)[0], (source,)),),
        medications=tuple(Medication(f"m{i}", (), drug, (source,), "active")
                          for i, drug in enumerate(rng.sample(_DRUGS, 3))),
        observations=results,
        notes=(Note("n1", english * 2, source), Note("n2", chinese * 2, source, "zh")),
    )  # fmt: skip


def _assessment(number: int, rng: random.Random, findings: tuple[Finding, ...]) -> Assessment:
    evidence = tuple(Evidence(f.code, f.label, rng.uniform(-1, 2), f.origin, f.id) for f in findings)
    ranked = tuple(
        Hypothesis(en.replace(" ", "_"), Label(en, zh), (Coding("ICD-10", code),), "bench", 0.5 / (i + 1),
                   (0.3 / (i + 1), 0.7 / (i + 1)), -2.0, 0.0, evidence)
        for i, (en, zh, code) in enumerate(rng.sample(_CONDITIONS, 5))
    )  # fmt: skip
    return Assessment(f"a{number}", "2026-01-01T00:00:00+00:00", ranked, 0.1)


def _query(rng: random.Random) -> str:
    en, zh = rng.choice(_WORDS)
    kinds: tuple[Callable[[], str], ...] = (
        lambda: en,
        lambda: zh,
        lambda: zh[:2],
        lambda: f"{en} {rng.choice(_CONDITIONS)[1]}",
        lambda: rng.choice(_CONDITIONS)[2],
        lambda: rng.choice(_DRUGS)[:5],
        lambda: f"SYN-{rng.randrange(100000):06d}",
        lambda: "".join(rng.choices(_SYLLABLES, k=3)),
        lambda: "".join(rng.choices(_HANZI, k=2)),
    )
    return rng.choice(kinds)()


def _round(store: Store, query: str, case_id: str, extra: str) -> dict[str, float]:
    spent: dict[str, float] = {}
    _timed(spent, "search", lambda: store.search(query))
    case = _timed(spent, "open", lambda: store.load(case_id, user="bench"))
    changed = replace(case, reason=extra, record=replace(case.record, notes=case.record.notes[:2]))
    _timed(spent, "save", lambda: store.save(changed, "bench"))
    _timed(spent, "list", lambda: store.list(limit=200))
    _timed(spent, "counts", store.counts)
    return spent


def _timed(spent: dict[str, float], name: str, work: Callable[[], _T]) -> _T:
    start = time.perf_counter()
    result = work()
    spent[name] = 1000 * (time.perf_counter() - start)
    return result


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


class _PlainStore(Store):
    """The same store on an unencrypted copy, for comparison; exists in this benchmark only."""

    def __init__(self, folder: Path) -> None:
        key = bytes(32)
        self.folder, self._key, self._clock, self._seen = folder, key, utc_now, {}
        self.database = Database(folder / "consilium.db", None)
        self.audit = AuditLog(self.database, folder / "audit.seal", key, utc_now)
        self.users = Users(self.database, self.audit, utc_now)
        self.vault = Vault(folder / "files", key)


def _export_plain(store: Store, folder: Path) -> None:
    """SQLCipher's own export: the same rows in an unencrypted file."""
    folder.mkdir()
    with store.database.read() as connection:
        connection.execute("ATTACH DATABASE ? AS plain KEY ''", (str(folder / "consilium.db"),))
        connection.execute("SELECT sqlcipher_export('plain')").fetchone()
        connection.execute("DETACH DATABASE plain")
