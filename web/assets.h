/* The files of web/ that a page is made of, as bytes: cmake/Embed.cmake writes
 * the source.  Each array ends in a NUL that its size does not count. */
#ifndef XHAT_WEB_ASSETS_H
#define XHAT_WEB_ASSETS_H

#include <stddef.h>

typedef struct xhat_asset {
    const unsigned char *bytes;
    size_t size; /* 0: this build has no such thing */
} xhat_asset;

extern const xhat_asset xhat_asset_template; /* template.html */
extern const xhat_asset xhat_asset_style;    /* page.css */
extern const xhat_asset xhat_asset_closed;   /* closed.html */
extern const xhat_asset xhat_asset_script;   /* js/, one after the other */
extern const xhat_asset xhat_asset_quiz;     /* quiz/, the same */
extern const xhat_asset xhat_asset_module;   /* circuit.wasm, gzipped */

#endif
