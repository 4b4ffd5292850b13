/* Any bytes at all as a table, whose cells must all be there. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xhat/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    xhat_table table;
    xhat_error error;
    size_t used = 0;
    if (xhat_table_read_memory(&table, bytes, size, "fuzz", NULL, &error) !=
        XHAT_OK)
        return 0;
    for (size_t c = 0; c < table.columns; c++) {
        const xhat_column *column = &table.column[c];
        used += strlen(column->name);
        if (column->numeric != (column->texts == NULL) ||
            (column->numeric && column->place >= table.numeric))
            abort();
        for (size_t row = 0; row < table.rows; row++)
            used += column->numeric ? xhat_table_number(&table, row, column) > 0
                                    : strlen(column->texts[row]);
    }
    volatile size_t sink = used;
    (void)sink;
    xhat_table_free(&table);
    return 0;
}
