/* How charts look, as CSS: on a light ground, on a dark one. */
#include "report/chart.h"

/* Okabe and Ito's colors, told apart by all kinds of eyes; on a dark ground
 * lighter ones of the same hue. */
static const struct {
    const char *light, *dark;
} colors[XHAT_CHART_STYLES] = {
    {"#0072b2", "#56b4e9"}, {"#c04a00", "#ff9d5c"}, {"#007a5a", "#3fd6ab"},
    {"#a8437f", "#f0a3d0"}, {"#7a6500", "#f0e442"}, {"#555555", "#bbbbbb"},
    {"#5b3cc4", "#b3a1ff"}, {"#8c2d04", "#ffb3a1"},
};

void xhat_chart_style(xhat_text *to)
{
    xhat_text_put(
        to, "svg text{font:13px system-ui,\"DejaVu Sans\",sans-serif;"
            "fill:#222}\n"
            "svg .title{font-size:17px;font-weight:600}\n"
            "svg .tick{font-size:12px;fill:#555}svg .label{font-size:12px}\n"
            ".middle{text-anchor:middle}.end{text-anchor:end}\n"
            ".ground{fill:#fff}.grid{stroke:#e2e2e2}.axis{stroke:#777}\n"
            ".line{fill:none;stroke-width:2;stroke-linejoin:round}\n"
            ".dashed{stroke-dasharray:6 4;stroke-width:1.6}\n"
            ".leader{fill:none;stroke-width:.8;opacity:.6}\n"
            ".hollow{stroke-width:1.4}\n");
    for (size_t i = 0; i < XHAT_CHART_STYLES; i++)
        xhat_text_add(to,
                      ".s%zu{stroke:%s}.full.s%zu{fill:%s}.hollow.s%zu"
                      "{fill:#fff}svg text.s%zu{fill:%s;stroke:none}\n",
                      i, colors[i].light, i, colors[i].light, i, i,
                      colors[i].light);
    xhat_text_put(to, "@media screen and (prefers-color-scheme:dark){\n"
                      "svg text{fill:#eee}svg .tick{fill:#aaa}"
                      ".ground{fill:#16181d}.grid{stroke:#33363d}"
                      ".axis{stroke:#888}\n");
    for (size_t i = 0; i < XHAT_CHART_STYLES; i++)
        xhat_text_add(to,
                      ".s%zu{stroke:%s}.full.s%zu{fill:%s}.hollow.s%zu"
                      "{fill:#16181d}svg text.s%zu{fill:%s}\n",
                      i, colors[i].dark, i, colors[i].dark, i, i,
                      colors[i].dark);
    xhat_text_put(to, "}\n");
}
