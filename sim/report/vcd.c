/* SPDX-License-Identifier: MIT */

/*
 * V1  Time never goes back, and a value is written only when it is another one.
 * V2  Every variable has a value at #0.
 *
 * A variable's code is one printable character for its device and one for its place in VARIABLES.
 */

#include "sim/report/vcd.h"

#include <string.h>

#define TEXT_CHARS_MAX 64

typedef enum Variable {
    VARIABLE_POWER,
    VARIABLE_RESETS,
    VARIABLE_SLOT,
    VARIABLE_TRIAL,
    VARIABLE_VERSION,
    VARIABLE_OPERATION,
    VARIABLE_REGION,
    VARIABLE_JOURNAL,
    VARIABLE_COUNTER,
    VARIABLE_PROGRESS,
    VARIABLE_MOTOR,
    VARIABLE_BOLT,
    VARIABLE_LEDS,
    VARIABLE_LINK,
    VARIABLE_SESSION,
    VARIABLES_OF_DEVICE,
    VARIABLE_FAULTS = VARIABLES_OF_DEVICE, /* the lab's */
    VARIABLE_EFFECTS,
    VARIABLE_FAULT,
    VARIABLES
} Variable;

static const struct {
    const char *name;
    unsigned bits; /* 0: text */
    const char *first;
} TABLE[VARIABLES] = {
    [VARIABLE_POWER] = {"power", 1, "0"},
    [VARIABLE_RESETS] = {"resets", 16, "0"},
    [VARIABLE_SLOT] = {"slot", 0, "none"},
    [VARIABLE_TRIAL] = {"trial", 1, "0"},
    [VARIABLE_VERSION] = {"version", 0, "none"},
    [VARIABLE_OPERATION] = {"flash_operation", 32, "0"},
    [VARIABLE_REGION] = {"flash_region", 0, "none"},
    [VARIABLE_JOURNAL] = {"journal", 0, "none"},
    [VARIABLE_COUNTER] = {"counter", 8, "0"},
    [VARIABLE_PROGRESS] = {"progress", 0, "none"},
    [VARIABLE_MOTOR] = {"motor", 0, "stop"},
    [VARIABLE_BOLT] = {"bolt", 0, "unknown"},
    [VARIABLE_LEDS] = {"leds", 8, "0"},
    [VARIABLE_LINK] = {"link", 1, "1"},
    [VARIABLE_SESSION] = {"session", 0, "none"},
    [VARIABLE_FAULTS] = {"faults_injected", 16, "0"},
    [VARIABLE_EFFECTS] = {"faults_took_effect", 16, "0"},
    [VARIABLE_FAULT] = {"last_fault", 0, "none"},
};

typedef struct Dump {
    GString *out;
    const char *const *devices;
    guint device_count;
    char **values; /* the last of each variable, devices first, then the lab */
    VTime at;      /* of the last time that was written; -1: none */
} Dump;

static void append_binary(GString *out, int64_t value, unsigned bits)
{
    bool any = false;
    for (unsigned i = bits; i-- > 0;) {
        bool one = (((uint64_t)value >> i) & 1) != 0;
        any = any || one || i == 0;
        if (any) {
            g_string_append_c(out, one ? '1' : '0');
        }
    }
}

/* Text without what would end it. */
static void append_text(GString *out, const char *text)
{
    for (size_t i = 0; text[i] != '\0' && i < TEXT_CHARS_MAX; i++) {
        g_string_append_c(out, g_ascii_isgraph(text[i]) ? text[i] : '_');
    }
}

static void append_code(GString *out, guint scope, Variable variable)
{
    g_string_append_printf(out, "%c%c", (char)('!' + scope), (char)('!' + variable));
}

static void append_value(Dump *dump, guint scope, Variable variable, const char *value)
{
    unsigned bits = TABLE[variable].bits;
    if (bits == 0) {
        g_string_append_c(dump->out, 's');
        append_text(dump->out, value);
        g_string_append_c(dump->out, ' ');
    } else if (bits == 1) {
        g_string_append_c(dump->out, value[0]);
    } else {
        g_string_append_c(dump->out, 'b');
        append_binary(dump->out, g_ascii_strtoll(value, NULL, 10), bits);
        g_string_append_c(dump->out, ' ');
    }
    append_code(dump->out, scope, variable);
    g_string_append_c(dump->out, '\n');
}

