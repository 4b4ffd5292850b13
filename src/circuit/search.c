#include "search.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "compare.h"
#include "magnitude.h"
#include "mistakes.h"

/* Work that two mistakes at once may take: elements times pairs. */
static const double PAIRS_BUDGET = 4e6;

/* Where a mistake comes near, how near is measured against the terms of its
 * own run: what it sums may cancel more than the right terms do. */
static const double NEAR = 1e-2;

typedef struct room {
    const xhat_case *c;
    xhat_run *right, *replay; /* without a mistake */
    xhat_magnitudes size;     /* of right */
} room;

/* How one mistake, or two, explains the claims. */
typedef struct record {
    double distance; /* of the claim that is farthest from it */
    double first;    /* of the first wrong one */
    bool fits;       /* every claim is within its tolerance */
    bool fits_first; /* the first wrong one is */
    bool may_pair;   /* it changes wrong claims, and no right one */
} record;

static xhat_status open_room(room *r, const xhat_case *c, xhat_error *error)
{
    *r = (room){.c = c, .size = {.allocator = c->allocator}};
    xhat_status status = xhat_case_run(&r->right, c, error);
    if (status == XHAT_OK)
        status = xhat_case_replay(&r->replay, c, r->right, NULL, 0, error);
    if (status == XHAT_OK)
        status = xhat_magnitudes_of(&r->size, r->right, error);
    return status;
}

static void close_room(room *r)
{
    xhat_magnitudes_free(&r->size);
    xhat_run_destroy(r->replay);
    xhat_run_destroy(r->right);
}

/* ---- causes -------------------------------------------------------------- */

const xhat_mistake *xhat_cause_earliest(const xhat_cause *cause)
{
    const xhat_mistake *m = xhat_mistake_at(cause->mistakes[0]);
    for (int k = 1; k < cause->count; k++) {
        const xhat_mistake *other = xhat_mistake_at(cause->mistakes[k]);
        bool before = other->telling == XHAT_TELLING_FORWARD
                          ? other->gate < m->gate
                          : other->gate > m->gate;
        if (other->telling < m->telling ||
            (other->telling == m->telling && before))
            m = other;
    }
    return m;
}

/* ---- one run against the claims ------------------------------------------ */

double xhat_run_span(const xhat_run *run, xhat_side side, int value,
                     xhat_field data, const xhat_magnitudes *size,
                     double tolerance, bool *decides)
{
    const xhat_axes *axes = xhat_run_axes(run);
    xhat_field field = xhat_run_computed(run, side, value);
    if (field.data == NULL || data.data == NULL)
        return 0;
    size_t count = xhat_axes_count(axes, data.extent);
    if (count != xhat_axes_count(axes, field.extent))
        return INFINITY;
    xhat_comparison c = {.yours = data.data,
                         .expected = field.data,
                         .count = count,
                         .tolerance = tolerance};
    bool usual = !axes->per_row &&
                 field.extent == xhat_run_circuit(run)->values[value].extent;
    if (usual)
        c.size = size->computed[side][value];
    return xhat_comparison_span(&c, axes, data.extent, decides);
}

static record compare(const room *r, const xhat_search *search,
                      const xhat_run *run, const xhat_magnitudes *size)
{
    record found = {.fits = true};
    bool shows = false, spares = true;
    for (int i = 0; i < r->c->claim_count; i++) {
        const xhat_claim *claim = &r->c->claims[i];
        double tolerance = search->tolerance[i];
        bool decides = false;
        double d = xhat_run_span(run, claim->side, claim->value,
                                 (xhat_field){claim->data, claim->extent}, size,
                                 tolerance, &decides);
        if (i == search->first) {
            found.first = d;
            found.fits_first = decides && d <= tolerance;
        }
        found.distance = fmax(found.distance, d);
        found.fits = found.fits && claim->data != NULL && d <= tolerance;
        spares = spares && (search->wrong[i] || d <= tolerance);
        xhat_field before =
            xhat_run_computed(r->replay, claim->side, claim->value);
        shows = shows || (search->wrong[i] &&
                          xhat_run_span(run, claim->side, claim->value, before,
                                        size, tolerance, NULL) > tolerance);
    }
    found.fits = found.fits && found.fits_first;
    found.may_pair = shows && spares;
    return found;
}

