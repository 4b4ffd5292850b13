#include "train_resume.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "net_input.h"
#include "options.h"

/* What may be said anew: nothing that the steps done so far depend on. */
static const char *const changeable[] = {"resume",     "epochs", "threads",
                                         "patience",   "json",   "quiet",
                                         "save-every", NULL};

static int check_given(const cli_invocation *given)
{
    for (int i = 0; i < given->value_count; i++) {
        const char *name = given->values[i].option->name;
        const char *const *allowed = changeable;
        while (*allowed != NULL && strcmp(*allowed, name) != 0)
            allowed++;
        if (*allowed == NULL)
            return cli_fail(CLI_USAGE,
                            "--%s cannot be given with --resume: the run goes "
                            "on with the options it began with",
                            name);
    }
    return CLI_DONE;
}

static int open_document(const char *folder, cli_resumed *resumed)
{
    char path[CLI_PATH_SIZE + 32];
    struct stat info;
    json_error_t error;
    if (stat(folder, &info) != 0)
        return cli_fail(CLI_INPUT, "%s: there is no such run", folder);
    snprintf(path, sizeof path, "%.*s/run.json", CLI_PATH_SIZE, folder);
    if (stat(path, &info) != 0)
        return cli_fail(CLI_INPUT,
                        "%s holds no run.json: nothing was begun there that "
                        "could go on",
                        folder);
    resumed->document = json_load_file(path, 0, &error);
    if (resumed->document == NULL)
        return cli_fail(CLI_INPUT, "%s:%d: %s", path, error.line, error.text);
    return CLI_DONE;
}

/* words: the stored ones, those given now, and DATA. */
static int merge(const cli_invocation *given, const json_t *arguments,
                 const char *source, cli_invocation *merged)
{
    enum { MOST = 4 * CLI_VALUES_MAX };
    const char *words[MOST];
    int count = 0;
    for (size_t i = 0; i < json_array_size(arguments); i++) {
        const char *word = json_string_value(json_array_get(arguments, i));
        if (word == NULL || count + 2 > CLI_VALUES_MAX)
            return cli_fail(CLI_INPUT, "run.json: its \"arguments\" are not "
                                       "those of a command line");
        words[count++] = word;
    }
    words[count++] = "--";
    words[count++] = source;
    int result = cli_parse(merged, given->command, count, words);
    if (result != CLI_DONE)
        return result;
    if (merged->value_count + given->value_count > CLI_VALUES_MAX)
        return cli_fail(CLI_USAGE, "too many options");
    for (int i = 0; i < given->value_count; i++)
        merged->values[merged->value_count++] = given->values[i];
    return CLI_DONE;
}

int cli_resume_read(const cli_invocation *given, cli_invocation *merged,
                    cli_resumed *resumed)
{
    const char *folder = cli_text(given, "resume");
    *resumed = (cli_resumed){0};
    int result = check_given(given);
    if (result == CLI_DONE)
        result = open_document(folder, resumed);
    if (result != CLI_DONE)
        return result;
    const json_t *run = resumed->document;
    const json_t *arguments = json_object_get(run, "arguments");
    const char *source = json_string_value(
        json_object_get(json_object_get(run, "options"), "data"));
    const char *hash = json_string_value(
        json_object_get(json_object_get(run, "data"), "hash"));
    if (!json_is_array(arguments) || source == NULL || hash == NULL)
        return cli_fail(CLI_INPUT,
                        "%s/run.json does not say how the run was begun; it "
                        "cannot go on",
                        folder);
    if (given->operand_count > 0)
        source = given->operands[0];
    snprintf(resumed->hash, sizeof resumed->hash, "%s", hash);
    resumed->keeps_old = json_is_true(json_object_get(run, "keeps_old"));
    return merge(given, arguments, source, merged);
}

void cli_resumed_free(cli_resumed *resumed)
{
    json_decref(resumed->document);
}
