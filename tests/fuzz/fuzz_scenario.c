/* SPDX-License-Identifier: MIT */

/*
 * Can a scenario or a stored plan, whatever is in it, make the lab's parsers misbehave?
 *
 * The input is taken as a scenario; one that parses is planned, stored, and read back, and must be
 * the same. Then it is taken as a plan.
 */

#include <stdint.h>
#include <string.h>

#include "sim/scenario/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void plan_and_back(const Scenario *scenario)
{
    ScenarioOptions options = {.images_folder = NULL};
    g_autoptr(Plan) plan = scenario_plan(scenario, &options, NULL);
    g_assert(plan != NULL);
    g_autofree char *json = plan_to_json(plan);
    g_autoptr(GError) error = NULL;
    g_autoptr(Plan) again = plan_from_json("plan.json", json, strlen(json), &error);
    if (again == NULL) {
        g_error("%s in %s", error->message, json);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Scenario) scenario = scenario_parse("fuzz.yaml", NULL, bytes, count, &error);
    g_assert((scenario == NULL) == (error != NULL));
    if (scenario != NULL) {
        plan_and_back(scenario);
    }
    g_autofree char *text = g_strndup((const char *)bytes, count);
    g_autoptr(GError) plan_error = NULL;
    g_autoptr(Plan) plan = plan_from_json("plan.json", text, strlen(text), &plan_error);
    g_assert((plan == NULL) == (plan_error != NULL));
    return 0;
}