static xhat_status try_out(const room *r, const xhat_search *search,
                           const xhat_cause *cause, record *found,
                           xhat_error *error)
{
    xhat_run *run;
    xhat_magnitudes own = {.allocator = r->c->allocator};
    xhat_status status = xhat_case_replay(&run, r->c, r->right, cause->mistakes,
                                          cause->count, error);
    if (status == XHAT_OK) {
        *found = compare(r, search, run, &r->size);
        bool near = found->distance <= NEAR || found->first <= NEAR;
        if (near && !found->fits && !xhat_run_axes(run)->per_row) {
            status = xhat_magnitudes_of(&own, run, error);
            if (status == XHAT_OK)
                *found = compare(r, search, run, &own);
        }
    }
    xhat_magnitudes_free(&own);
    xhat_run_destroy(run);
    return status;
}

xhat_status xhat_cause_fits(const xhat_cause *cause, const xhat_search *search,
                            const xhat_case *c, bool *fits, xhat_error *error)
{
    room r;
    record found = {.fits = false};
    xhat_status status = open_room(&r, c, error);
    if (status == XHAT_OK)
        status = try_out(&r, search, cause, &found, error);
    *fits = search->whole ? found.fits : found.fits_first;
    close_room(&r);
    return status;
}

/* ---- collecting ---------------------------------------------------------- */

/* What fits the first wrong array alone, until something fits them all. */
typedef struct collection {
    xhat_search *search;
    xhat_cause first[XHAT_CAUSES_MAX];
    int first_count;
} collection;

/* Keeps the nearest, in order. */
static void keep(xhat_cause causes[XHAT_CAUSES_MAX], int *count,
                 xhat_cause cause)
{
    int k = *count;
    if (k == XHAT_CAUSES_MAX && cause.distance >= causes[k - 1].distance)
        return;
    if (k == XHAT_CAUSES_MAX)
        k--;
    else
        ++*count;
    for (; k > 0 && causes[k - 1].distance > cause.distance; k--)
        causes[k] = causes[k - 1];
    causes[k] = cause;
}

static void collect(collection *all, xhat_cause cause, const record *found)
{
    xhat_search *search = all->search;
    cause.distance = found->distance;
    if (found->fits) {
        keep(search->causes, &search->cause_count, cause);
        return;
    }
    bool told = found->distance > search->tolerance[search->first];
    if (told && (search->nearest.count == 0 ||
                 cause.distance < search->nearest.distance))
        search->nearest = cause;
    cause.distance = found->first;
    if (found->fits_first && cause.count == 1)
        keep(all->first, &all->first_count, cause);
}

/* Is the gradient that the mistake is about, if about one, a wrong claim? */
static bool concerns(int mistake, const xhat_search *search, const xhat_case *c)
{
    int value;
    if (!xhat_mistake_is_about_one(mistake, &value))
        return true;
    for (int i = 0; i < c->claim_count; i++)
        if (search->wrong[i] && c->claims[i].side == XHAT_SIDE_GRADIENT &&
            c->claims[i].value == value)
            return true;
    return false;
}

/* A large case, and a mistake that crosses channels: over the axis of layer
 * norm, rows do not see each other, so that a few of them tell whether it is
 * worth while to run it all.  A large transposed matrix is not tried. */
static xhat_status is_plausible(const xhat_search *search,
                                const xhat_case *whole, int mistake,
                                bool *plausible, xhat_error *error)
{
    enum { ROWS = 4, SMALL = 1 << 16 };
    size_t full = xhat_axes_count(&whole->axes, XHAT_EXTENT_FULL);
    const xhat_mistake *m = xhat_mistake_at(mistake);
    *plausible = full <= SMALL ||
                 (m->change == XHAT_CHANGE_SAME && m->when != XHAT_WHEN_SQUARE);
    if (*plausible || m->when == XHAT_WHEN_SQUARE)
        return XHAT_OK;
    xhat_claim claims[XHAT_CLAIMS_MAX];
    xhat_case rows = *whole;
    rows.axes =
        xhat_axes_batch(whole->axes.outer < ROWS ? whole->axes.outer : ROWS,
                        whole->axes.channels, whole->axes.inner);
    rows.claims = claims;
    for (int i = 0; i < whole->claim_count; i++) {
        claims[i] = whole->claims[i];
        if (claims[i].extent != XHAT_EXTENT_FULL)
            claims[i].data = NULL;
    }
    room r;
    record found = {.distance = 0};
    xhat_cause cause = {.mistakes = {mistake}, .count = 1};
    xhat_status status = open_room(&r, &rows, error);
    if (status == XHAT_OK)
        status = try_out(&r, search, &cause, &found, error);
    close_room(&r);
    *plausible = found.distance <= NEAR;
    return status;
}

