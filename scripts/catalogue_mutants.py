"""The catalogue of known mistakes (src/circuit/mistakes.def) as mutants.

Each mistake is planted in the three tellings, where they can have it:

- circuit: the mistake's own edits, in every run of the circuit;
- closed, fused: another expression at a SITE below.

All of them are built at once, in a copy of the tree, behind an environment
variable that only the copy reads; then each runs the tests of its telling.
"""
import os
import re
import subprocess

RUN = "src/circuit/run_create.c"
MISTAKES = "src/circuit/mistakes.c"
CLOSED = "src/norm/closed.c"
FORWARD = "src/norm/norm_forward.c"
BACKWARD = "src/norm/norm_backward.c"
CHANNELS = "src/kernels/channels.inc"

# What is run on a mutant; the first that fails has caught it.
TESTS = {"circuit": ["circuit_run", "agreement"],
         "closed": ["agreement"],
         "fused": ["agreement", "properties", "net_gradients"]}

VARIANCE = {  # of v, the biased variance, and e, eps: the inverse deviation
    "var-missing-1/N": "1 / sqrt(v * m + e)",
    "var-n-minus-1": "1 / sqrt(v * m / (m - 1) + e)",
    "var-n-minus-1-throughout": "1 / sqrt(v * m / (m - 1) + e)",
    "var-1/N-twice": "1 / sqrt(v / m + e)",
    "std-for-var": "1 / sqrt(sqrt(v) + e)",
    "eps-outside-root": "1 / (sqrt(v) + e)",
    "eps-forgotten": "1 / sqrt(v)",
    "eps-twice": "1 / sqrt(v + 2 * e)",
    "root-forgotten": "1 / (v + e)",
    "inverse-of-variance": "1 / (v + e)",
    "not-inverted": "sqrt(v + e)",
}


def inverse(mean_square, count, eps):
    """VARIANCE with a telling's own names."""
    names = {"v": f"({mean_square})", "m": count, "e": eps}
    return {i: re.sub(r"\b[vme]\b", lambda found: names[found[0]], text)
            for i, text in VARIANCE.items()}


BRACKET = "(m * dout - dbeta - x_norm * dgamma)"
SCALE = "gamma * invstd / m * "

def rescaled(value):
    """The fused kernels' lane a, stored and rounded, as another value."""
    return f"(ROUND(lanes.a, {value}), WIDE(lanes.a))"


# What dx is scaled with, a = gamma * r: of the fused kernels, in a loop over
# the channels of a block.
SCALES = {
    "gamma-forgotten-backward": "r",
    "gamma-twice-backward": "a * (a / r)",
    "divided-by-gamma": "r * r / a",
    "closed-missing-1/N": "a * m",
    "closed-n-minus-1": "a * m / (m - 1)",
    "closed-1/N-twice": "a / m",
    "closed-inverse-of-variance": "a * r",
    "closed-without-inverse": "a / r",
    "closed-times-stddev": "a / r / r",
    "closed-eps-forgotten": "a / r / sqrt(1 / (r * r) - plan->spec.eps)",
}

SCALE_LOOP = """lanes);
    for (size_t i_ = 0; i_ < block->channels; i_++) {
        double a = xhat_get(plan->spec.dtype, lanes->a, i_);
        double r = xhat_get(plan->spec.dtype, lanes->invstd, i_);
        double m = (double)plan->count;
        (void)m;
        xhat_put(plan->spec.dtype, lanes->a, i_, %s);
    }"""

