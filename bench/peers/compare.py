#!/usr/bin/env python3
"""Times xhat, other libraries and the memory limit by turns on the same shapes.

    compare.py BUILD [--threads N] [--shape LIST | --random N [--seed S]]
               [--mode LIST] [--fusion LIST] [--dtype f32|f64]
               [--cache hot|cold] [--seconds S] [-o RESULTS.json]

BUILD holds the workers (cmake -DXHAT_WITH_PEERS=ON; bench/run.py does it).
Each library has a process of its own, confined to the same N cores.  In each
round every one has its turn, the others being stopped meanwhile, so that no
idle thread of one disturbs another.  Results are checked before they are timed.
What xhat seems to be slower at than another library is timed once more after
everything else, and the samples of both times count: among hundreds of cases
that are as fast as each other some are behind by chance, or by the pages that
their arrays got.
"""
import argparse
import json
import math
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))
import tables  # noqa: E402

LAYOUTS = {2: ["nc"], 3: ["ncl", "nlc"], 4: ["nchw", "nhwc"],
           5: ["ncdhw", "ndhwc"]}
SAMPLE = 2e-4    # seconds that a hot sample lasts at least
SMALL = 1 << 20  # bytes of x below which one thread may move them faster
OPENINGS = 3     # of a case: each time its arrays lie on other pages
ROUNDS = (2, 8)  # least and most in an opening


class WorkerLost(Exception):
    """A worker's process ended: its library crashed, or memory was out."""