static void set_text(Dump *dump, VTime at, guint scope, Variable variable, const char *value)
{
    char **last = &dump->values[scope * VARIABLES + variable];
    if (value == NULL || strcmp(*last, value) == 0) { /* V1 */
        return;
    }
    if (at != dump->at) {
        g_string_append_printf(dump->out, "#%" G_GINT64_FORMAT "\n", at);
        dump->at = at;
    }
    g_free(*last);
    *last = g_strdup(value);
    append_value(dump, scope, variable, value);
}

static void set_number(Dump *dump, VTime at, guint scope, Variable variable, int64_t value)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);
    set_text(dump, at, scope, variable, text);
}

static void count_up(Dump *dump, VTime at, guint scope, Variable variable)
{
    int64_t before = g_ascii_strtoll(dump->values[scope * VARIABLES + variable], NULL, 10);
    set_number(dump, at, scope, variable, before + 1);
}

static void show_device(Dump *dump, guint scope, const Event *event)
{
    VTime at = event->at;
    switch ((int)event->kind) {
    case EVENT_POWER_ON:
        set_text(dump, at, scope, VARIABLE_POWER, "1");
        break;
    case EVENT_POWER_LOST:
        set_text(dump, at, scope, VARIABLE_POWER, "0");
        set_text(dump, at, scope, VARIABLE_SLOT, "none");
        set_text(dump, at, scope, VARIABLE_VERSION, "none");
        set_text(dump, at, scope, VARIABLE_MOTOR, "stop");
        set_number(dump, at, scope, VARIABLE_OPERATION, event_integer(event, "operation", 0));
        break;
    case EVENT_DEVICE_RESET:
        count_up(dump, at, scope, VARIABLE_RESETS);
        set_text(dump, at, scope, VARIABLE_SLOT, "none");
        break;
    case EVENT_BOOT_SLOT_STARTED:
        set_text(dump, at, scope, VARIABLE_SLOT, event_text(event, "slot"));
        set_text(dump, at, scope, VARIABLE_VERSION, event_text(event, "version"));
        set_number(dump, at, scope, VARIABLE_TRIAL, event_integer(event, "trial", 0));
        break;
    case EVENT_BOOT_RECOVERY:
        set_text(dump, at, scope, VARIABLE_SLOT, "recovery");
        break;
    case EVENT_NVM_OPERATION:
        set_number(dump, at, scope, VARIABLE_OPERATION, event_integer(event, "number", 0));
        set_text(dump, at, scope, VARIABLE_REGION, event_text(event, "region"));
        break;
    case EVENT_JOURNAL_RECORDED:
        set_text(dump, at, scope, VARIABLE_JOURNAL, event_text(event, "state"));
        break;
    case EVENT_COUNTER_RAISED:
        set_number(dump, at, scope, VARIABLE_COUNTER, event_integer(event, "value", 0));
        break;
    case EVENT_DEVICE_PROGRESS:
        set_text(dump, at, scope, VARIABLE_PROGRESS, event_text(event, "name"));
        break;
    case EVENT_MOTOR_DRIVEN:
        set_text(dump, at, scope, VARIABLE_MOTOR, event_text(event, "direction"));
        break;
    case EVENT_BOLT_MOVED:
        set_text(dump, at, scope, VARIABLE_BOLT, event_text(event, "state"));
        break;
    case EVENT_BOLT_STALLED:
        set_text(dump, at, scope, VARIABLE_BOLT, "stalled");
        break;
    case EVENT_LEDS_CHANGED:
        set_number(dump, at, scope, VARIABLE_LEDS, event_integer(event, "leds", 0));
        break;
    case EVENT_LINK_CHANGED:
        set_number(dump, at, scope, VARIABLE_LINK, 1 - event_integer(event, "partitioned", 0));
        break;
    case EVENT_TLS_HANDSHAKE:
        set_text(dump, at, scope, VARIABLE_SESSION, event_text(event, "outcome"));
        break;
    default:
        break;
    }
}

