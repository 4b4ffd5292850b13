/* What a run folder shares with the command. */
#ifndef XHAT_NET_RUN_FOLDER_H
#define XHAT_NET_RUN_FOLDER_H

#include "base/json.h"
#include "xhat/net.h"

/* The keys and values of an epoch into the object that is open; those that are
 * NaN, because there are no such rows, are left out. */
void xhat_epoch_put_json(xhat_json *json, xhat_epoch *epoch);

#endif
