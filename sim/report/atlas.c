/* SPDX-License-Identifier: MIT */

#include "sim/report/atlas.h"

#include <string.h>

#include "sim/report/markup.h"

#define WIDTH     960
#define LEFT      80
#define CELL      9
#define ROW       12
#define COLUMNS   ((WIDTH - LEFT) / CELL)
#define CELLS_MAX 20000
#define ROWS_MAX  12

static const char *const ROW_NAMES[ROWS_MAX] = {"nothing",   "prefix",   "random", "half",
                                                "weak",      "complete", "lose",   "corrupt",
                                                "duplicate", "delay",    "hold",   "instruction"};

/* Where a point's cell is: the row, by the text behind the colon, or -1 for a run that is no point.
 */
static int row_of(const char *run_id)
{
    if (strstr(run_id, "@instr#") != NULL) {
        return ROWS_MAX - 1;
    }
    const char *point = strstr(run_id, "@nvm.op#");
    point = point == NULL ? strstr(run_id, "@frame#") : point;
    const char *torn = point == NULL ? NULL : strchr(point, ':');
    for (int row = 0; torn != NULL && row < ROWS_MAX; row++) {
        if (g_str_has_prefix(torn + 1, ROW_NAMES[row])) {
            return row;
        }
    }
    return -1;
}

static guint64 number_of(const char *run_id)
{
    const char *hash = strchr(run_id, '#');
    return hash == NULL ? 0 : g_ascii_strtoull(hash + 1, NULL, 10);
}

/* Cells are laid out in bands as wide as the page; the runs come in the order of their numbers. */
void atlas_svg(GString *page, const Assessment *assessment, const ScenarioSummary *scenario)
{
    g_autoptr(GString) cells = g_string_new(NULL);
    guint64 number = 0;
    int column = -1;
    unsigned count = 0;
    bool used[ROWS_MAX] = {false};
    for (guint i = 0; i < assessment->runs->len; i++) {
        const RunResult *run = g_ptr_array_index(assessment->runs, i);
        int row = strcmp(run->scenario, scenario->id) == 0 ? row_of(run->run_id) : -1;
        used[MAX(row, 0)] |= row >= 0;
    }
    int rows[ROWS_MAX];
    int row_count = 0;
    for (int row = 0; row < ROWS_MAX; row++) {
        rows[row] = used[row] ? row_count++ : -1;
    }
    int band_height = row_count * ROW + 16;
    for (guint i = 0; i < assessment->runs->len && count < CELLS_MAX; i++) {
        const RunResult *run = g_ptr_array_index(assessment->runs, i);
        int row = strcmp(run->scenario, scenario->id) == 0 ? row_of(run->run_id) : -1;
        if (row < 0) {
            continue;
        }
        if (column < 0 || number_of(run->run_id) != number) {
            column++;
            number = number_of(run->run_id);
        }
        count++;
        markup_add(cells,
                   "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"><title>%s ",
                   LEFT + column % COLUMNS * CELL, column / COLUMNS * band_height + rows[row] * ROW,
                   CELL - 1, ROW - 2, markup_color(run->verdict), verdict_name(run->verdict));
        markup_text(cells, run->run_id);
        markup_add(cells, "</title></rect>\n");
    }
    if (count == 0) {
        return;
    }
    int bands = column / COLUMNS + 1;
    markup_add(
        page,
        "<svg viewBox=\"0 0 %d %d\" width=\"100%%\" role=\"img\" aria-label=\"Atlas: %u points "
        "of the sweep, by torn state and verdict\" font-family=\"system-ui, sans-serif\">\n",
        WIDTH, bands * band_height, count);
    for (int band = 0; band < bands; band++) {
        for (int row = 0; row < ROWS_MAX; row++) {
            if (rows[row] >= 0) {
                markup_add(page,
                           "<text x=\"%d\" y=\"%d\" font-size=\"10\" text-anchor=\"end\" "
                           "fill=\"currentColor\">%s</text>\n",
                           LEFT - 8, band * band_height + rows[row] * ROW + 9, ROW_NAMES[row]);
            }
        }
    }
    g_string_append_len(page, cells->str, (gssize)cells->len);
    markup_add(page, "</svg>\n");
}
