"""`bench similar`: the index of similar cases on made-up ones: building, searching, keeping."""

import argparse
import json
import time

import numpy as np

from core.explain.similar import Index, load

HELP = "index of similar past cases on made-up ones: build, search, dump and load"
WIDTH, VOCABULARY, FINDINGS = 384, 3000, 20


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("--cases", type=int, default=100_000, help="made-up cases (default 100000)")
    parser.add_argument("--searches", type=int, default=30, help="searches timed (default 30)")
    parser.add_argument("--json", action="store_true", help="JSON on standard output (always so; for symmetry)")


def run(args: argparse.Namespace) -> int:
    """Print seconds, megabytes and the search's milliseconds."""
    rng = np.random.default_rng(0)
    often = 1 / np.arange(1, VOCABULARY + 1) ** 0.9
    often /= often.sum()
    names = [f"{'+' if k % 4 else '-'}consilium:finding {k}" for k in range(VOCABULARY)]
    rows = rng.choice(VOCABULARY, size=(args.cases, FINDINGS), p=often)
    notes = rng.normal(size=(args.cases, WIDTH)).astype(np.float32)
    index, started = Index(), time.perf_counter()
    for k in range(args.cases):
        index.put(f"case-{k}", 1, {names[int(t)] for t in rows[k]})
        index.put_vector(f"case-{k}", "note", notes[k])
    built = time.perf_counter() - started
    spent = []
    for k in rng.integers(0, args.cases, args.searches + 1):
        asked = index.profile(f"case-{k}")
        started = time.perf_counter()
        index.search(asked, 10, without=f"case-{k}")
        spent.append(1000 * (time.perf_counter() - started))
    started = time.perf_counter()
    data = index.dump()
    dumped = time.perf_counter() - started
    started = time.perf_counter()
    load(data)
    out = {
        "cases": args.cases, "build_s": built, "first_search_ms": spent[0], "search_ms": float(np.median(spent[1:])),
        "search_ms_max": max(spent[1:]), "dump_s": dumped, "load_s": time.perf_counter() - started,
        "megabytes": len(data) / 1e6,
    }  # fmt: skip
    print(json.dumps(out, indent=1))
    return 0
