#!/usr/bin/env python3
"""Runs every benchmark and writes the tables of docs/performance.md, and the
other libraries' errors into docs/accuracy.md.

    bench/run.py BUILD [--quick] [--no-peers] [--rewrite]

The JSON of each goes to BUILD/bench/.  --quick takes a few shapes and leaves
the pages alone; --no-peers leaves the other libraries out; --rewrite measures
nothing and writes the page from the JSON that is there."""
import argparse
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import tables  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
PEER_FOLDERS = [ROOT / "build" / "peers" / name
                for name in ("onednn", "onednn-openmp")]
LADDER = "64x100,256x1024,32x64x28x28"
RANDOM = 24  # shapes
CORES = len(os.sched_getaffinity(0))


def say(text):
    print(f"== {text}", file=sys.stderr, flush=True)


def command(*words, **options):
    return subprocess.run(list(map(str, words)), check=True, cwd=ROOT,
                          **options)


def build_workers(build):
    """Installs the other libraries and builds a worker for each."""
    say("installing and building the other libraries' workers")
    command("bench/peers/install.sh")
    found = [str(f) for f in PEER_FOLDERS if (f / "complete").exists()]
    command("cmake", "-S", ROOT, "-B", build, "-DXHAT_WITH_PEERS=ON",
            "-DXHAT_PEERS_ONEDNN=" + ";".join(found),
            stdout=subprocess.DEVNULL)
    command("cmake", "--build", build, stdout=subprocess.DEVNULL)


def bench(build, name, *options):
    """xhat bench into BUILD/bench/NAME.json"""
    path = build / "bench" / f"{name}.json"
    with open(path, "w") as file:
        command(build / "xhat", "bench", "--json", *options, stdout=file)
    return path


def compare(build, name, *options):
    """bench/peers/compare.py into BUILD/bench/NAME.json"""
    path = build / "bench" / f"{name}.json"
    command(sys.executable, "bench/peers/compare.py", build, "-o", path,
            *options, stdout=subprocess.DEVNULL)
    return path


def measure_accuracy(build):
    """docs/accuracy.md, by a Python that has NumPy (Debian's, most likely)"""
    for python in ("/usr/bin/python3", sys.executable):
        if subprocess.run([python, "-c", "import numpy"],
                          stderr=subprocess.DEVNULL).returncode == 0:
            say("errors beside the other libraries'")
            command(python, "bench/peers/accuracy.py", build)
            return
    say("errors beside the other libraries': left out, NumPy is missing")


def measure(build, quick, peers):
    shapes, seconds = ("few", 0.2) if quick else ("all", 0.5)
    say("the ladder: circuit, closed form, fused kernels")
    bench(build, "ladder", "--shape", LADDER, "--method",
          "fused,closed,staged", "--cache", "hot", "--seconds", seconds)
    say("hot and cold caches")
    bench(build, "caches", "--shape", shapes, "--seconds", seconds)
    if not peers:
        return
    for threads in sorted({CORES, 1}, reverse=True):
        say(f"beside the other libraries, {threads} thread(s)")
        compare(build, f"peers-{threads}", "--shape", shapes, "--threads",
                threads, "--seconds", 2 * seconds)
        say(f"shapes drawn at random, {threads} thread(s)")
        compare(build, f"random-{threads}", "--random", 4 if quick else RANDOM,
                "--threads", threads, "--seconds", seconds)
    say("fused with ReLU, beside the other libraries")
    compare(build, "fusions", "--shape", "few", "--fusion",
            "plain,relu,add-relu", "--threads", CORES, "--seconds", 2 * seconds)
    if not quick:
        measure_accuracy(build)


def read(build, name):
    path = build / "bench" / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def sections(build):
    """{name: lines} of every section that there are results for"""
    made = {}
    ladder, caches = read(build, "ladder"), read(build, "caches")
    compared = {n: read(build, f"peers-{n}") for n in sorted({CORES, 1})}
    compared = {n: d for n, d in compared.items() if d is not None}
    libraries = list(dict.fromkeys(
        name for d in compared.values() for name in d["libraries"]))
    made["machine"] = tables.machine_lines(caches, libraries)
    made["ladder"] = tables.ladder_table(ladder)
    made["caches"] = tables.noise_line(caches) + [""] + \
        tables.cache_table(caches)
    behind = []
    for threads, document in compared.items():
        cases = tables.cases_of(document)
        behind += cases
        made["one thread" if threads == 1 else "all threads"] = \
            tables.goal_table(cases, document["classes"])
        if threads == CORES:
            made["shapes"] = tables.shape_table(cases)
    drawn = [case for n in sorted({CORES, 1}, reverse=True)
             for case in tables.cases_of(read(build, f"random-{n}") or
                                         {"results": []})]
    if drawn:
        made["random"] = tables.random_table(drawn)
        made["random behind"] = tables.behind_table(drawn)
    fusions = read(build, "fusions")
    if fusions is not None:
        cases = tables.cases_of(fusions)
        behind += filter(tables.is_fused, cases)
        made["fusions"] = tables.fusion_table(cases)
    if compared:
        made["behind"] = tables.behind_table(behind)
    return made


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true",
                        help="a few shapes; docs/performance.md stays")
    parser.add_argument("--no-peers", action="store_true",
                        help="xhat alone; docs/performance.md stays")
    parser.add_argument("--rewrite", action="store_true",
                        help="the page from the results that are there")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    (build / "bench").mkdir(parents=True, exist_ok=True)
    if not arguments.rewrite:
        if not arguments.no_peers:
            build_workers(build)
        measure(build, arguments.quick, not arguments.no_peers)
    made = sections(build)
    page = PAGE.read_text()
    for name, lines in made.items():
        page = tables.replace_section(page, name, lines)
        print(f"\n{name}\n")
        print("\n".join(lines))
    if not arguments.quick and not arguments.no_peers:
        PAGE.write_text(page)
        say(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
