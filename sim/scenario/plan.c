/* SPDX-License-Identifier: MIT */

/*
 * Plans: making and freeing them, and asking them. plan_json.c stores them and reads them back;
 * plan_words.c has the words they are made of.
 */

#include "sim/scenario/plan.h"

#include <string.h>

/* Making and freeing. */

Plan *plan_new(void)
{
    Plan *plan = g_new0(Plan, 1);
    plan->proves = g_new0(char *, 1);
    plan->claims = g_ptr_array_new_with_free_func((GDestroyNotify)plan_claim_free);
    Timeline *timeline = g_new0(Timeline, 1);
    timeline->devices = g_ptr_array_new_with_free_func((GDestroyNotify)plan_device_free);
    timeline->actions = g_ptr_array_new_with_free_func((GDestroyNotify)plan_action_free);
    timeline->images = g_ptr_array_new_with_free_func((GDestroyNotify)plan_image_free);
    timeline->holds = g_ptr_array_new_with_free_func((GDestroyNotify)plan_hold_free);
    timeline->until_at = VTIME_NEVER;
    timeline->limit = VTIME_NEVER;
    plan->timeline = timeline;
    return plan;
}

static void timeline_free(Timeline *timeline)
{
    g_ptr_array_unref(timeline->devices);
    g_ptr_array_unref(timeline->actions);
    g_ptr_array_unref(timeline->images);
    g_ptr_array_unref(timeline->holds);
    pattern_free(timeline->until);
    g_free(timeline);
}

void plan_free(Plan *plan)
{
    if (plan == NULL) {
        return;
    }
    g_free(plan->run_id);
    g_free(plan->scenario);
    g_free(plan->defect);
    g_strfreev(plan->proves);
    timeline_free(plan->timeline);
    g_ptr_array_unref(plan->claims);
    g_free(plan);
}

void plan_argument_free(Argument *argument)
{
    if (argument != NULL) {
        g_free(argument->text);
        g_free(argument);
    }
}

Action *plan_action_new(Verb verb, const char *target)
{
    Action *action = g_new0(Action, 1);
    action->verb = verb;
    action->target = g_strdup(target);
    action->nth = 1;
    action->arguments = g_ptr_array_new_with_free_func((GDestroyNotify)plan_argument_free);
    return action;
}

void plan_action_free(Action *action)
{
    if (action != NULL) {
        g_free(action->target);
        pattern_free(action->after);
        g_ptr_array_unref(action->arguments);
        g_free(action);
    }
}

Action *plan_action_copy(const Action *action)
{
    Action *copy = plan_action_new(action->verb, action->target);
    GPtrArray *arguments = copy->arguments;
    char *target = copy->target;
    *copy = *action;
    copy->target = target;
    copy->after = pattern_copy(action->after);
    copy->arguments = arguments;
    for (guint i = 0; i < action->arguments->len; i++) {
        const Argument *argument = g_ptr_array_index(action->arguments, i);
        Argument *argument_copy = g_memdup2(argument, sizeof *argument);
        argument_copy->text = g_strdup(argument->text);
        g_ptr_array_add(arguments, argument_copy);
    }
    return copy;
}

Claim *plan_claim_new(ClaimKind kind)
{
    Claim *claim = g_new0(Claim, 1);
    claim->kind = kind;
    claim->proves = g_new0(char *, 1);
    claim->patterns = g_ptr_array_new_with_free_func((GDestroyNotify)pattern_free);
    claim->at_most = INT64_MAX;
    return claim;
}

void plan_claim_free(Claim *claim)
{
    if (claim != NULL) {
        g_strfreev(claim->proves);
        g_free(claim->sentence);
        pattern_free(claim->after);
        pattern_free(claim->expect);
        pattern_free(claim->until);
        g_ptr_array_unref(claim->patterns);
        g_free(claim->invariant);
        g_free(claim);
    }
}

