/* The frame of an HTML page of xhat: styles for screen, light and dark, and
 * paper. */
#include "report/report.h"

#include <math.h>

#include "report/chart.h"
#include "xhat/xhat.h"

static const char style[] =
    ":root{color-scheme:light dark}\n"
    "body{font:16px/1.5 system-ui,\"DejaVu Sans\",sans-serif;margin:0 auto;"
    "padding:1.5em;max-width:76em;color:#222;background:#fff}\n"
    "h1{font-size:1.5em;margin:0 0 .3em}h2{font-size:1.15em;margin:1.8em 0 "
    ".5em}\n"
    "p{max-width:48em}.note,caption{color:#555;font-size:.9em}\n"
    "table{border-collapse:collapse;font-size:.9em;"
    "font-variant-numeric:tabular-nums}\n"
    "caption{text-align:left;padding:.3em 0}\n"
    "th,td{padding:.25em .8em;border-bottom:1px solid #ddd;text-align:left}\n"
    "td.n,th.n{text-align:right}thead th{border-bottom:2px solid #999}\n"
    "tr.differs>*{font-weight:700}tr.differs>th::before{content:\"\\2260  \"}\n"
    ".figures{display:grid;gap:1em;grid-template-columns:"
    "repeat(auto-fill,minmax(min(100%,28em),1fr))}\n"
    ".figures svg{max-width:100%;height:auto}\n"
    ".wide{overflow-x:auto}\n"
    ".confusion td{text-align:right;border:1px solid #ddd;"
    "background:rgba(0,114,178,calc(var(--share)*.55))}\n"
    ".confusion td.hit{font-weight:700}\n"
    "summary{cursor:pointer}\n"
    "@media screen and (prefers-color-scheme:dark){\n"
    "body{color:#eee;background:#16181d}.note,caption{color:#aaa}"
    "th,td,.confusion td{border-color:#3a3d44}thead th{border-color:#777}\n"
    ".confusion td{background:rgba(86,180,233,calc(var(--share)*.55))}}\n"
    "@media print{body{font-size:11px;padding:0;max-width:none}"
    "svg,table,tr,h2+*{break-inside:avoid}h2{break-after:avoid}"
    ".figures{grid-template-columns:1fr 1fr}.wide{overflow:visible}"
    ".confusion td{print-color-adjust:exact}}\n";

void xhat_page_begin(xhat_text *page, const char *title)
{
    xhat_text_put(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                        "<meta charset=\"utf-8\">\n"
                        "<meta name=\"viewport\" "
                        "content=\"width=device-width,initial-scale=1\">\n"
                        "<title>");
    xhat_text_put_xml(page, title);
    xhat_text_put(page, "</title>\n<style>\n");
    xhat_text_put(page, style);
    xhat_chart_style(page);
    xhat_text_put(page, "</style>\n</head>\n<body>\n<h1>");
    xhat_text_put_xml(page, title);
    xhat_text_put(page, "</h1>\n");
}

void xhat_page_number(xhat_text *page, double value, const char *format)
{
    xhat_text_put(page, "<td class=\"n\">");
    if (isnan(value))
        xhat_text_put(page, "&ndash;");
    else
        xhat_text_add(page, format, value);
    xhat_text_put(page, "</td>");
}

void xhat_page_end(xhat_text *page)
{
    xhat_text_add(page,
                  "<p class=\"note\">Made by xhat %s.</p>\n</body>\n</html>\n",
                  xhat_version());
}