static void show_lab(Dump *dump, const Event *event)
{
    guint lab = dump->device_count;
    if (event->kind == EVENT_FAULT_INJECTED) {
        count_up(dump, event->at, lab, VARIABLE_FAULTS);
        set_text(dump, event->at, lab, VARIABLE_FAULT, event_text(event, "detail"));
    } else if (event->kind == EVENT_FAULT_TOOK_EFFECT) {
        count_up(dump, event->at, lab, VARIABLE_EFFECTS);
    }
}

static void declare_scope(Dump *dump, guint scope, const char *name, Variable first, Variable end)
{
    g_string_append_printf(dump->out, "$scope module %s $end\n", name);
    for (Variable i = first; i < end; i++) {
        unsigned bits = TABLE[i].bits;
        g_string_append_printf(dump->out, "$var %s %u ", bits == 0 ? "string" : "wire",
                               MAX(bits, 1));
        append_code(dump->out, scope, i);
        g_string_append_printf(dump->out, " %s $end\n", TABLE[i].name);
    }
    g_string_append(dump->out, "$upscope $end\n");
}

static void write_head(Dump *dump)
{
    g_string_append(dump->out, "$version lockstep $end\n$timescale 1ns $end\n");
    for (guint d = 0; d < dump->device_count; d++) {
        declare_scope(dump, d, dump->devices[d], VARIABLE_POWER, VARIABLES_OF_DEVICE);
    }
    declare_scope(dump, dump->device_count, "lab", VARIABLES_OF_DEVICE, VARIABLES);
    g_string_append(dump->out, "$enddefinitions $end\n#0\n$dumpvars\n");
    dump->at = 0;
    for (guint scope = 0; scope <= dump->device_count; scope++) { /* V2 */
        bool lab = scope == dump->device_count;
        for (Variable i = lab ? VARIABLES_OF_DEVICE : VARIABLE_POWER;
             i < (lab ? VARIABLES : VARIABLES_OF_DEVICE); i++) {
            append_value(dump, scope, i, TABLE[i].first);
        }
    }
    g_string_append(dump->out, "$end\n");
}

char *vcd_text(const char *const *devices, const GPtrArray *events)
{
    guint count = g_strv_length((char **)devices);
    Dump dump = {.out = g_string_new(NULL), .devices = devices, .device_count = count, .at = -1};
    dump.values = g_new0(char *, (count + 1) * VARIABLES + 1);
    for (guint i = 0; i < (count + 1) * VARIABLES; i++) {
        dump.values[i] = g_strdup(TABLE[i % VARIABLES].first);
    }
    write_head(&dump);
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        for (guint d = 0; d < count; d++) {
            if (strcmp(event->source, devices[d]) == 0) {
                show_device(&dump, d, event);
            }
        }
        show_lab(&dump, event);
    }
    VTime end =
        events->len == 0 ? 0 : ((const Event *)g_ptr_array_index(events, events->len - 1))->at;
    if (end > dump.at) {
        g_string_append_printf(dump.out, "#%" G_GINT64_FORMAT "\n", end);
    }
    g_strfreev(dump.values);
    return g_string_free(dump.out, FALSE);
}

static void save_scope(GString *out, const char *scope, Variable first, Variable end)
{
    g_string_append_printf(out, "@200\n-%s\n", scope);
    for (Variable i = first; i < end; i++) {
        /* GTKWave's flags: 28 bits, 24 decimal, 22 hexadecimal, 820 text. */
        unsigned bits = TABLE[i].bits;
        const char *flags = bits == 0 ? "820" : bits == 1 ? "28" : i == VARIABLE_LEDS ? "22" : "24";
        g_autofree char *range = bits > 1 ? g_strdup_printf("[%u:0]", bits - 1) : g_strdup("");
        g_string_append_printf(out, "@%s\n%s.%s%s\n", flags, scope, TABLE[i].name, range);
    }
}

char *vcd_save_text(const char *const *devices, const char *dump_name)
{
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "[dumpfile] \"%s\"\n[timestart] 0\n[sst_expanded] 1\n", dump_name);
    save_scope(out, "lab", VARIABLES_OF_DEVICE, VARIABLES);
    for (; *devices != NULL; devices++) {
        save_scope(out, *devices, VARIABLE_POWER, VARIABLES_OF_DEVICE);
    }
    return g_string_free(out, FALSE);
}