# telling, file, the right code with what is around it, the expression in it,
# {id: wrong expression}
SITES = [
    ("closed", CLOSED, "squares += d * d;", "d * d",
     {"absolute-deviation": "(d < 0 ? -d : d)",
      "square-of-x": "xhat_at(plan, args->x, c, i) * "
                     "xhat_at(plan, args->x, c, i)"}),
    ("closed", CLOSED,
     "double invstd = xhat_inverse_deviation(squares / m, plan->spec.eps);",
     "xhat_inverse_deviation(squares / m, plan->spec.eps)",
     inverse("squares / m", "m", "plan->spec.eps")),
    ("closed", CLOSED,
     "((xhat_at(plan, args->x, c, i) - mean) - low) * invstd;\n"
     "            xhat_set_out(",
     "((xhat_at(plan, args->x, c, i) - mean) - low) * invstd",
     {"mean-not-subtracted": "xhat_at(plan, args->x, c, i) * invstd",
      "x-not-centered": "xhat_at(plan, args->x, c, i) * invstd",
      "dev-sign": "(mean - xhat_at(plan, args->x, c, i)) * invstd"}),
    ("closed", CLOSED, "xhat_set_out(plan, &arrays, c, i, gamma * x_norm + "
     "beta)", "gamma * x_norm + beta",
     {"gamma-forgotten": "x_norm + beta",
      "gamma-twice": "gamma * gamma * x_norm + beta",
      "gamma-plus-1": "(1 + gamma) * x_norm + beta",
      "gamma-beta-swapped": "beta * x_norm + gamma",
      "beta-forgotten": "gamma * x_norm",
      "beta-sign": "gamma * x_norm - beta"}),
    ("closed", CLOSED, "dbeta += dout;\n            dgamma += dout * x_norm;\n"
     "        }", "dout;", {"dbeta-not-summed": "dout - dbeta;"}),
    ("closed", CLOSED, "dgamma += dout * x_norm;\n        }", "dout * x_norm",
     {"dgamma-of-x": "dout * xhat_at(plan, args->x, c, i)",
      "dgamma-of-dev": "dout * x_norm / invstd",
      "dgamma-of-out": "dout * (gamma * x_norm + 1)",
      "dgamma-of-scaled_x": "dout * gamma * x_norm",
      "dgamma-without-x_norm": "dout",
      "dgamma-not-summed": "dout * x_norm - dgamma"}),
    ("closed", CLOSED, SCALE + BRACKET, SCALE + BRACKET,
     {"gamma-forgotten-backward": f"invstd / m * {BRACKET}",
      "gamma-twice-backward": f"gamma * {SCALE}{BRACKET}",
      "divided-by-gamma": f"invstd / gamma / m * {BRACKET}",
      "direct-branch-dropped": f"{SCALE}(0 - dbeta - x_norm * dgamma)",
      "inverse-1/s": f"{SCALE}(m * dout - dbeta - x_norm / invstd * dgamma)",
      "inverse-1/s^3": f"{SCALE}(m * dout - dbeta - x_norm * invstd * dgamma)",
      "inverse-sign": f"{SCALE}(m * dout - dbeta + x_norm * dgamma)",
      "root-missing-1/2": f"{SCALE}(m * dout - dbeta - 2 * x_norm * dgamma)",
      "dvar-missing-1/N": f"{SCALE}(m * dout - dbeta - m * x_norm * dgamma)",
      "dvar-n-minus-1":
          f"{SCALE}(m * dout - dbeta - m / (m - 1) * x_norm * dgamma)",
      "dvar-1/N-twice": f"{SCALE}(m * dout - dbeta - x_norm * dgamma / m)",
      "square-missing-2": f"{SCALE}(m * dout - dbeta - x_norm * dgamma / 2)",
      "variance-branch-dropped": f"{SCALE}(m * dout - dbeta)",
      "eval-gradient-in-training": f"{SCALE}(m * dout)",
      "dmean-sign": f"{SCALE}(m * dout + dbeta - x_norm * dgamma)",
      "mean-branch-dropped": f"{SCALE}(m * dout - x_norm * dgamma)",
      "dmean-missing-1/N": f"{SCALE}(m * dout - m * dbeta - x_norm * dgamma)",
      "dmean-n-minus-1":
          f"{SCALE}(m * dout - m / (m - 1) * dbeta - x_norm * dgamma)",
      "dmean-1/N-twice": f"{SCALE}(m * dout - dbeta / m - x_norm * dgamma)",
      "dx-only-through-mean": f"{SCALE}(0 - dbeta)",
      "dmean-of-dx_norm":
          f"{SCALE}(m * dout - dbeta / invstd - x_norm * dgamma)",
      "d-for-n": f"{SCALE}(m * dout - m * (dbeta + x_norm * dgamma) /"
                 " (double)plan->spec.channels)",
      "closed-missing-1/N": f"gamma * invstd * {BRACKET}",
      "closed-n-minus-1": f"gamma * invstd / (m - 1) * {BRACKET}",
      "closed-1/N-twice": f"{SCALE}{BRACKET} / m",
      "closed-dout-without-N": f"{SCALE}(dout - dbeta - x_norm * dgamma)",
      "closed-sums-for-means":
          "gamma * invstd * (dout - dbeta - x_norm * dgamma)",
      "closed-means-for-sums":
          f"{SCALE}(m * dout - dbeta / m - x_norm * dgamma / m)",
      "closed-dbeta-sign": f"{SCALE}(m * dout + dbeta - x_norm * dgamma)",
      "closed-dgamma-sign": f"{SCALE}(m * dout - dbeta + x_norm * dgamma)",
      "closed-dev-for-x_norm":
          f"{SCALE}(m * dout - dbeta - x_norm / invstd * dgamma)",
      "closed-x-for-x_norm":
          f"{SCALE}(m * dout - dbeta - xhat_at(plan, args->x, c, i) * dgamma)",
      "closed-without-x_norm": f"{SCALE}(m * dout - dbeta - dgamma)",
      "closed-dgamma-not-summed":
          f"{SCALE}(m * dout - dbeta - x_norm * dout * x_norm)",
      "closed-gamma-inside":
          f"{SCALE}(m * dout - gamma * (dbeta + x_norm * dgamma))",
      "closed-inverse-of-variance": f"invstd * {SCALE}{BRACKET}",
      "closed-without-inverse": f"gamma / m * {BRACKET}",
      "closed-times-stddev": f"gamma / invstd / m * {BRACKET}",
      "closed-eps-forgotten":
          f"gamma / sqrt(1 / (invstd * invstd) - plan->spec.eps) / m *"
          f" {BRACKET}"}),
    ("closed", CLOSED, """set_parameter(plan, args->dgamma, c, dgamma);
        set_parameter(plan, args->dbeta, c, dbeta);
    }
}

/* out = gamma""", "c, dgamma",
     {"dgamma-averaged": "c, dgamma / m",
      "dout-overwritten": "c, dgamma * gamma"}),
    ("closed", CLOSED, """c, dbeta);
    }
}

/* out = gamma""", "c, dbeta", {"dbeta-averaged": "c, dbeta / m"}),

    ("fused", CHANNELS,
     "TYPE(inverse_deviation)(variance, channels.eps)",
     "TYPE(inverse_deviation)(variance, channels.eps)",
     {i: text.replace("sqrt(", "vec_sqrt(")
      for i, text in inverse("m2 / count", "count", "channels.eps").items()}),
    ("fused", CHANNELS, "vec_f64 scale = TYPE(scale_at)(&lanes, at, "
     "saved, mean_low);\n"
     "        /* a channel", "TYPE(scale_at)(&lanes, at, saved, mean_low)",
     {"gamma-forgotten": rescaled("WIDE(lanes.invstd)"),
      "gamma-twice": rescaled("WIDE(lanes.a) * WIDE(lanes.a) * "
                              "WIDE(lanes.invstd)"),
      "gamma-plus-1": rescaled("(WIDE(lanes.a) + 1) * WIDE(lanes.invstd)"),
      "dev-sign": rescaled("-WIDE(lanes.a) * WIDE(lanes.invstd)")}),
    ("fused", FORWARD, "block->lanes.b, args->beta, 0", "args->beta",
     {"beta-forgotten": "NULL"}),
    ("fused", CHANNELS, "ROUND(lanes.dbeta, whole + (left + sum));",
     "whole + (left + sum)",
     {"dbeta-averaged": "(whole + (left + sum)) / count",
      "dbeta-not-summed": "pivot",
      "dout-overwritten": "(whole + (left + sum)) * (WIDE(lanes.a) / invstd)"}),
    ("fused", CHANNELS, "ROUND(lanes.dgamma, invstd * product);",
     "invstd * product",
     {"dgamma-averaged": "invstd * product / count",
      "dgamma-of-dev": "product",
      "dgamma-of-scaled_x": "WIDE(lanes.a) * product",
      "dgamma-without-x_norm": "whole + (left + sum)",
      "dgamma-of-x": "product + WIDE(lanes.mean) * (whole + (left + sum))"}),
    ("fused", CHANNELS,
     "TYPE(split)(lanes.dmean, lanes.rest, at, high, rest);", "high",
     {"mean-branch-dropped": "zero",
      "eval-gradient-in-training": "zero",
      "dmean-sign": "-high",
      "dmean-missing-1/N": "high * count",
      "dmean-n-minus-1": "high * (count / (count - 1))",
      "dmean-1/N-twice": "high / count",
      "dmean-of-dx_norm": "high / invstd"}),
    ("fused", CHANNELS,
     "vec_f64 k = invstd * TYPE(mean_of)(invstd * product, channels.count);",
     "invstd * TYPE(mean_of)(invstd * product, channels.count)",
     {"variance-branch-dropped": "zero",
      "inverse-1/s": "invstd * product / count",
      "inverse-1/s^3": "invstd * invstd * (invstd * product / count)",
      "inverse-sign": "-invstd * (invstd * product / count)",
      "root-missing-1/2": "2 * invstd * (invstd * product / count)",
      "square-missing-2": "invstd * (invstd * product / count) / 2",
      "dvar-missing-1/N": "invstd * (invstd * product)",
      "dvar-n-minus-1": "invstd * (invstd * product / (count - 1))",
      "dvar-1/N-twice": "invstd * (invstd * product / count / count)",
      "closed-means-for-sums": "invstd * (invstd * product / count / count)",
      "closed-dev-for-x_norm": "invstd * product / count"}),
    ("fused", BACKWARD, "plan->kernels->scale(block->channels, lanes);",
     "lanes);", SCALES),
]

