/* SPDX-License-Identifier: MIT */
/*
 * manual: prints a page of docs/manual that is made from the lists the programs are made from.
 *
 *   manual verbs|events|invariants|registers|statuses
 *
 * `make manual` writes the pages; a test compares them with what this prints, so they cannot drift.
 *
 * Exit codes: 0 done, 64 usage.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MANUAL_EXIT_USAGE 64

static void print_head(const char *title, const char *list)
{
    printf("<!-- SPDX-License-Identifier: MIT -->\n# %s\n\n"
           "Made from `%s` by `make manual`; do not edit.\n",
           title, list);
}

/* Text of a list, with what Markdown tables cannot hold replaced. */
static void print_cell(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|') {
            putchar('\\');
        }
        putchar(*text);
    }
}

static void print_argument(const char *key, const char *type, const char *otherwise,
                           const char *prose)
{
    printf("| `%s` | %s | ", key, type);
    if (strcmp(otherwise, "REQUIRED") == 0) {
        printf("required");
    } else if (strcmp(otherwise, "OPTIONAL") == 0) {
        printf("none");
    } else {
        printf("`%s`", otherwise);
    }
    printf(" | ");
    print_cell(prose);
    printf(" |\n");
}

/* Prints a verb's heading; the table's head follows with its first argument. */
static void print_verb(const char *name, const char *fault, const char *prose)
{
    printf("\n## %s\n\n%s", name, prose);
    if (strcmp(fault, "NONE") != 0) {
        printf(" A fault: the run is INCONCLUSIVE unless it took effect.");
    }
    printf("\n");
}

static void print_verbs(void)
{
    print_head("Verbs of a scenario", "sim/scenario/verbs.def");
    const char *headed = "";
#define REQUIRED                       "REQUIRED"
#define OPTIONAL                       "OPTIONAL"
#define VERB(name, text, fault, prose) print_verb(text, #fault, prose);
#define ARGUMENT(verb, key, type, otherwise, prose)                                                \
    if (strcmp(headed, #verb) != 0) {                                                              \
        printf("\n| argument | type | default | meaning |\n|---|---|---|---|\n");                  \
        headed = #verb;                                                                            \
    }                                                                                              \
    print_argument(key, #type, otherwise, prose);
#include "sim/scenario/verbs.def"
#undef VERB
#undef ARGUMENT
#undef REQUIRED
#undef OPTIONAL
}

static void print_event(const char *kind, const char *fields, const char *prose)
{
    printf("| `%s` | %s | ", kind, fields[0] == '\0' ? "–" : fields);
    print_cell(prose);
    printf(" |\n");
}

static void print_events(void)
{
    print_head("Kinds of events", "sim/evidence/events.def");
    printf("\n| event | fields | meaning |\n|---|---|---|\n");
#define EVENT(name, kind, fields, prose) print_event(kind, fields, prose);
#include "sim/evidence/events.def"
#undef EVENT
}

static void print_invariant(const char *name, const char *standing, const char *proves,
                            const char *prose)
{
    printf("| `%s` | %s | %s | ", name,
           strcmp(standing, "STANDING") == 0 ? "every run" : "where named",
           proves[0] == '\0' ? "the scenario's" : proves);
    print_cell(prose);
    printf(" |\n");
}

static void print_invariants(void)
{
    print_head("Named invariants", "sim/scenario/invariants.def");
    printf("\n| invariant | watched in | proves | meaning |\n|---|---|---|---|\n");
#define INVARIANT(name, standing, proves, prose) print_invariant(#name, #standing, proves, prose);
#include "sim/scenario/invariants.def"
#undef INVARIANT
}

static void print_register(const char *block, const char *name, unsigned offset, const char *access,
                           uint32_t reset, const char *prose)
{
    static char last[32];
    if (strcmp(last, block) != 0) {
        snprintf(last, sizeof last, "%s", block);
        printf("\n## %s\n", block);
    }
    printf("\n**%s** at 0x%02x, %s, reset 0x%" PRIx32 ". %s\n", name, offset, access, reset, prose);
}

static void print_field(const char *name, unsigned lsb, unsigned width, const char *prose)
{
    if (width == 1) {
        printf("- bit %u `%s`: %s\n", lsb, name, prose);
    } else {
        printf("- bits %u to %u `%s`: %s\n", lsb, lsb + width - 1, name, prose);
    }
}

static void print_registers(void)
{
    print_head("Registers of the chip", "vdevice/contract/regs/");
    printf("\nAccess and reset rules are at the top of `vdevice/contract/regs.h`; addresses are in "
           "`vdevice/contract/memory_map.h`.\n");
#define REG(block, name, offset, access, reset, prose)                                             \
    print_register(#block, #name, offset, #access, (uint32_t)(reset), prose);
#define FIELD(block, reg, name, lsb, width, prose) print_field(#name, lsb, width, prose);
#define VALUE(block, reg, name, value, prose)                                                      \
    printf("- value 0x%" PRIx32 " `%s`: %s\n", (uint32_t)(value), #name, prose);
#include "vdevice/contract/regs/debugport.def"
#include "vdevice/contract/regs/flash_ctrl.def"
#include "vdevice/contract/regs/hashacc.def"
#include "vdevice/contract/regs/lockmech.def"
#include "vdevice/contract/regs/nic.def"
#include "vdevice/contract/regs/otp.def"
#include "vdevice/contract/regs/panel.def"
#include "vdevice/contract/regs/pka.def"
#include "vdevice/contract/regs/power.def"
#include "vdevice/contract/regs/rtc.def"
#include "vdevice/contract/regs/timer.def"
#include "vdevice/contract/regs/trng.def"
#include "vdevice/contract/regs/uart.def"
#include "vdevice/contract/regs/watchdog.def"
#undef REG
#undef FIELD
#undef VALUE
}

static void print_statuses(void)
{
    print_head("Status and progress codes of the device",
               "vdevice/contract/status.def and progress.def");
    printf(
        "\nA status is its module's two letters and a number, as `power_show_status` and reports "
        "carry it.\n\n| status | code | meaning |\n|---|---|---|\n");
#define STATUS(module, name, number, text)                                                         \
    printf("| %s_%s | %02x%02x%04x | %s |\n", #module, #name, #module[0], #module[1],              \
           (unsigned)(number), text);
#include "vdevice/contract/status.def"
#undef STATUS
    printf("\n| progress | code | meaning |\n|---|---|---|\n");
#define PROGRESS(name, value, text) printf("| %s | %02x | %s |\n", #name, (unsigned)(value), text);
#include "vdevice/contract/progress.def"
#undef PROGRESS
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } PAGES[] = {
        {"verbs", print_verbs},           {"events", print_events},
        {"invariants", print_invariants}, {"registers", print_registers},
        {"statuses", print_statuses},
    };
    for (size_t i = 0; argc == 2 && i < sizeof PAGES / sizeof PAGES[0]; i++) {
        if (strcmp(argv[1], PAGES[i].name) == 0) {
            PAGES[i].print();
            return 0;
        }
    }
    fprintf(stderr, "usage: manual verbs|events|invariants|registers|statuses\n");
    return MANUAL_EXIT_USAGE;
}
