/* SPDX-License-Identifier: MIT */

#include "sim/crash_atlas.h"

#include <string.h>

#include "sim/report/markup.h"

#define COLUMN  3 /* points of the page per operation */
#define ROW     4 /* per tear */
#define LEFT    8
#define NOT_RUN "not booted"

static const CrashCell *cell_at(const GArray *cells, guint index)
{
    return &g_array_index(cells, CrashCell, index);
}

static const char *outcome_word(const CrashCell *cell)
{
    return *cell->verdict == UINT8_MAX ? NOT_RUN
                                       : sweeping_outcome_name((SweepingOutcome)*cell->outcome);
}

static char *run_of(const CrashSource *source, const CrashCell *cell)
{
    CrashPoint point = {.depth = 1, .places = {cell->shown_by}};
    return crash_source_run_id(source, &point);
}

static void write_cell(const CrashSource *source, const CrashCell *cell, Canon *canon)
{
    char tear[CRASH_TEAR_NAME_BYTES];
    g_autofree char *run_id = run_of(source, cell);
    crash_tear_print(cell->place.tear, tear);
    canon_begin_object(canon);
    canon_member_text(canon, "tear", tear);
    canon_member_integer(canon, "changed_bits", cell->changed_bits);
    canon_member_text(canon, "outcome", outcome_word(cell));
    canon_member_text(canon, "verdict",
                      *cell->verdict == UINT8_MAX ? NULL : verdict_name((Verdict)*cell->verdict));
    canon_member_text(canon, "run_id", run_id);
    canon_end_object(canon);
}

char *crash_atlas_lines(const CrashSource *source, const GArray *cells)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < cells->len;) {
        const CrashCell *first = cell_at(cells, i);
        g_autoptr(Canon) canon = canon_new();
        canon_begin_object(canon);
        canon_member_integer(canon, "operation", (int64_t)first->place.operation);
        canon_member_text(canon, "region", first->region);
        canon_member_integer(canon, "offset", first->offset);
        canon_key(canon, "cells");
        canon_begin_array(canon);
        for (; i < cells->len && cell_at(cells, i)->place.operation == first->place.operation;
             i++) {
            write_cell(source, cell_at(cells, i), canon);
        }
        canon_end_array(canon);
        canon_end_object(canon);
        g_autofree char *line = canon_finish(canon);
        g_string_append_printf(text, "%s\n", line);
    }
    return g_string_free(text, FALSE);
}

static const char *cell_color(const CrashCell *cell)
{
    static const char *const COLORS[SWEEPING_OUTCOMES] = {"#4477aa", "#228833", "#ccbb44",
                                                          "#aa3377"};
    if (*cell->verdict == UINT8_MAX) {
        return "#bbbbbb";
    }
    return *cell->verdict == VERDICT_PASS ? COLORS[*cell->outcome]
                                          : markup_color((Verdict)*cell->verdict);
}

/* Draws cells `first` to `end` - 1, which are alike, as one box. */
static void draw(const CrashSource *source, const GArray *cells, guint first, guint end, int column,
                 int row, GString *page)
{
    const CrashCell *cell = cell_at(cells, first);
    char from[CRASH_TEAR_NAME_BYTES];
    char until[CRASH_TEAR_NAME_BYTES];
    g_autofree char *run_id = run_of(source, cell);
    crash_tear_print(cell->place.tear, from);
    crash_tear_print(cell_at(cells, end - 1)->place.tear, until);
    markup_add(page,
               "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"><title>%s, "
               "operation %" G_GUINT64_FORMAT ", %s to %s: %s: ",
               LEFT + column * COLUMN, row * ROW, COLUMN, (int)(end - first) * ROW,
               cell_color(cell), cell->region, cell->place.operation, from, until,
               outcome_word(cell));
    markup_text(page, run_id);
    markup_add(page, "</title></rect>\n");
}

char *crash_atlas_page(const CrashSource *source, const GArray *cells, const char *summary)
{
    GString *boxes = g_string_new(NULL);
    int column = 0;
    int rows = 0;
    for (guint i = 0; i < cells->len; column++) {
        uint64_t operation = cell_at(cells, i)->place.operation;
        guint top = i;
        while (i < cells->len && cell_at(cells, i)->place.operation == operation) {
            guint first = i;
            while (i < cells->len && cell_at(cells, i)->place.operation == operation &&
                   strcmp(cell_color(cell_at(cells, i)), cell_color(cell_at(cells, first))) == 0) {
                i++;
            }
            draw(source, cells, first, i, column, (int)(first - top), boxes);
        }
        rows = MAX(rows, (int)(i - top));
    }
    GString *page = g_string_new("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                                 "<title>Crash-point atlas</title></head><body>\n<h1>");
    markup_text(page, crash_source_plan(source)->scenario);
    markup_add(page, "</h1>\n<pre>");
    markup_text(page, summary);
    markup_add(page, "</pre>\n<p>Operations from left to right, from before to complete downwards. "
                     "Blue: the old version starts; green: the new; yellow: recovery; purple: "
                     "nothing; grey: not booted; a verdict that is not PASS has its own colour.</p>"
                     "\n<div style=\"overflow-x:auto\">\n");
    markup_add(page,
               "<svg width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"Outcome of each torn "
               "state of each operation\">\n",
               2 * LEFT + column * COLUMN, rows * ROW);
    g_string_append_len(page, boxes->str, (gssize)boxes->len);
    markup_add(page, "</svg>\n</div>\n</body></html>\n");
    g_string_free(boxes, TRUE);
    return g_string_free(page, FALSE);
}
