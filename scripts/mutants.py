#!/usr/bin/env python3
"""Plants classic mistakes in the code; the tests must catch each one.

    scripts/mutants.py                 every mutant, a line for each
    scripts/mutants.py NAME...         some of them
    scripts/mutants.py --catalogue     the known mistakes of the check alone
    scripts/mutants.py --covered       only: is every known mistake planted, does
                                       every mutant find its code?
    scripts/mutants.py --write         and rewrite the tables of docs/mutants.md
    scripts/mutants.py --help          this

A mutant is one small change of the code in a copy of the tree.  The copy is
built and its unit tests run; a mutant that no test catches is a hole in the
suite.  Exit status 1 when one survives.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import catalogue_mutants

ROOT = pathlib.Path(__file__).resolve().parent.parent
TESTS = "base|circuit|agreement|properties|accuracy|statistics|arguments|" \
        "fusions|kernels|geometry|same_bits|data_|net_"

CIRCUIT = "src/circuit/gate_kinds.def"
GATES = "src/circuit/gate_kinds.c"
RUN = "src/circuit/run.c"
CLOSED = "src/norm/closed.c"
CAREFUL = "src/norm/careful.c"
PLAN = "src/norm/plan.c"
STATISTICS = "src/norm/statistics.c"
CHANNELS = "src/kernels/channels.inc"
TIER = "src/kernels/isa/tier.inc"
SUMS = "src/kernels/sums.inc"
FOLD = "src/kernels/fold.inc"
MAPS = "src/kernels/maps.inc"
NARROW = "src/kernels/narrow.inc"
GEOMETRY = "src/norm/geometry.c"

# name, the mistake, file, the code, what it becomes
MUTANTS = [
    ("mean-no-1/N", "circuit, gates 1 and 4 backward: 1/N is missing",
     GATES, "1 / (double)share;", "1;"),
    ("mean-N-1", "circuit, gates 1 and 4 backward: 1/(N-1) for 1/N",
     GATES, "1 / (double)share;", "1 / ((double)share - 1);"),
    ("minus-1/s", "circuit, gate 6: -1/s for -1/s^2",
     CIRCUIT, "-1 / (a * a)", "-1 / a"),
    ("root-1/s2", "circuit, gate 5: 1/s^2 for 1/(2s)",
     CIRCUIT, "1 / (2 * out)", "1 / (out * out)"),
    ("eps-outside", "circuit, gate 5: eps outside the root",
     CIRCUIT, "sqrt(a + eps)", "sqrt(a) + eps"),
    ("eps-forgotten", "circuit, gate 5: eps forgotten",
     CIRCUIT, "sqrt(a + eps)", "sqrt(a)"),
    ("square-no-2", "circuit, gate 3: d for 2d",
     CIRCUIT, "a * a, 2 * a", "a * a, a"),
    ("subtract-sign", "circuit, gate 2: the sign of dmean",
     CIRCUIT, "a - b, 1, -1", "a - b, 1, 1"),
    ("multiply-swapped", "circuit, gates 7 and 8: the local gradients swapped",
     CIRCUIT, "a * b, b, a", "a * b, a, b"),
    ("branch-dropped", "circuit: a fork keeps one branch's gradient only",
     RUN, "first ? part[k] : total[k] + part[k]", "part[k]"),
    ("broadcast-not-summed", "circuit: a broadcast operand's gradient is not "
     "summed", GATES, "bool summed = across && from == XHAT_EXTENT_FULL;",
     "bool summed = false;"),
    ("no-second-look", "kernels: sums around an outlier are kept",
     CHANNELS, "vec_at_most_f64(product, m2 * most.cancellation);",
     "vec_at_most_f64(zero, m2);"),
    ("mean-one-float", "kernels: the low part of the mean is dropped",
     CHANNELS, "(high - TYPE(vec_rounded)(high)) + low;", "(vec_f64){0};"),
    ("shift-one-float", "kernels: b is beta, without the low part of the mean",
     CHANNELS, "WIDE(lanes->b) - a * mean_low", "WIDE(lanes->b)"),
    ("product-one-float", "kernels: dgamma's products keep the low part of the"
     " mean", CHANNELS, "added - mean_low * sum", "added"),
    ("rest-one-float", "kernels: dx keeps the low part of the mean",
     CHANNELS, "rest -= TYPE(vec_rounded)(k) * mean_low;", ""),
    ("constant-nan", "library: 0/0 for a constant channel with eps = 0",
     PLAN, "inside == 0 ? 0 : 1 / sqrt(inside)", "1 / sqrt(inside)"),
    ("lost-rest", "kernels: what rounding took from the sums is lost",
     FOLD, "*low = (*low + rest) + term_low;",
     "*low = *low + term_low;"),
    ("tail-skipped", "kernels: the last lanes of a narrow group are left out",
     TIER, "if (v * WIDTH < (count))", "if ((v + 1) * WIDTH <= (count))"),
    ("channels-out-of-step", "kernels: of channels side by side the plain sums"
     " are kept too long", SUMS, "        steps = then;\n", ""),
    ("brief-row", "kernels: of a channel with few values all images are read"
     " where the first one is", SUMS, "row.at += panel.stride;", ""),
    ("strip-forgotten", "kernels: sums of rows read in strips do not go on",
     SUMS, "plain[g] = waiting[c / GROUP + g];",
     "plain[g].s[0] = (VEC){0};"),
    ("seam-lost", "kernels: past the caches, the end of a row is lost where"
     " another one follows", MAPS, "seam->count += count;",
     "seam->count = count;"),
    ("head-lost", "kernels: past the caches, columns have the numbers of those"
     " before the first line", MAPS,
     "TYPE(parameters_from)(lanes, from, p);",
     "TYPE(parameters_from)(lanes, from / GROUP * GROUP, p);"),
    ("line-of-one-run", "kernels: past the caches, a line of two runs has the"
     " numbers of the second", MAPS,
     "const size_t before = walk->end - walk->at; /* lanes */",
     "const size_t before = 0; /* lanes */"),
    ("first-of-strip", "kernels: past the caches, the rows of a strip all become"
     " its first one", MAPS,
     """                        .at = row * panel->stride + walk.at + j,
                        .out_at = row * panel->out_stride + walk.at + j,""",
     """                        .at = first * panel->stride + walk.at + j,
                        .out_at = row * panel->out_stride + walk.at + j,"""),
    ("rows-left", "kernels: narrow rows that fill no wide one are left out of"
     " the sums", NARROW, "    if (left.rows == 0)\n", "    if (true)\n"),
    ("mask-of-first", "kernels: narrow rows have the mask bits of the first one",
     "src/kernels/group.inc", "(mask, row * stride)",
     "(mask, at / length * stride)"),
    ("last-first", "library: what was read last is written first, and the rest"
     " never", "src/norm/passes.c", "end - 1 - (i - first)",
     "end - 1 - (i - first) / 2"),
    ("fold-rest", "kernels: the last columns of a short run are not added up",
     FOLD, "        if (at + v * VEC_COUNT_f64 < columns)",
     "        if (at + (v + 1) * VEC_COUNT_f64 < columns)"),
    ("fold-short", "kernels: of short runs half the columns are left out", FOLD,
     "length > half ?", "length > 2 * half ?"),
    ("spread-one", "kernels: a channel's number reaches the first of its"
     " columns alone", CHANNELS, "for (size_t i = 0; i < length; i += WIDTH)",
     "for (size_t i = 0; i < 1; i += WIDTH)"),
    ("spread-again", "kernels: the numbers of the first columns of some channels"
     " are repeated", CHANNELS, "vec_quotients)(i * WIDTH, length)",
     "vec_quotients)(0, length)"),
    ("merge-low", "kernels: the low parts of a part's sums are lost",
     "src/kernels/isa/tier.inc",
     "(rest + vec_load_f64(part_low + at))", "rest"),
    ("short-by-threads", "library: whether runs are short depends on the"
     " threads", GEOMETRY, "spec->inner % line_of(spec) != 0 &&",
     "spec->inner % line_of(spec) != 0 && spec->threads < 3 &&"),
    ("share-overlaps", "library: a thread's share begins before the last one's"
     " end", "src/norm/passes.c",
     "xhat_share_start(r->geometry, walk, mine->index, mine->of)",
     "xhat_share_start(r->geometry, walk, 0, mine->of)"),
    ("share-lost", "library: what the last share has of a short part is lost",
     GEOMETRY, "return walk->parts * g->blocks;",
     "return (walk->parts - 1) * g->blocks + 1;"),
    ("parts-by-threads", "library: the parts of sums depend on the threads",
     GEOMETRY, "g.sums = in_parts(rows, part_rows(spec));",
     "g.sums = in_even_parts(rows, part_rows(spec), threads);"),
    ("mask-shared", "library: an extreme channel leaves alone those whose mask"
     " bits lie among its own", CAREFUL, ": plan->mask_channels;", ": 1;"),
    ("mask-cut", "library: a block of short runs ends among the mask bits of"
     " the next one", GEOMETRY, "tile > 0 ? tile : limited(",
     "limited("),
    ("frozen-std", "closed form, frozen: gamma forgotten",
     CLOSED, "gamma * (invstd * dout)", "invstd * dout"),
    ("running-biased", "running statistics: biased where unbiased is promised",
     STATISTICS, "rule->unbiased ? batch->count - 1 : batch->count",
     "batch->count"),
    ("momentum-sense", "running statistics: momentum in the other sense",
     STATISTICS, "rule->momentum_is_old ? 1 - momentum : momentum",
     "momentum"),
    ("merge-no-delta", "merging parts: the distance of the means is left out",
     STATISTICS, "delta * delta * (into->count * part->count / count)", "0"),
    ("nan-committed", "running statistics: a NaN is committed",
     STATISTICS, "if (!isfinite(batch->mean[c]) || !isfinite(mean) ||\n"
     "                !isfinite(var))", "if (false)"),
    ("overflow-kept", "kernels: a channel whose sums overflow is not scaled",
     CHANNELS, "vec_at_most_f64(m2, vec_all_f64(DBL_MAX)) &",
     "vec_at_most_f64(zero, m2) &"),
    ("gamma-unlimited", "kernels: any gamma is taken for an ordinary one",
     CHANNELS, "vec_at_most_f64(vec_absolute(scale), invstd * most->gamma) &",
     ""),
    ("pivot-unlimited", "kernels: a pivot of dout may be as large as any number",
     CHANNELS,
     "vec_at_most_f64(vec_absolute(pivot), vec_all_f64(most.mean)) &", ""),
    ("extreme-exponent", "slow path, inference: the scale is not undone",
     CAREFUL, "return ldexp(d * invstd, exponent);", "return d * invstd;"),
    ("extreme-gamma", "slow path, frozen: gamma forgotten in dx",
     CAREFUL, "scaled_by(gamma, invstd * g, exponent)",
     "ldexp(invstd * g, exponent)"),
    ("overlap-unchecked", "library: an array in place may be shifted",
     "src/norm/arguments.c",
     "(in_place && output->pointer == other->pointer)", "(in_place)"),
    ("validation-leaks", "net: validation rows are among the training rows",
     "src/data/dataset.c", "index + held", "index"),
    ("loss-not-averaged", "net: the loss's gradient is not divided by the rows",
     "src/net/loss.c", "1 / (sum * rows)", "1 / sum"),
    ("relu-of-gradient", "net: ReLU's mask taken from the gradient",
     "src/net/relu.c", "out[i] > 0 ?", "gradient[i] > 0 ?"),
    ("bias-not-summed", "net: the bias gradient is not summed over the rows",
     "src/net/affine.c", "affine->dbias[j] += dout", "affine->dbias[j] = dout"),
    ("dropout-not-scaled", "net: what dropout keeps is not divided by the share",
     "src/net/dropout.c", "row[j + k] * scale : 0", "row[j + k] : 0"),
    ("hinge-own-class", "net: the hinge counts the right class",
     "src/net/loss.c", "k != label && ", ""),
    ("nesterov-no-lookahead", "net: nesterov steps as momentum does",
     "src/net/optimizer.c", "ahead ? keep * v[i] - g : v[i]", "v[i]"),
    ("adamw-decays-biases", "net: AdamW decays biases and gammas too",
     "src/net/optimizer.c", "o->kind == XHAT_ADAMW && tensor->decays",
     "o->kind == XHAT_ADAMW"),
    ("layer-norm-no-gamma", "net: layer norm's backward without gamma",
     "src/net/norm_layer.c", "row[j] *= gamma[j];", ";"),
    ("state-no-moment", "net: the state lacks the second moment",
     "src/net/training_state.c", "part == 2 ? training->optimizer.second",
     "part == 2 ? NULL"),
    ("state-no-order", "net: going on in an epoch without its order",
     "src/net/training_state.c",
     "status == XHAT_OK && training->batch < training->batches", "false"),
    ("best-is-last", "net: every epoch counts as the best",
     "src/net/training_loop.c", "return epoch->validation_loss < best->loss;",
     "return true;"),
    ("adam-no-correction", "net: Adam without its bias correction",
     "src/net/optimizer.c", "lr * sqrt(c2) / c1", "lr"),
]


def run(command, folder):
    return subprocess.run(command, cwd=folder, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def copy_tree(to):
    """The tree as git sees it, files not yet added included."""
    listed = run(["git", "ls-files", "-co", "--exclude-standard"], ROOT).stdout
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)


def build_and_test(tree):
    """('build' or 'passed' or the names of the failed tests)."""
    jobs = ["-j", "2"]
    built = run(["cmake", "--build", "build"] + jobs, tree)
    if built.returncode != 0:
        return "build", built.stdout[-2000:]
    tested = run(["ctest", "--test-dir", "build", "-R", TESTS] + jobs, tree)
    failed = re.findall(r"^\s*\d+ - (\S+) \((?!Skipped|Disabled)", tested.stdout, re.M)
    if tested.returncode == 0:
        return "passed", ""
    return ", ".join(sorted(set(failed))) or "failed", ""


def try_mutant(tree, mutant):
    name, mistake, path, code, becomes = mutant
    source = tree / path
    text = source.read_text()
    if text.count(code) != 1:
        return f"the code is there {text.count(code)} times", False
    source.write_text(text.replace(code, becomes))
    try:
        outcome, output = build_and_test(tree)
    finally:
        source.write_text(text)
    if outcome == "build":
        return "does not build: " + output.strip().splitlines()[-1], False
    return outcome, outcome != "passed"


def configure(tree):
    copy_tree(tree)
    return run(["cmake", "-S", ".", "-B", "build",
                "-DCMAKE_BUILD_TYPE=Release",
                "-DCMAKE_C_FLAGS_RELEASE=-O1 -DNDEBUG"], tree).stdout


def try_code(tree, mutants):
    """The rows of the first table and how many survived."""
    made = configure(tree)
    outcome, output = build_and_test(tree)
    if outcome != "passed":
        print(made[-2000:], output)
        sys.exit(f"without a mutant the tests do not pass: {outcome}")
    rows, survivors = [], 0
    for mutant in mutants:
        caught, good = try_mutant(tree, mutant)
        survivors += not good
        rows.append((mutant[0], mutant[1], caught))
        print(f"{'caught  ' if good else 'SURVIVED'} {mutant[0]}: {caught}",
              flush=True)
    return rows, survivors


def try_catalogue(tree):
    """{id: {telling: test that caught it}} and how many survived."""
    complaints = (catalogue_mutants.uncovered(ROOT) +
                  catalogue_mutants.misplaced(ROOT))
    if complaints:
        sys.exit("\n".join(complaints))
    made = configure(tree)
    catalogue_mutants.plant_all(tree)
    outcome, output = build_and_test(tree)
    if outcome != "passed":
        print(made[-2000:], output)
        sys.exit(f"with every mutant asleep the tests do not pass: {outcome}")
    found, survivors = {}, 0
    for mistake, tellings in catalogue_mutants.tellings(ROOT).items():
        found[mistake] = {}
        for telling in tellings:
            caught = catalogue_mutants.caught_by(tree, telling, mistake)
            found[mistake][telling] = caught
            survivors += not caught
            print(f"{'caught  ' if caught else 'SURVIVED'} {mistake}, "
                  f"{telling}: {caught}", flush=True)
    return found, survivors


def code_table(rows):
    return ["| mutant | the mistake | caught by |", "| --- | --- | --- |"] + [
        f"| `{name}` | {mistake} | {caught} |"
        for name, mistake, caught in rows]


def catalogue_table(found):
    table = ["| known mistake | circuit | closed form | kernels | where not, "
             "why |", "| --- | --- | --- | --- | --- |"]
    for mistake, caught in found.items():
        reasons = [why for pattern, why in catalogue_mutants.REASONS
                   if re.fullmatch(pattern, mistake)]
        if len(caught) == 1 and reasons:
            why = reasons[0]
        else:
            why = catalogue_mutants.EXEMPT.get(mistake, "")
        table.append(f"| `{mistake}` | " + " | ".join(
            caught.get(t, "") for t in ("circuit", "closed", "fused")) +
            f" | {why} |")
    return table


def write_tables(rows, found):
    page = ROOT / "docs" / "mutants.md"
    text = page.read_text()
    tables = [text[text.index("| mutant |"):text.index("\n\n## The catal")],
              text[text.index("| known mistake |"):]]
    new = [code_table(rows) if rows else None,
           catalogue_table(found) if found else None]
    for old, lines in zip(tables, new):
        if lines is not None:
            text = text.replace(old, "\n".join(lines) +
                                ("\n" if old is tables[1] else ""))
    page.write_text(text)


def main():
    options = [a for a in sys.argv[1:] if a.startswith("--")]
    wanted = [a for a in sys.argv[1:] if not a.startswith("--")]
    known = {"--catalogue", "--covered", "--write"}
    if set(options) - known or set(wanted) - {m[0] for m in MUTANTS}:
        print(__doc__)
        return 0 if options == ["--help"] else 2
    if "--covered" in options:
        complaints = catalogue_mutants.uncovered(ROOT)
        complaints += catalogue_mutants.misplaced(ROOT)
        complaints += [f"{name}: {path} does not have its code once"
                       for name, _, path, code, _ in MUTANTS
                       if (ROOT / path).read_text().count(code) != 1]
        print("\n".join(complaints) or "every known mistake is planted, or a "
              "reason says why not; every mutant finds its code")
        return 1 if complaints else 0
    rows, found, survivors = [], {}, 0
    if "--catalogue" not in options:
        with tempfile.TemporaryDirectory(prefix="xhat-mutants-") as folder:
            mutants = [m for m in MUTANTS if not wanted or m[0] in wanted]
            rows, survivors = try_code(pathlib.Path(folder), mutants)
    if not wanted:
        with tempfile.TemporaryDirectory(prefix="xhat-mutants-") as folder:
            found, more = try_catalogue(pathlib.Path(folder))
            survivors += more
    count = len(rows) + sum(len(tellings) for tellings in found.values())
    print(f"{count - survivors} of {count} mutants caught")
    if "--write" in options and not wanted and not survivors:
        write_tables(rows, found)
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