class Worker:
    """A process that times one library."""

    def __init__(self, program, threads, variant):
        cores = sorted(os.sched_getaffinity(0))[:threads]
        env = dict(os.environ, OMP_NUM_THREADS=str(threads))
        self.process = subprocess.Popen(
            [str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=env, text=True, bufsize=1,
            preexec_fn=lambda: os.sched_setaffinity(0, cores))
        self.name = self.ask("name")
        self.variant, self.has_case = variant, False

    def send(self, order):
        self.process.send_signal(signal.SIGCONT)
        try:
            self.process.stdin.write(order + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass # receive says so

    def receive(self):
        line = self.process.stdout.readline()
        if not line:
            raise WorkerLost(f"{self.process.args[0]} ended with status "
                             f"{self.process.wait()}")
        return line.strip()

    def ask(self, order):
        self.send(order)
        answer = self.receive()
        self.process.send_signal(signal.SIGSTOP)
        return answer

    def close(self):
        self.process.send_signal(signal.SIGCONT)
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass # it has ended already
        self.process.wait(timeout=60)


class Turn:
    """What is timed: a library's call, or a traffic loop."""

    def __init__(self, worker, order):
        self.worker, self.order = worker, order
        self.samples, self.calls, self.cost = [], 1, 0.0

    def sample(self, cache):
        answer = self.worker.ask(f"{self.order} {self.calls} {cache}")
        self.samples.append(float(answer))

    def calibrate(self, cache):
        start = time.monotonic()
        self.sample(cache)
        self.sample(cache)
        if cache == "hot":
            self.calls = max(1, min(1 << 16, math.ceil(
                SAMPLE / max(self.samples[-1], 1e-9))))
        self.cost = (time.monotonic() - start) / 2 + \
            self.calls * self.samples[-1]
        self.samples = []

    def key(self):
        return self.worker.name, self.worker.variant, self.order

    def median(self):
        return statistics.median(self.samples)

    def spread(self):
        low, _, high = statistics.quantiles(self.samples, n=4)
        return (high - low) / self.median()


def start_workers(build, threads):
    """xhat's worker, and those of the libraries that were found; oneDNN's twice:
    for plain layouts and for its own blocked one."""
    workers = []
    programs = sorted((pathlib.Path(build) / "bench" / "peers").glob(
        "worker_*"), key=lambda p: (p.name != "worker_xhat", p.name))
    for program in programs:
        blocked = ["blocked"] if "onednn" in program.name else []
        for variant in ["plain"] + blocked:
            try:
                workers.append(Worker(program, threads, variant))
            except (WorkerLost, OSError) as error:
                print(f"xhat: not timed: {error}", file=sys.stderr)
    if not workers or not workers[0].name.startswith("xhat"):
        sys.exit(f"xhat: {build} has no workers: build it with "
                 "-DXHAT_WITH_PEERS=ON")
    return workers


# ---- one case ----------------------------------------------------------------

def open_case(workers, case):
    """Opens the case in every worker at once, on arrays of its own; returns the
    size class, or None when xhat itself has no such thing."""
    size_class = None
    order = (f"{case['layout']} {case['mode']} {case['dtype']} "
             f"{case['fusion']} {case['threads']} " +
             "x".join(map(str, case["shape"])))
    for worker in workers:
        worker.send(f"open {worker.variant} {order}")
    lost = None
    for worker in workers: # all of them, or the rest would be an answer behind
        try:
            answer = worker.receive()
        except WorkerLost as error:
            lost = error
            continue
        worker.has_case = answer.startswith("ok")
        if worker is workers[0] and worker.has_case:
            size_class = answer.split()[1]
        worker.process.send_signal(signal.SIGSTOP)
    if lost is not None:
        raise lost
    return size_class


def check_case(workers, case):
    """Whose result is wrong is said, and does not have the case any more."""
    for worker in workers:
        checked = worker.ask("check") if worker.has_case else "ok"
        if checked != "ok":
            worker.has_case = False
            print(f"xhat: {worker.name}: {case}: {checked}", file=sys.stderr)


def say_who_lost(workers, case):
    """Who could not open the case again has fewer samples."""
    for worker in workers:
        if not worker.has_case:
            print(f"xhat: {worker.name}: {case}: not opened again",
                  file=sys.stderr)


def loops(worker, case):
    """The traffic loops that bound the case."""
    bytes_of_x = math.prod(case["shape"]) * (4 if case["dtype"] == "f32" else 8)
    counts = {case["threads"], 1} if bytes_of_x <= SMALL else {case["threads"]}
    return [Turn(worker, f"loop {kind} {count}")
            for kind in worker.ask("bounds").split()
            for count in sorted(counts)]


class Measured:
    """A case and its samples: those of the loops that bound it, and of each
    library."""

    def __init__(self, case, size_class, bounds, turns):
        self.case, self.size_class = case, size_class
        self.bounds, self.turns = bounds, turns

    def add(self, other):
        """The samples of another time; whoever was lost since has none."""
        more = {turn.key(): turn for turn in other.bounds + other.turns}
        for turn in self.bounds + self.turns:
            if turn.key() in more:
                turn.samples += more[turn.key()].samples

    def results(self):
        """A dictionary for each library."""
        limit = min(turn.median() for turn in self.bounds)
        return [dict(self.case, **{
            "class": self.size_class, "library": turn.worker.name,
            "variant": turn.worker.variant, "seconds": turn.median(),
            "limit_seconds": limit, "fraction": limit / turn.median(),
            "spread": turn.spread(), "rounds": len(turn.samples)})
                for turn in self.turns]

    def behind(self):
        """Is xhat slower than any other library?"""
        case = tables.Case(self.results())
        return any(case.behind(kind) for kind in tables.PEERS)


def measure(workers, case, seconds):
    """One case; None where xhat has no such thing, or has it wrong."""
    size_class = open_case(workers, case)
    check_case(workers, case)
    if not workers[0].has_case:
        return None
    bounds = loops(workers[0], case)
    having = [w for w in workers if w.has_case]
    turns = [Turn(w, "time") for w in having]
    for turn in bounds + turns:
        turn.calibrate(case["cache"])
    cost = OPENINGS * sum(turn.cost for turn in bounds + turns)
    rounds = max(ROUNDS[0], min(ROUNDS[1], int(seconds / cost)))
    for opening in range(OPENINGS):
        if opening > 0:
            open_case(having, case)
            say_who_lost(having, case)
        for done in range(rounds):
            for turn in bounds + turns:
                # what takes a tenth of a second needs a few samples only
                if turn.worker.has_case and \
                        (turn.cost < 0.1 or done < ROUNDS[0]):
                    turn.sample(case["cache"])
    return Measured(case, size_class, bounds, turns)


# ---- all of them -------------------------------------------------------------

def random_shapes(count, seed):
    """Shapes that no list was made for, as text: a quarter of rows and columns,
    the others planes; 2,048 to 8 million elements; numbers of channels that
    are a multiple of 8 or not."""
    draw, shapes = random.Random(seed), []

    def size(least, most):
        return int(2 ** draw.uniform(math.log2(least), math.log2(most)))
    while len(shapes) < count:
        if draw.random() < 0.25:
            shape = [size(2, 32768), size(2, 8192)]
        else:
            channels, side = size(4, 2048), size(2, 180)
            if channels >= 8 and draw.random() < 0.6:
                channels -= channels % 8
            shape = [size(1, 256), channels, side, side]
        text = "x".join(map(str, shape))
        if 1 << 11 <= math.prod(shape) <= 1 << 23 and text not in shapes:
            shapes.append(text)
    return ",".join(shapes)


def cases(arguments, worker):
    shapes = worker.ask("shapes " + (
        random_shapes(arguments.random, arguments.seed) if arguments.random
        else arguments.shape))
    if shapes.startswith("no"):
        sys.exit("xhat: --shape: " + shapes[len("no "):])
    for text in shapes.split(","):
        shape = list(map(int, text.split("x")))
        for layout in LAYOUTS[len(shape)]:
            for mode in arguments.mode.split(","):
                for fusion in arguments.fusion.split(","):
                    yield {"layout": layout, "mode": mode, "shape": shape,
                           "threads": arguments.threads,
                           "dtype": arguments.dtype,
                           "cache": arguments.cache, "fusion": fusion}


def classes(worker):
    """[{"id", "layouts", "mode", "goal"}], goal 0 where there is none"""
    rows = [row.split("|") for row in worker.ask("classes").split(";")]
    return [{"id": row[0], "layouts": row[1], "mode": row[2],
             "goal": float(row[3])} for row in rows]


class Comparison:
    """The workers that are left, and what they have measured."""

    def __init__(self, arguments):
        self.workers = start_workers(arguments.build, arguments.threads)
        self.libraries = list(dict.fromkeys(w.name for w in self.workers))
        self.seconds = arguments.seconds

    def measure(self, case):
        """None, too, where a library was lost over it: it is left out."""
        try:
            return measure(self.workers, case, self.seconds)
        except WorkerLost as lost:
            print(f"xhat: {case}: {lost}", file=sys.stderr)
            self.workers = [w for w in self.workers if w.process.poll() is None]
            if not self.workers or not self.workers[0].name.startswith("xhat"):
                sys.exit("xhat: its own worker ended")
            return None

    def measure_all(self, everything, what):
        for number, case in enumerate(everything):
            if sys.stderr.isatty():
                print(f"\r{what}{number + 1} of {len(everything)}: "
                      f"{case['shape']} {case['layout']} {case['mode']} "
                      f"{case['fusion']}\x1b[K", end="", file=sys.stderr)
            yield self.measure(case)

    def close(self):
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr)
        for worker in self.workers:
            worker.close()


def compare(arguments):
    """{"threads", "libraries": [...], "classes": [...], "results": [...]}"""
    comparison = Comparison(arguments)
    try:
        everything = list(cases(arguments, comparison.workers[0]))
        known = classes(comparison.workers[0])
        measured = [m for m in comparison.measure_all(everything, "") if m]
        behind = [m for m in measured if m.behind()]
        again = comparison.measure_all([m.case for m in behind], "again, ")
        for first, second in zip(behind, again):
            if second:
                first.add(second)
    finally:
        comparison.close()
    return {"threads": arguments.threads, "libraries": comparison.libraries,
            "classes": known,
            "results": [r for m in measured for r in m.results()]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--threads", type=int,
                        default=len(os.sched_getaffinity(0)))
    parser.add_argument("--shape", default="few")
    parser.add_argument("--random", type=int, metavar="N",
                        help="N shapes drawn at random instead")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mode", default="forward,backward,inference")
    parser.add_argument("--fusion", default="plain")
    parser.add_argument("--dtype", choices=("f32", "f64"), default="f32",
                        help="f64: beside PyTorch, oneDNN has none")
    parser.add_argument("--cache", choices=("hot", "cold"), default="hot")
    parser.add_argument("--seconds", type=float, default=1.0,
                        help="about as long for a case")
    parser.add_argument("-o", "--output")
    arguments = parser.parse_args()
    if arguments.random is not None and arguments.random < 1:
        parser.error(f"--random is {arguments.random} but must be 1 or more")
    document = compare(arguments)
    if arguments.output:
        pathlib.Path(arguments.output).write_text(
            json.dumps(document, indent=1) + "\n")
    for r in document["results"]:
        print(f"{'x'.join(map(str, r['shape'])):18} {r['layout']:5} "
              f"{r['mode']:9} {r['fusion']:8} {r['library']:22} "
              f"{r['variant']:8} {1e6 * r['seconds']:10.1f} us "
              f"{r['fraction']:5.2f}")


if __name__ == "__main__":
    main()
