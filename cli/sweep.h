/* A grid of trainings: what it is, and what has come of it so far. */
#ifndef XHAT_CLI_SWEEP_H
#define XHAT_CLI_SWEEP_H

#include "base/text.h"
#include "report/run_summary.h"
#include "net_input.h"
#include "sweep_grid.h"

typedef struct cli_sweep {
    const cli_invocation *invocation; /* with what a preset stands for */
    const char *source;               /* DATA */
    cli_grid grid;
    char folder[CLI_PATH_SIZE];
    uint64_t hash; /* of the data of point 0 */
    size_t count;
    xhat_run_summary *points; /* (count); status "" where it has not begun */
} cli_sweep;

enum { CLI_POINT_PATH = CLI_PATH_SIZE + CLI_GRID_AXES * 80 };

/* The folder of point i: in that of the sweep, called by its values. */
void cli_sweep_point_folder(const cli_sweep *sweep, size_t i,
                            char path[CLI_POINT_PATH]);

/* Has point i come to an end, good or bad? */
bool cli_sweep_is_done(const cli_sweep *sweep, size_t i);

/* ---- sweep.json ---------------------------------------------------------- */

/* Does the folder hold a sweep? */
bool cli_sweep_exists(const char *folder);

/* The command line that began the sweep in a folder. */
typedef struct cli_sweep_record {
    void *document; /* owns the words that the invocation points to */
    cli_invocation invocation;
    char hash[32]; /* of its data */
} cli_sweep_record;

/* cli_sweep_record_free releases *record, after an error too. */
int cli_sweep_record_read(cli_sweep_record *record, const char *folder,
                          const cli_command *command);
void cli_sweep_record_free(cli_sweep_record *record);

/* May this sweep go on with what the record began?  CLI_USAGE naming the first
 * option that differs, CLI_INPUT for other data.  A grid may have grown. */
int cli_sweep_check(const cli_sweep *sweep, const cli_sweep_record *record);

/* ---- what is shown ------------------------------------------------------- */

/* sweep.json, sweep.svg and report.html in the sweep's folder. */
int cli_sweep_write(const cli_sweep *sweep);

/* The points as a table in 80 columns, or as one JSON document, on stdout. */
void cli_sweep_print_table(const cli_sweep *sweep);
int cli_sweep_print_json(const cli_sweep *sweep);

/* Are there accuracies to show?  Predictions of numbers have losses alone. */
bool cli_sweep_has_accuracies(const cli_sweep *sweep);

/* "lr on iris.csv": of the picture and of the page, in title[size]. */
void cli_sweep_title(const cli_sweep *sweep, char *title, size_t size);

/* The charts: best validation, best training and final loss against the first
 * option of the grid.  False when there is no memory. */
bool cli_sweep_draw(const cli_sweep *sweep, xhat_text *svg, bool alone);

/* The page: charts, table, curves where the points are few, options. */
bool cli_sweep_page(const cli_sweep *sweep, xhat_text *page);

#endif
