#!/usr/bin/python3
"""Training steps of xhat beside PyTorch's on the CPU: the same net, first
weights, rows, batch and number of threads, in turns, in one run.

    bench/nets/steps_beside_torch.py BUILD [--quick] [--threads N]

The first steps are compared loss by loss: what does not compute the same is
not timed.  Each round then times some steps of each contestant, one after the
other; a ratio is the median over the rounds.  Writes docs/performance-nets.md,
for one thread and for all cores, unless --quick or --threads.  PyTorch is
Debian's python3-torch; without it only xhat is timed."""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

from contestants import Ours, Torch, largest_difference, torch, torch_data

ROOT = pathlib.Path(__file__).resolve().parents[2]
FASHION = "/usr/share/datasets/fashion-mnist"
# units, depth, batch; what PyTorch's step may at least take of ours
CASES = [((100, 5, 50), 5.0), ((512, 3, 128), 1.5), ((2048, 3, 512), 1.1)]
OPTIMIZERS = ["adam", "sgd"]
NORM_COST = 1.15  # of a step, at 512 units and more
SAME_STEPS = 5    # compared one by one, and the contestants' warm-up
SAME = 2e-3       # float32 rounding, enlarged by so many steps


def begin(build, data, case, optimizer, threads):
    """The contestants, warmed up, and by how much their losses differ."""
    program = f"{build}/bench/net_steps"
    ours = Ours(program, FASHION, case, optimizer, "batch", threads)
    contestants = {
        "xhat": ours,
        "no norm": Ours(program, FASHION, case, optimizer, "none", threads)}
    contestants["no norm"].steps(SAME_STEPS)
    if torch is None:
        ours.steps(SAME_STEPS)
        return contestants, None
    theirs = Torch(ours, data, case, optimizer, "batch", threads)
    contestants["torch"] = theirs
    difference = largest_difference(ours, theirs, SAME_STEPS)
    if not difference <= SAME:
        sys.exit(f"bench-nets: {case}, {optimizer}: the losses of the first "
                 f"{SAME_STEPS} steps differ by {difference:.1e}: this is not "
                 "the same training")
    return contestants, difference


def take_turns(contestants, rounds, count):
    """Seconds a step and mean losses, of each contestant in each round."""
    times = {name: [] for name in contestants}
    losses = {name: [] for name in contestants}
    for turn in range(rounds):
        names = list(contestants)
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            wall, _, loss = contestants[name].steps(count)
            times[name].append(wall / count)
            losses[name].append(loss)
    return times, losses


