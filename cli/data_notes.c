/* What is worth saying of data before anything is learned from them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "net_input.h"

int cli_missing(const cli_invocation *invocation, xhat_missing *missing)
{
    static const char *const words[] = {"drop", "mean", NULL};
    int choice = 0;
    if (!cli_given(invocation, "missing"))
        return CLI_DONE;
    int result = cli_choice(invocation, "missing", words, &choice);
    if (result == CLI_DONE)
        *missing = choice == 0 ? XHAT_MISSING_DROP : XHAT_MISSING_MEAN;
    return result;
}

static size_t count_missing(const xhat_dataset *data)
{
    size_t count = 0, values = data->rows * data->features;
    if (data->missing != XHAT_MISSING_MEAN || data->element == XHAT_ELEMENT_U8)
        return 0;
    for (size_t i = 0; i < values; i++)
        count += data->element == XHAT_ELEMENT_F32
                     ? isnan(((const float *)data->values)[i])
                     : isnan(((const double *)data->values)[i]);
    return count;
}

void cli_note_missing(const cli_invocation *invocation, const char *source,
                      const xhat_dataset *data)
{
    size_t filled = count_missing(data);
    source = cli_source_name(source);
    if (data->dropped > 0)
        cli_note(invocation, "%s: %zu row%s left out for lack of a value",
                 source, data->dropped, data->dropped == 1 ? "" : "s");
    if (filled > 0)
        cli_note(invocation,
                 "%s: %zu value%s missing and filled in with the mean of the "
                 "training rows",
                 source, filled, filled == 1 ? " is" : "s are");
}

/* ---- all of it ----------------------------------------------------------- */

/* So many whole numbers as classes may be numbers to predict. */
static bool may_be_numbers(const xhat_dataset *data)
{
    double value;
    if (data->targets != NULL || data->classes < 20 ||
        data->classes < data->rows / 10)
        return false;
    for (size_t k = 0; k < data->classes; k++)
        if (!xhat_number_parse(data->class_names[k],
                               strlen(data->class_names[k]), &value))
            return false;
    return true;
}

static void note_label(const cli_invocation *invocation, const char *source,
                       xhat_target asked, const xhat_dataset *data)
{
    const char *name = data->label_name[0] != '\0' ? data->label_name : "y";
    if (data->targets != NULL && asked == XHAT_TARGET_GUESS)
        cli_note(invocation,
                 "%s: \"%s\" is not all whole numbers: taken as numbers to "
                 "predict (--loss squared)",
                 source, name);
    else if (data->targets != NULL)
        cli_note(invocation, "%s: the numbers to predict are in \"%s\"", source,
                 name);
    else if (data->label_name[0] != '\0')
        cli_note(invocation, "%s: the labels are in \"%s\"", source, name);
    if (may_be_numbers(data))
        cli_warn("%s: the %zu whole numbers of \"%s\" are taken as classes; "
                 "--loss squared predicts them as numbers",
                 source, data->classes, name);
    if (data->targets == NULL && data->classes == 1)
        cli_warn("%s: there is one class only (%s): nothing is to be learned",
                 source, data->class_names[0]);
}

void cli_note_data(const cli_invocation *invocation, const char *source,
                   xhat_target asked, const xhat_dataset *data,
                   const xhat_split *split)
{
    char classes[40] = "";
    source = cli_source_name(source);
    if (data->note[0] != '\0')
        cli_note(invocation, "%s: %s", source, data->note);
    cli_note_missing(invocation, source, data);
    note_label(invocation, source, asked, data);
    if (data->targets == NULL)
        snprintf(classes, sizeof classes, ", %zu class%s", data->classes,
                 data->classes == 1 ? "" : "es");
    cli_note(invocation,
             "%s: %zu feature%s%s; %zu rows to train, %zu to validate, %zu to "
             "test",
             source, data->features, data->features == 1 ? "" : "s", classes,
             split->train.count, split->validation.count, split->test.count);
}

/* ---- columns that hold the answer ---------------------------------------- */

typedef struct leaks {
    xhat_text names, numbers;
    size_t count, last; /* the column added last, from 1 */
} leaks;

/* A column of text makes several features: it is named once. */
static void add_leak(leaks *found, const xhat_columns *columns, size_t feature)
{
    size_t number = columns->number[feature];
    if (number == found->last)
        return;
    const char *comma = found->count++ > 0 ? "," : "";
    found->last = number;
    xhat_text_add(&found->numbers, "%s%zu", comma, number);
    xhat_text_add(&found->names, "%s %zu", comma, number);
    if (columns->name != NULL)
        xhat_text_add(&found->names, " (%s)", columns->name[feature]);
}

static int warn(leaks *found, const char *source, const char *drop,
                const char *how)
{
    bool failed = found->names.failed || found->numbers.failed;
    bool one = found->count == 1;
    if (found->count > 0 && !failed)
        cli_warn("%s: column%s%s %s%s; --drop %s%s%s leaves %s out", source,
                 one ? "" : "s", found->names.data, one ? "gives" : "give", how,
                 drop == NULL ? "" : drop, drop == NULL ? "" : ",",
                 found->numbers.data, one ? "it" : "them");
    xhat_text_free(&found->names);
    xhat_text_free(&found->numbers);
    return failed ? cli_fail(CLI_BUG, "out of memory") : CLI_DONE;
}

/* "5,6,7": the columns of a one-hot label whose one column was taken for it. */
static void list_label(xhat_text *list, const xhat_columns *columns,
                       size_t first, size_t count)
{
    size_t from = columns->number[first];
    size_t to = columns->number[first + count - 1];
    if (columns->label < from)
        from = columns->label;
    if (columns->label > to)
        to = columns->label;
    for (size_t number = from; number <= to; number++)
        xhat_text_add(list, "%s%zu", number > from ? "," : "", number);
}

int cli_warn_of_leaks(const char *source, const char *drop,
                      const xhat_dataset *data)
{
    leaks alone = {xhat_text_on(NULL), xhat_text_on(NULL), 0, 0};
    leaks joint = {xhat_text_on(NULL), xhat_text_on(NULL), 0, 0};
    size_t first, count;
    for (size_t j = 0; (j = xhat_dataset_find_leak(data, j)) < data->features;
         j++)
        add_leak(&alone, &data->columns, j);
    int result = warn(&alone, source, drop, " the label away, exactly");
    if (result != CLI_DONE ||
        !xhat_dataset_find_joint_leak(data, &first, &count))
        return result;
    char how[200];
    xhat_text list = xhat_text_on(NULL);
    list_label(&list, &data->columns, first, count);
    for (size_t j = first; j < first + count; j++)
        add_leak(&joint, &data->columns, j);
    snprintf(how, sizeof how,
             " the label away together: they and it are one label, a column a "
             "class, which --label %.80s reads",
             list.failed ? "..." : list.data);
    xhat_text_free(&list);
    return warn(&joint, source, drop, how);
}
