#include "unsummed.h"

#include <math.h>
#include <stdio.h>

void xhat_judge_unsummed(xhat_finding *finding, const xhat_claim *claim,
                         const xhat_run *clean)
{
    const xhat_axes *axes = xhat_run_axes(clean);
    xhat_field sum = xhat_run_computed(clean, claim->side, claim->value);
    finding->state = XHAT_FINDING_WRONG;
    finding->decides = true;
    finding->max_abs_error = -1;
    for (size_t k = 0; k < xhat_axes_count(axes, XHAT_EXTENT_FULL); k++) {
        double expected = sum.data[xhat_axes_place(axes, sum.extent, k)];
        double off = fabs(claim->data[k] - expected);
        double both = fabs(claim->data[k]) + fabs(expected);
        double relative = off / fmax(1e-8, both);
        finding->relative_error = fmax(finding->relative_error, relative);
        if (!(off > finding->max_abs_error))
            continue;
        finding->max_abs_error = off;
        finding->at = k;
        finding->yours = claim->data[k];
        finding->expected = expected;
    }
}

void xhat_blame_unsummed(xhat_diagnosis *diagnosis, xhat_finding *finding,
                         const xhat_claim *claim, const xhat_run *clean)
{
    const xhat_circuit *circuit = xhat_run_circuit(clean);
    for (int g = 0; g < circuit->gate_count; g++)
        for (int p = 0; p < circuit->gates[g].operand_count; p++)
            if (circuit->gates[g].operands[p] == claim->value)
                finding->gate = g + 1; /* the only one that uses it */
    finding->suspects = 1u << finding->gate;
    xhat_cause *cause = &diagnosis->causes[0];
    *cause = (xhat_cause){.id = "not-summed", .gate = finding->gate};
    snprintf(cause->text, sizeof cause->text,
             "it is not summed over the N rows: yours has the shape of x, and"
             " the sum over its N = %zu rows is right for %s",
             xhat_axes_sharing(xhat_run_axes(clean)),
             xhat_circuit_key(circuit, claim->side, claim->value));
    snprintf(cause->fix, sizeof cause->fix,
             "sum it over every axis but that of the features, in NumPy"
             " .sum(axis=0) for a matrix");
    diagnosis->cause_count = 1;
}
