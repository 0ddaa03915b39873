/* SPDX-License-Identifier: MIT */

/*
 * What there is, what it means, and what is missing: these make no run and write no file.
 */

#include <stdio.h>

#include "sim/commands/terminal.h"
#include "sim/listing.h"

int command_list(Lab *lab, Options *options)
{
    g_autoptr(GError) error = NULL;
    const char *what = options->words == NULL ? "scenarios" : options->words[0];
    g_autofree char *text = listing_text(lab, what, options->json, &error);
    if (text == NULL) {
        return terminal_complain(error);
    }
    fputs(text, stdout);
    return EXIT_PASS;
}

int command_explain(Lab *lab, Options *options)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = listing_explain(lab, options->words[0], &error);
    if (text == NULL) {
        return terminal_complain(error);
    }
    fputs(text, stdout);
    return EXIT_PASS;
}

int command_doctor(Lab *lab, Options *options)
{
    const LabPaths *paths = lab_paths(lab);
    const struct {
        const char *what;
        const char *path;
        const char *mend;
    } needs[] = {
        {"the machine", paths->machine, "make build"},
        {"the boot ROM", paths->rom, "make build"},
        {"the images", paths->images, "make build"},
        {"the keys", paths->keys, "make build"},
        {"the scenarios", paths->scenarios, "start lockstep in the project's folder"},
    };
    int code = EXIT_PASS;
    (void)options;
    for (size_t i = 0; i < G_N_ELEMENTS(needs); i++) {
        bool there = g_file_test(needs[i].path, G_FILE_TEST_EXISTS);
        printf("%s %-14s %s%s%s\n", there ? "✔" : "✖", needs[i].what, needs[i].path,
               there ? "" : " is missing; mend it with: ", there ? "" : needs[i].mend);
        code = there ? code : EXIT_LAB;
    }
    if (code == EXIT_PASS) {
        printf("nothing is missing; `make doctor` looks at the tools for building\n");
    }
    return code;
}