Claim *plan_claim_copy(const Claim *claim)
{
    Claim *copy = g_memdup2(claim, sizeof *claim);
    copy->proves = g_strdupv(claim->proves);
    copy->sentence = g_strdup(claim->sentence);
    copy->after = pattern_copy(claim->after);
    copy->expect = pattern_copy(claim->expect);
    copy->until = pattern_copy(claim->until);
    copy->invariant = g_strdup(claim->invariant);
    copy->patterns = g_ptr_array_new_with_free_func((GDestroyNotify)pattern_free);
    for (guint i = 0; i < claim->patterns->len; i++) {
        g_ptr_array_add(copy->patterns, pattern_copy(g_ptr_array_index(claim->patterns, i)));
    }
    return copy;
}

DeviceSetup *plan_device_new(const char *name)
{
    DeviceSetup *device = g_new0(DeviceSetup, 1);
    device->name = g_strdup(name);
    device->initialized = true;
    device->clock_valid = true;
    device->battery_mv = 6000;
    return device;
}

void plan_device_free(DeviceSetup *device)
{
    if (device != NULL) {
        g_free(device->name);
        g_free(device->image);
        g_free(device->image_b);
        g_free(device);
    }
}

DeviceSetup *plan_device_copy(const DeviceSetup *device)
{
    DeviceSetup *copy = g_memdup2(device, sizeof *device);
    copy->name = g_strdup(device->name);
    copy->image = g_strdup(device->image);
    copy->image_b = g_strdup(device->image_b);
    return copy;
}

Hold *plan_hold_new(const Pattern *after, VTime delay, const Pattern *release)
{
    Hold *hold = g_new0(Hold, 1);
    hold->after = pattern_copy(after);
    hold->delay = delay;
    hold->release = pattern_copy(release);
    return hold;
}

void plan_hold_free(Hold *hold)
{
    if (hold != NULL) {
        pattern_free(hold->after);
        pattern_free(hold->release);
        g_free(hold);
    }
}

ImageFile *plan_image_new(const char *name)
{
    ImageFile *image = g_new0(ImageFile, 1);
    image->name = g_strdup(name);
    return image;
}

void plan_image_free(ImageFile *image)
{
    if (image != NULL) {
        g_free(image->name);
        g_free(image->path);
        g_clear_pointer(&image->bytes, g_bytes_unref);
        g_free(image);
    }
}

/* Asking. */

const ImageFile *plan_image(const Timeline *timeline, const char *name)
{
    for (guint i = 0; i < timeline->images->len; i++) {
        const ImageFile *image = g_ptr_array_index(timeline->images, i);
        if (strcmp(image->name, name) == 0) {
            return image;
        }
    }
    return NULL;
}

const DeviceSetup *plan_device(const Timeline *timeline, const char *name)
{
    for (guint i = 0; i < timeline->devices->len; i++) {
        const DeviceSetup *device = g_ptr_array_index(timeline->devices, i);
        if (strcmp(device->name, name) == 0) {
            return device;
        }
    }
    return NULL;
}

static bool verb_takes(Verb verb, const char *key)
{
    for (const ArgumentRule *rule = plan_argument_rules(); rule->key != NULL; rule++) {
        if (rule->verb == verb && strcmp(rule->key, key) == 0) {
            return true;
        }
    }
    return false;
}

const Argument *plan_argument(const Action *action, const char *key)
{
    g_assert(verb_takes(action->verb, key));
    for (guint i = 0; i < action->arguments->len; i++) {
        const Argument *argument = g_ptr_array_index(action->arguments, i);
        if (strcmp(argument->key, key) == 0) {
            return argument;
        }
    }
    return NULL;
}

VTime plan_duration(const Action *action, const char *key)
{
    const Argument *argument = plan_argument(action, key);
    return argument == NULL ? 0 : argument->integer;
}

int64_t plan_integer(const Action *action, const char *key)
{
    const Argument *argument = plan_argument(action, key);
    return argument == NULL ? 0 : argument->integer;
}

bool plan_truth(const Action *action, const char *key)
{
    const Argument *argument = plan_argument(action, key);
    return argument != NULL && argument->integer != 0;
}

Ratio plan_ratio(const Action *action, const char *key)
{
    const Argument *argument = plan_argument(action, key);
    return argument == NULL ? (Ratio){0, 1} : argument->ratio;
}

const char *plan_text(const Action *action, const char *key)
{
    const Argument *argument = plan_argument(action, key);
    return argument == NULL ? NULL : argument->text;
}
