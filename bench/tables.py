"""The tables of docs/performance.md, from what the benchmarks wrote as JSON.

Functions of dictionaries to lines of Markdown; bench/run.py runs the benchmarks
and writes the page."""
import math
import statistics


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def shape_text(shape):
    return "×".join(map(str, shape))


def markdown(head, rows, right=()):
    """A table; columns whose index is in `right` are aligned to the right."""
    rule = ["---:" if i in right else "---" for i in range(len(head))]
    return ["| " + " | ".join(row) + " |" for row in [head, rule] + rows]


def number(value):
    return "" if value is None else f"{value:.2f}"


def times(value):
    return "" if value is None else f"{value:.2f}×"


# ---- a comparison: cases, each with the results of every library ------------

def key_of(r):
    return (r["layout"], r["mode"], tuple(r["shape"]), r["fusion"], r["cache"],
            r["threads"])


class Case:
    """One shape, layout and mode: xhat's result and the fastest of each kind of
    peer (a library may be there in several versions)."""

    def __init__(self, results):
        self.first = results[0]
        self.kinds = {}
        for r in results:
            kind = kind_of(r)
            if kind not in self.kinds or \
                    r["seconds"] < self.kinds[kind]["seconds"]:
                self.kinds[kind] = r

    def fraction(self, kind):
        return self.kinds[kind]["fraction"] if kind in self.kinds else None

    def ahead(self, kind):
        """How many times faster xhat is than the peer; None without one."""
        if kind not in self.kinds:
            return None
        return self.kinds[kind]["seconds"] / self.kinds["xhat"]["seconds"]

    def behind(self, kind):
        """Is xhat slower by more than the spread of both in this run?"""
        if kind not in self.kinds:
            return False
        noise = (self.kinds[kind]["spread"] + self.kinds["xhat"]["spread"]) / 2
        return self.ahead(kind) * (1 + noise) < 1


PEERS = ("onednn", "blocked", "torch")
PEER_NAMES = {"onednn": "oneDNN", "blocked": "oneDNN, nChw16c",
              "torch": "PyTorch"}


def kind_of(r):
    if r["library"].startswith("xhat"):
        return "xhat"
    if r["library"].startswith("PyTorch"):
        return "torch"
    return "blocked" if r["variant"] == "blocked" else "onednn"


def cases_of(document):
    grouped = {}
    for r in document["results"]:
        grouped.setdefault(key_of(r), []).append(r)
    return [Case(results) for results in grouped.values()]


def mean_or_none(values):
    values = [v for v in values if v is not None]
    return geometric_mean(values) if values else None


def class_rows(cases, classes):
    """A row of numbers for each class that has cases: (class, cases, fractions
    of xhat and the peers, how far ahead of each peer)."""
    rows = []
    for c in classes:
        inside = [case for case in cases if case.first["class"] == c["id"]]
        if inside:
            rows.append((c, inside,
                         {k: mean_or_none([case.fraction(k) for case in inside])
                          for k in ("xhat",) + PEERS},
                         {k: mean_or_none([case.ahead(k) for case in inside])
                          for k in PEERS}))
    return rows


def goal_table(cases, classes):
    rows = []
    for c, inside, fraction, ahead in class_rows(cases, classes):
        goal = number(c["goal"]) if c["goal"] else ""
        rows.append([c["layouts"], c["mode"], str(len(inside)),
                     f"**{number(fraction['xhat'])}**", goal] +
                    [number(fraction[k]) for k in PEERS] +
                    [times(ahead[k]) for k in PEERS])
    head = ["layout", "mode", "cases", "xhat", "goal"] + \
        [PEER_NAMES[k] for k in PEERS] + \
        ["ahead of oneDNN", "of nChw16c", "of PyTorch"]
    return markdown(head, rows, right=range(2, len(head)))


def behind_table(cases):
    rows = []
    for case in cases:
        for kind in PEERS:
            if case.behind(kind):
                r = case.first
                rows.append((case.ahead(kind), [
                    shape_text(r["shape"]), r["layout"], r["mode"],
                    r["fusion"], str(r["threads"]),
                    case.kinds[kind]["library"] +
                    (" nChw16c" if kind == "blocked" else ""),
                    times(case.ahead(kind))]))
    if not rows:
        return ["None: no case was slower than a peer beyond the spread of "
                "both."]
    rows.sort(key=lambda row: row[0])
    return markdown(["N × C × spatial", "layout", "mode", "fusion", "threads",
                     "peer", "xhat ahead"], [row for _, row in rows], right=(6,))


def random_table(cases):
    """For each layout, mode and number of threads: how far ahead xhat is, and
    how many of the cases are behind beyond the spread."""
    grouped = {}
    for case in cases:
        r = case.first
        grouped.setdefault((r["layout"], r["mode"], r["threads"]),
                           []).append(case)
    rows = []
    for (layout, mode, threads), inside in grouped.items():
        row = [layout, mode, str(threads), str(len(inside))]
        for kind in PEERS:
            ahead = mean_or_none([case.ahead(kind) for case in inside])
            behind = sum(case.behind(kind) for case in inside)
            row += [times(ahead), "" if ahead is None else str(behind)]
        rows.append(row)
    head = ["layout", "mode", "threads", "cases", "ahead of oneDNN", "behind",
            "of nChw16c", "behind", "of PyTorch", "behind"]
    return markdown(head, rows, right=range(2, len(head)))


