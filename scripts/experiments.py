#!/usr/bin/env python3
"""The experiments of docs/experiments.md over several seeds: prints a table of
each, as the page has them.

    scripts/experiments.py XHAT DATA FOLDER [--seeds N] [--only PRESET]

Sweeps are kept in FOLDER, where a second call finds them and goes on with what
is missing; their pictures are FOLDER/PRESET/sweep.svg.  One thread, so that
another machine of the same kind prints the same."""
import argparse
import json
import math
import pathlib
import statistics
import subprocess

PRESETS = ["weight-scale", "layer-norm", "depth"]  # layer-norm has batch-size


def figure(values):
    """Mean and, where there is one, standard deviation, in three digits."""
    mean = statistics.mean(values)
    after = 2 - math.floor(math.log10(abs(mean))) if mean != 0 else 2
    numbers = [mean] if len(values) < 2 else [mean, statistics.stdev(values)]
    return " ± ".join(f"{round(number, after):,.{max(after, 0)}f}"
                      for number in numbers)


def percent(values):
    values = [100 * value for value in values]
    text = f"{statistics.mean(values):.1f}"
    if len(values) < 2:
        return text
    return f"{text} ± {statistics.stdev(values):.1f}"


def cell(points):
    best = percent([p["best_validation_accuracy"] for p in points])
    train = percent([p["best_train_accuracy"] for p in points])
    loss = figure([p["final_train_loss"] for p in points])
    return f"{best} / {train} / {loss}"


def table(points):
    """The first axis down, the norms across."""
    axis = next(iter(points[0]["values"]))
    places = list(dict.fromkeys(p["values"][axis] for p in points))
    norms = list(dict.fromkeys(p["values"]["norm"] for p in points))
    yield f"| {axis} | " + " | ".join(norms) + " |"
    yield "| --- |" + " ---: |" * len(norms)
    for place in places:
        cells = [cell([p for p in points if p["values"][axis] == place
                       and p["values"]["norm"] == norm]) for norm in norms]
        yield f"| {place} | " + " | ".join(cells) + " |"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("xhat")
    parser.add_argument("data")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", choices=PRESETS)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for preset in [options.only] if options.only else PRESETS:
        folder = options.folder / preset
        done = subprocess.run(
            [options.xhat, "sweep", options.data, "--preset", preset, "--grid",
             f"seed=0..{options.seeds - 1}", "--threads", "1", "--quiet",
             "--json", "-o", folder], check=True, stdout=subprocess.PIPE)
        print(f"\n{preset}, {options.data}: best validation % / best training "
              "% / final loss\n")
        print("\n".join(table(json.loads(done.stdout)["points"])), flush=True)


if __name__ == "__main__":
    main()
