/* SPDX-License-Identifier: MIT */

/*
 * The words of plans: the tables of verbs.def and invariants.def, and what is asked of them.
 */

#include "sim/scenario/plan.h"

#include <string.h>

static const struct {
    const char *name;
    VerbFault fault;
    const char *prose;
} VERB_TABLE[VERBS] = {
#define VERB(name, text, fault, prose) [VERB_##name] = {text, VERB_FAULT_##fault, prose},
#define ARGUMENT(verb, key, type, otherwise, prose)
#include "sim/scenario/verbs.def"
#undef VERB
#undef ARGUMENT
};

static const char *const VERB_NAMES[VERBS + 1] = {
#define VERB(name, text, fault, prose) text,
#define ARGUMENT(verb, key, type, otherwise, prose)
#include "sim/scenario/verbs.def"
#undef VERB
#undef ARGUMENT
    NULL,
};

/* Two texts no default can be, told apart from one by their address only while compiling. */
#define REQUIRED "\001"
#define OPTIONAL "\002"

static const ArgumentRule RULES[] = {
#define VERB(name, text, fault, prose)
#define ARGUMENT(verb, key, type, otherwise, prose)                                                \
    {VERB_##verb,       key,  ARGUMENT_##type, otherwise[0] <= 2 ? NULL : otherwise,               \
     otherwise[0] == 1, prose},
#include "sim/scenario/verbs.def"
#undef VERB
#undef ARGUMENT
    {VERBS, NULL, ARGUMENT_TEXT, NULL, false, NULL},
};

static const struct {
    const char *name;
    bool standing;
    const char *proves;
    const char *prose;
} INVARIANT_TABLE[INVARIANTS] = {
#define STANDING true
#define NAMED    false
#define INVARIANT(name, standing, proves, prose)                                                   \
    [INVARIANT_##name] = {#name, standing, proves, prose},
#include "sim/scenario/invariants.def"
#undef INVARIANT
#undef STANDING
#undef NAMED
};

static const char *const INVARIANT_NAMES[INVARIANTS + 1] = {
#define INVARIANT(name, standing, proves, prose) #name,
#include "sim/scenario/invariants.def"
#undef INVARIANT
    NULL,
};

static const char *const FAULT_NAMES[VERB_FAULTS] = {
    "none",     "power",  "wear",      "network",   "dns",    "clock",   "server",
    "rollback", "tamper", "malformed", "mechanics", "attack", "misread",
};

const char *plan_verb_name(Verb verb)
{
    return VERB_TABLE[verb].name;
}

const char *const *plan_verb_names(void)
{
    return VERB_NAMES;
}

const char *plan_verb_prose(Verb verb)
{
    return VERB_TABLE[verb].prose;
}

VerbFault plan_verb_fault(Verb verb)
{
    return VERB_TABLE[verb].fault;
}

const char *plan_fault_name(VerbFault fault)
{
    return FAULT_NAMES[fault];
}

const char *const *plan_invariant_names(void)
{
    return INVARIANT_NAMES;
}

bool plan_invariant_parse(const char *name, Invariant *ret_invariant)
{
    for (int i = 0; i < INVARIANTS; i++) {
        if (strcmp(INVARIANT_NAMES[i], name) == 0) {
            *ret_invariant = (Invariant)i;
            return true;
        }
    }
    return false;
}

const char *plan_invariant_prose(Invariant invariant)
{
    return INVARIANT_TABLE[invariant].prose;
}

bool plan_invariant_is_standing(Invariant invariant)
{
    return INVARIANT_TABLE[invariant].standing;
}

const char *plan_invariant_proves(Invariant invariant)
{
    return INVARIANT_TABLE[invariant].proves;
}

const ArgumentRule *plan_argument_rules(void)
{
    return RULES;
}