# Why a mistake of the catalogue is in no closed form and no kernel: a pattern
# of ids, and the reason.  (All but the exempt ones are in the circuit.)
REASONS = [
    (r".*overwritten.*|var-holds-eps",
     "it writes over an array between the gates, and there is none"),
    (r".*wrong-axis|.*summed-over-all|layer-axis|instance-axis",
     "sums go channel by channel: there is no axis to mistake"),
    (r"mean-(missing-1/N|n-minus-1)",
     "the low part of the mean, taken of what is left, makes up for it"),
    (r"transposed-input", "nothing transposes"),
    (r"running-statistics.*|eval-in-training|batch-statistics-in-eval|"
     r"training-gradient-in-eval",
     "training and inference are functions of their own"),
    (r"dinverted_stddev.*|dmean-not-summed|direct-branch-(un|by).*|"
     r"x-not-centered-backward|x_norm-for-dev-backward|square-(back|without).*|"
     r"root-.*|inverse-.*",
     "a step of gate-by-gate code that algebra has taken away"),
]

# Mistakes that a circuit cannot have in every run.
EXEMPT = {"transposed-input": "a circuit has no layout"}

CIRCUIT = [
    (RUN, "    *run = NULL;\n    xhat_status status = check_axes(axes, eps, "
     "error);",
     "    *run = NULL;\n    xhat_axes mutated = xhat_mutant_axes(axes);\n"
     "    axes = &mutated;\n"
     "    xhat_status status = check_axes(axes, eps, error);"),
    (RUN, "    find_states(new);\n    *run = new;",
     "    find_states(new);\n    xhat_mutant_plant(new);\n    *run = new;"),
    (RUN, """                          xhat_error *error)
{
    xhat_status status = xhat_run_set(run, XHAT_SIDE_VALUE""",
     """                          xhat_error *error)
{
    if (XM("circuit:batch-statistics-in-eval"))
        return XHAT_OK;
    if (XM("circuit:training-gradient-in-eval"))
        return xhat_run_set(run, XHAT_SIDE_VALUE, value, data, error);
    xhat_status status = xhat_run_set(run, XHAT_SIDE_VALUE"""),
]