def measure(build, data, case, optimizer, threads, rounds, seconds):
    contestants, difference = begin(build, data, case, optimizer, threads)
    count = max(2, int(seconds / contestants["xhat"].steps(2)[0] * 2))
    for name in contestants:
        if name != "xhat":
            contestants[name].steps(2)
    times, losses = take_turns(contestants, rounds, count)
    gather = statistics.median(contestants["xhat"].gather(count) / count
                               for _ in range(rounds))
    result = {"units": case[0], "depth": case[1], "batch": case[2],
              "optimizer": optimizer, "threads": threads, "steps": count,
              "rounds": rounds, "difference": difference,
              "seconds": {name: statistics.median(values)
                          for name, values in times.items()},
              "gather": gather, "losses": losses, "memory": contestants["xhat"].memory,
              "norm_cost": statistics.median(
                  a / b for a, b in zip(times["xhat"], times["no norm"]))}
    if torch is not None:
        ratios = sorted(b / a for a, b in zip(times["xhat"], times["torch"]))
        result["ratio"] = statistics.median(ratios)
        result["ratio_quartiles"] = [ratios[len(ratios) // 4],
                                     ratios[(3 * len(ratios)) // 4]]
    for contestant in contestants.values():
        if isinstance(contestant, Ours):
            contestant.close()
    return result


def row(result, goal):
    ratio = result.get("ratio")
    seconds = result["seconds"]
    losses = {name: statistics.mean(values)
              for name, values in result["losses"].items()}
    cells = [f"{result['units']}x{result['depth']}", str(result["batch"]),
             result["optimizer"], str(result["threads"]),
             f"{result['batch'] / seconds['xhat']:,.0f}"]
    if ratio is None:
        cells += ["-", "-", f"{goal:.1f}", ""]
    else:
        cells += [f"{result['batch'] / seconds['torch']:,.0f}", f"{ratio:.2f}",
                  f"{goal:.1f}", "met" if ratio >= goal else "missed"]
    cells += [f"{100 * (result['norm_cost'] - 1):.0f} %",
              f"{100 * result['gather'] / seconds['xhat']:.1f} %",
              "-" if ratio is None else f"{result['difference']:.0e}",
              f"{losses['xhat']:.3f}",
              "-" if ratio is None else f"{losses['torch']:.3f}",
              f"{result['memory'] / 2**20:.0f}"]
    return cells


HEAD = ["net", "batch", "optimizer", "threads", "xhat rows/s",
        "torch rows/s", "ratio", "goal", "", "norm costs", "gather", "difference",
        "xhat loss", "torch loss", "peak MiB"]


def page(results, rows):
    text = ["# Training steps beside PyTorch", "",
            "Written by `make bench-nets`. The same net (`Linear` without "
            "bias, `BatchNorm1d`, `ReLU`), first weights, rows of",
            "Fashion-MNIST in the same order, batch and number of threads, in "
            "turns in one run; a ratio is the median over the rounds.", "",
            "- **norm costs**: a step with batch norm against one without, of "
            "xhat.",
            "- **gather**: the share of xhat's step in which it fetches and "
            "scales its rows: as much as a thread that does it ahead",
            "  could save ([decision 0011]"
            "(decisions/0011-rows-are-not-gathered-ahead.md)).",
            f"- **difference**: the largest relative one between the losses "
            f"of the first {SAME_STEPS} steps. It is float32 rounding, which a",
            "  training enlarges; in float64 sixty steps agree to 1e-10, "
            "for every optimizer and norm (tests/bench/test_same_losses.py).",
            "- **loss**: the mean over all the steps timed.",
            "- **peak MiB**: of the xhat process, 55 of them the images.",
            "- Where PyTorch is slower on two threads than on one, as it is "
            "here for the smaller nets (its BLAS and",
            "  its own threads get in each other's way), its figure on one "
            "thread is the one to beat.",
            "- What bounds the goals that are missed: "
            "[decision 0010](decisions/0010-who-multiplies.md).", "",
            f"{results['cpu']}, {results['cores']} cores; xhat with "
            f"{results['blas']}; PyTorch {results['torch']}.", "",
            "| " + " | ".join(HEAD) + " |",
            "| " + " | ".join("---" for _ in HEAD) + " |"]
    text += ["| " + " | ".join(cells) + " |" for cells in rows]
    text.append("")
    return "\n".join(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    if not os.path.isdir(FASHION):
        sys.exit("bench-nets: Debian's dataset-fashion-mnist is missing")
    if torch is None:
        print("bench-nets: no PyTorch (python3-torch): xhat alone")
    threads = ([options.threads] if options.threads else
               sorted({1, len(os.sched_getaffinity(0))}))
    rounds, seconds = (3, 0.2) if options.quick else (15, 0.5)
    data = None if torch is None else torch_data(FASHION)
    info = subprocess.run([f"{options.build}/xhat", "info"], check=True,
                          capture_output=True, text=True).stdout
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
                if line.startswith("model name")), platform.machine())
    results = {"cpu": cpu, "cores": len(os.sched_getaffinity(0)),
               "blas": next((line.split(None, 1)[1] for line in
                             info.splitlines() if "OpenBLAS" in line), "?"),
               "torch": None if torch is None else torch.__version__,
               "cases": []}
    rows = []
    widths = [max(len(HEAD[i]), 6) for i in range(len(HEAD))]
    print("  ".join(f"{HEAD[i]:>{widths[i]}}" for i in range(len(HEAD))))
    for case, goal in CASES:
        for optimizer in OPTIMIZERS:
            for count in threads:
                result = measure(options.build, data, case, optimizer, count,
                                 rounds, seconds)
                results["cases"].append(result)
                rows.append(row(result, goal))
                print("  ".join(f"{cell:>{widths[i]}}" for i, cell in
                                enumerate(rows[-1])), flush=True)
    if not options.quick and not options.threads:
        docs = ROOT / "docs"
        (pathlib.Path(options.build) / "performance-nets.json").write_text(
            json.dumps(results, indent=1) + "\n")
        (docs / "performance-nets.md").write_text(page(results, rows))
        print("written: docs/performance-nets.md, the numbers behind it in "
              f"{options.build}/performance-nets.json")
    missed = [r for r, cells in zip(results["cases"], rows)
              if "missed" in cells
              or (r["units"] >= 512 and r["norm_cost"] > NORM_COST)]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