def shape_table(cases):
    rows = []
    for case in cases:
        r = case.kinds["xhat"]
        rows.append([shape_text(r["shape"]), r["layout"], r["mode"],
                     time_text(r["seconds"]), f"{gigabytes(r):.1f}",
                     number(r["fraction"])] +
                    [times(case.ahead(k)) for k in PEERS])
    head = ["N × C × spatial", "layout", "mode", "time", "GB/s", "part",
            "oneDNN", "nChw16c", "PyTorch"]
    return markdown(head, rows, right=range(3, len(head)))


def is_fused(case):
    return case.first["fusion"] != "plain"


def fusion_table(cases):
    """Means over layouts and modes for each fusion, beside the peers; and what
    the fusion costs xhat beside plain batch norm, which is among the cases."""
    plain_seconds = {key_of(c.first)[:3]: c.kinds["xhat"]["seconds"]
                     for c in cases if not is_fused(c)}
    grouped = {}
    for case in filter(is_fused, cases):
        r = case.first
        grouped.setdefault((r["fusion"], r["layout"], r["mode"]),
                           []).append(case)
    rows = []
    for (fusion, layout, mode), inside in grouped.items():
        cost = [c.kinds["xhat"]["seconds"] / plain_seconds[key_of(c.first)[:3]]
                for c in inside if key_of(c.first)[:3] in plain_seconds]
        rows.append([fusion, layout, mode, str(len(inside)),
                     times(mean_or_none(cost))] +
                    [times(mean_or_none([c.ahead(k) for c in inside]))
                     for k in PEERS])
    head = ["fusion", "layout", "mode", "cases", "time beside batch norm alone",
            "ahead of oneDNN", "of nChw16c", "of PyTorch"]
    return markdown(head, rows, right=range(3, len(head)))


# ---- xhat bench --------------------------------------------------------------

def gigabytes(r):
    size = 4 if r["dtype"] == "f32" else 8
    arrays = (3 if r["mode"] == "backward" else 2) + \
        (r["fusion"] == "add-relu")
    moved = size * math.prod(r["shape"]) * arrays
    return 1e-9 * moved / r["seconds"]


def time_text(seconds):
    for unit, scale in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if seconds * scale >= 1 or unit == "µs":
            return f"{seconds * scale:.3g} {unit}"
    return ""


def ladder_table(document):
    """staged, closed, fused: one row a shape and mode."""
    grouped = {}
    for r in document["results"]:
        grouped.setdefault((tuple(r["shape"]), r["layout"], r["mode"]),
                           {})[r["method"]] = r
    rows = []
    for (shape, layout, mode), rungs in grouped.items():
        cells = [shape_text(shape), layout, mode]
        for method in ("staged", "closed", "fused"):
            r = rungs.get(method)
            cells += [time_text(r["seconds"]), f"{gigabytes(r):.2f}"] \
                if r else ["", ""]
        r = rungs["fused"]
        cells.append(f"{r['limit_gb_per_s']:.1f}")
        rows.append(cells)
    head = ["N × C × spatial", "layout", "mode", "circuit", "GB/s",
            "closed form", "GB/s", "fused", "GB/s", "limit GB/s"]
    return markdown(head, rows, right=range(3, len(head)))


def cache_table(document):
    """hot and cold means of each class"""
    grouped = {}
    for m in document["means"]:
        if m["method"] == "fused" and m["fusion"] == "plain":
            grouped.setdefault((m["layouts"], m["mode"]), {})[m["cache"]] = m
    rows = [[layouts, mode, str(by["hot"]["cases"])] +
            [number(by[cache]["fraction"]) for cache in ("hot", "cold")]
            for (layouts, mode), by in grouped.items()]
    return markdown(["layout", "mode", "cases", "hot", "cold"], rows,
                    right=(2, 3, 4))


def noise_line(document):
    noises = [r["noise"] for r in document["results"]]
    if not noises:
        return []
    ninth = statistics.quantiles(noises, n=10)[-1] if len(noises) > 1 \
        else noises[0]
    return [f"Between the passes of this run a case's part of the limit "
            f"differed by {100 * statistics.median(noises):.0f} % in the "
            f"median and {100 * ninth:.0f} % at the 90th percentile."]


def machine_lines(document, libraries):
    cores = document["threads"]
    return [f"- {document['cpu']}, {cores} core{'s' if cores != 1 else ''}; "
            f"xhat {document['version']}, {document['isa']} kernels, "
            f"{document['compiler']}, {document['build_type']}"] + \
        [f"- {name}" for name in libraries if not name.startswith("xhat")]


# ---- a page with generated sections ------------------------------------------

def replace_section(page, name, lines):
    """`page` with what stands between the markers of a section replaced."""
    begin, end = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->"
    if page.count(begin) != 1 or page.count(end) != 1:
        raise ValueError(f"the page has no section between {begin.strip()} and "
                         f"{end}")
    head, rest = page.split(begin)
    return head + begin + "\n".join(lines) + "\n" + end + rest.split(end)[1]