HEAD = """#ifndef XM_IS_THERE
#define XM_IS_THERE
#include <stdlib.h>
#include <string.h>
static inline int XM(const char *id)
{
    const char *mutant = getenv("XHAT_MUTANT");
    return mutant != NULL && strcmp(mutant, id) == 0;
}
#endif
"""

RUN_HEAD = """#include "edit.h"
xhat_axes xhat_mutant_axes(const xhat_axes *axes);
void xhat_mutant_plant(xhat_run *run);
"""

PLANT = """
xhat_axes xhat_mutant_axes(const xhat_axes *axes);
void xhat_mutant_plant(xhat_run *run);

static int mutant(void)
{
    const char *id = getenv("XHAT_MUTANT");
    return id == NULL || strncmp(id, "circuit:", 8) != 0
               ? -1 : xhat_mistake_find(id + 8);
}

xhat_axes xhat_mutant_axes(const xhat_axes *axes)
{
    xhat_axes wrong = *axes;
    int m = mutant();
    if (m >= 0 && mistakes[m].change == XHAT_CHANGE_LAYER_AXES)
        return xhat_axes_layer(axes->outer, axes->channels, axes->inner);
    if (m >= 0 && mistakes[m].change == XHAT_CHANGE_INSTANCE_AXES) {
        wrong.per_row = true;
        wrong.groups = wrong.channels;
    }
    return wrong;
}

void xhat_mutant_plant(xhat_run *run)
{
    for (int k = 0; k < EDITS; k++)
        if (edits[k].mistake == mutant() &&
            xhat_run_edit(run, &edits[k].edit, 1, NULL, NULL, NULL) != XHAT_OK)
            abort();
}
"""