/* Every mistake by itself, those that cross channels or the others;
 * may_pair[]: those of which two may do.  Opens the room when it is needed. */
static xhat_status try_singles(collection *all, room *r, bool crossing,
                               bool *may_pair, xhat_error *error)
{
    xhat_status status = XHAT_OK;
    const xhat_case *c = r->c;
    for (int i = 0; i < xhat_mistake_count() && status == XHAT_OK; i++) {
        if (xhat_mistake_crosses_channels(i) != crossing ||
            !xhat_mistake_suits(i, &c->axes, c->held[0] != NULL) ||
            !concerns(i, all->search, c))
            continue;
        xhat_cause cause = {.mistakes = {i}, .count = 1};
        record found;
        bool plausible = true;
        if (crossing)
            status = is_plausible(all->search, c, i, &plausible, error);
        if (status == XHAT_OK && plausible && r->right == NULL)
            status = open_room(r, c, error);
        if (status != XHAT_OK || !plausible)
            continue;
        status = try_out(r, all->search, &cause, &found, error);
        if (status != XHAT_OK)
            break;
        collect(all, cause, &found);
        may_pair[i] = found.may_pair;
    }
    return status;
}

static xhat_status try_pairs(collection *all, const room *r,
                             const bool *may_pair, xhat_error *error)
{
    double pairs = 0;
    for (int i = 0; i < xhat_mistake_count(); i++)
        pairs += may_pair[i];
    pairs = pairs * (pairs - 1) / 2;
    double elements = (double)xhat_axes_count(&r->c->axes, XHAT_EXTENT_FULL);
    all->search->pairs_left_out = pairs * elements > PAIRS_BUDGET;
    xhat_status status = XHAT_OK;
    for (int i = 0; i < xhat_mistake_count(); i++)
        for (int k = i + 1; k < xhat_mistake_count(); k++) {
            if (!may_pair[i] || !may_pair[k] || status != XHAT_OK ||
                all->search->pairs_left_out)
                continue;
            xhat_cause cause = {.mistakes = {i, k}, .count = 2};
            record found;
            status = try_out(r, all->search, &cause, &found, error);
            if (status == XHAT_OK && found.fits)
                collect(all, cause, &found);
        }
    return status;
}

xhat_status xhat_search_catalogue(xhat_search *search, const xhat_case *c,
                                  const xhat_case *narrow,
                                  const xhat_case *whole, xhat_error *error)
{
    bool *may_pair = xhat_allocate_zeroed(
        c->allocator, (size_t)xhat_mistake_count(), sizeof *may_pair);
    collection all = {.search = search};
    search->cause_count = 0;
    search->nearest.count = 0;
    search->pairs_left_out = false;
    room r = {.c = c}, wide = {.c = whole}, thin = {.c = narrow};
    xhat_status status = may_pair == NULL
                             ? xhat_fail(error, XHAT_OUT_OF_MEMORY,
                                         "no memory to search the catalogue")
                             : open_room(&r, c, error);
    if (status == XHAT_OK)
        status = try_singles(&all, &r, false, may_pair, error);
    if (status == XHAT_OK && search->cause_count == 0) {
        status =
            try_singles(&all, whole == c ? &r : &wide, true, may_pair, error);
        for (int i = 0; i < xhat_mistake_count() && narrow != whole; i++)
            if (xhat_mistake_crosses_channels(i))
                may_pair[i] = false;
    }
    if (status == XHAT_OK && search->cause_count == 0) {
        status = open_room(&thin, narrow, error);
        if (status == XHAT_OK)
            status = try_pairs(&all, &thin, may_pair, error);
    }
    search->whole = search->cause_count > 0;
    for (int i = 0; i < all.first_count && !search->whole; i++)
        search->causes[search->cause_count++] = all.first[i];
    close_room(&r);
    close_room(&wide);
    close_room(&thin);
    xhat_release(c->allocator, may_pair);
    return status;
}