def catalogue(root):
    """The ids of mistakes.def, in order."""
    text = (root / "src/circuit/mistakes.def").read_text()
    return re.findall(r'^MISTAKE\(\w+, "([^"]+)"', text, re.M)


def tellings(root):
    """{id: the tellings that it is planted in}"""
    found = {i: [] if i in EXEMPT else ["circuit"] for i in catalogue(root)}
    for telling, _, _, _, wrongs in SITES:
        for i in wrongs:
            if telling not in found[i]:
                found[i].append(telling)
    return found


def uncovered(root):
    """Complaints: ids with neither a mutant in the library nor a reason."""
    complaints = []
    ids = catalogue(root)
    for telling, path, _, _, wrongs in SITES:
        complaints += [f"{telling}: {i} is not in the catalogue"
                       for i in wrongs if i not in ids]
    if complaints:
        return complaints
    for i, planted in tellings(root).items():
        reasons = [why for pattern, why in REASONS if re.fullmatch(pattern, i)]
        if not set(planted) & {"closed", "fused"} and not reasons:
            complaints.append(f"{i}: no mutant in the library and no reason")
    return complaints


def misplaced(root):
    """Complaints: code that is not there exactly once."""
    places = [(path, code) for _, path, code, _, _ in SITES]
    places += [(path, code) for path, code, _ in CIRCUIT]
    return [f"{path} has {text.count(code)} times: {code.splitlines()[0]}"
            for path, code in places
            for text in [(root / path).read_text()] if text.count(code) != 1]


def plant_all(tree):
    """Every mutant of the catalogue, asleep, into a copy of the tree."""
    changed = {}

    def text_of(path):
        return changed.setdefault(path, (tree / path).read_text())

    for telling, path, code, right, wrongs in SITES:
        if wrongs is SCALES:
            chain = "a"
            for i, wrong in wrongs.items():
                chain = f'(XM("{telling}:{i}") ? ({wrong}) : {chain})'
            changed[path] = text_of(path).replace(
                code, code.replace(right, SCALE_LOOP % chain))
            continue
        chain = right
        prefix = "c, " if right.startswith("c, ") else ""
        end = ";" if right.endswith(";") else ""
        for i, wrong in wrongs.items():
            body = chain[len(prefix):len(chain) - len(end)]
            bad = wrong[len(prefix):len(wrong) - len(end)]
            chain = f'{prefix}(XM("{telling}:{i}") ? ({bad}) : ({body})){end}'
        at = code.index(right)
        new = code[:at] + chain + code[at + len(right):]
        assert text_of(path).count(code) == 1, f"{path}: {code}"
        changed[path] = text_of(path).replace(code, new)
    for path, code, becomes in CIRCUIT:
        changed[path] = text_of(path).replace(code, becomes)
    changed[RUN] = RUN_HEAD + changed[RUN]
    changed[MISTAKES] = text_of(MISTAKES) + PLANT
    for path, text in changed.items():
        if path in (CLOSED, FORWARD, BACKWARD):
            text = "#include <math.h>\n" + text
        (tree / path).write_text(HEAD + text)


def caught_by(tree, telling, mistake):
    """The first test of the telling that fails, or ''."""
    environment = {**os.environ, "XHAT_MUTANT": f"{telling}:{mistake}"}
    for test in TESTS[telling]:
        done = subprocess.run(
            ["ctest", "--test-dir", "build", "-R", f"^{test}$",
             "--no-tests=error", "--timeout", "120"], cwd=tree,
            env=environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            return test
    return ""
