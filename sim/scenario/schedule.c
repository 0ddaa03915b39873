/* SPDX-License-Identifier: MIT */

/*
 * H1  The text depends on the id and on nothing else.
 */

#include "sim/scenario/schedule.h"

#include <string.h>

#include "sim/scenario/drawn.h"
#include "sim/scenario/telling.h"

#define PREFIX "explore/"

/* In how many of so many schedules a feature takes part, by theme; 0: the row of THEME_ANYTHING. */
static const Ratio SWARM[FEATURES] = {
    [FEATURE_CUT_AT_TIME] = {1, 3},
    [FEATURE_CUT_AT_EVENT] = {1, 2},
    [FEATURE_CUT_AT_OPERATION] = {1, 3},
    [FEATURE_CUT_AT_INSTRUCTION] = {1, 5},
    [FEATURE_CUT_AGAIN] = {1, 6},
    [FEATURE_WEAR] = {1, 10},
    [FEATURE_LINK] = {1, 3},
    [FEATURE_FRAME] = {1, 5},
    [FEATURE_CABLE] = {1, 6},
    [FEATURE_DNS] = {1, 6},
    [FEATURE_NTP] = {1, 6},
    [FEATURE_SERVER] = {1, 3},
    [FEATURE_CERTIFICATE] = {1, 8},
    [FEATURE_TAMPER] = {1, 6},
    [FEATURE_MUTATE] = {1, 8},
    [FEATURE_OLDER] = {1, 8},
    [FEATURE_MALFORMED] = {1, 8},
    [FEATURE_RIGHT_PIN] = {1, 2},
    [FEATURE_RACE] = {1, 4},
    [FEATURE_WRONG_PIN] = {1, 5},
    [FEATURE_LOCKOUT] = {1, 10},
    [FEATURE_KEYS] = {1, 8},
    [FEATURE_BUTTON] = {1, 4},
    [FEATURE_HAND] = {1, 8},
    [FEATURE_DOOR] = {1, 8},
    [FEATURE_JAM] = {1, 10},
    [FEATURE_BATTERY] = {1, 8},
    [FEATURE_TRNG] = {1, 10},
    [FEATURE_PROBE] = {1, 12},
    [FEATURE_JOURNAL] = {1, 12},
    [FEATURE_STORE] = {1, 16},
    [FEATURE_SLOT] = {1, 24},
    [FEATURE_HEADER] = {1, 24},
    [FEATURE_RESTORE] = {1, 16},
};

/* What a story of a theme has in any case, and up to how many of it. */
typedef struct Focus {
    unsigned steps_max; /* of the theme's own features */
    unsigned more_max;  /* of any */
    Feature features[6];
    unsigned count;
} Focus;

static const Focus FOCI[THEMES] = {
    [THEME_ANYTHING] = {.more_max = DRAWN_STEPS_MAX - 2},
    [THEME_POWER] = {4, 1, {FEATURE_CUT_AGAIN, FEATURE_CUT_AT_EVENT, FEATURE_CUT_AGAIN}, 3},
    [THEME_WEAR] = {4, 1, {FEATURE_WEAR}, 1},
    [THEME_RACE] = {3, 1, {FEATURE_RACE, FEATURE_RACE, FEATURE_RACE, FEATURE_LOCKOUT}, 4},
    [THEME_LENGTHS] = {2,
                       1,
                       {FEATURE_MUTATE, FEATURE_SERVER, FEATURE_SERVER, FEATURE_MALFORMED,
                        FEATURE_HEADER, FEATURE_TAMPER},
                       6},
    [THEME_DAMAGE] = {3,
                      1,
                      {FEATURE_SLOT, FEATURE_SLOT, FEATURE_SLOT, FEATURE_HEADER, FEATURE_JOURNAL,
                       FEATURE_STORE},
                      6},
};

/* In so many of a hundred stories. */
static const unsigned THEME_PERCENT[THEMES] = {
    [THEME_ANYTHING] = 24, [THEME_POWER] = 18, [THEME_WEAR] = 13,  [THEME_RACE] = 19,
    [THEME_LENGTHS] = 9,   [THEME_DAMAGE] = 8, [THEME_OUTAGE] = 9,
};

/* In how many of so many stories the journal is nearly full, and turns during the update. */
static const Ratio AGED[THEMES] = {
    [THEME_ANYTHING] = {1, 6}, [THEME_POWER] = {1, 2},   [THEME_WEAR] = {1, 3},
    [THEME_RACE] = {1, 10},    [THEME_LENGTHS] = {0, 1}, [THEME_DAMAGE] = {1, 3},
    [THEME_OUTAGE] = {0, 1},
};

static Theme draw_theme(Prng *prng)
{
    unsigned left = (unsigned)prng_below(prng, 100);
    for (int theme = 0; theme < THEMES; theme++) {
        if (left < THEME_PERCENT[theme]) {
            return (Theme)theme;
        }
        left -= THEME_PERCENT[theme];
    }
    return THEME_ANYTHING;
}

/* Steps of features this story takes part in, each story a different few (a swarm). */
static void draw_swarm(Prng *prng, Story *story, unsigned steps)
{
    bool wanted[FEATURES];
    unsigned count = 0;
    for (int i = 0; i < FEATURES; i++) {
        wanted[i] = prng_chance(prng, SWARM[i]);
        count += wanted[i] ? 1 : 0;
    }
    for (unsigned i = 0; i < steps && count > 0; i++) {
        unsigned place = (unsigned)prng_below(prng, count);
        int feature = 0;
        while (!wanted[feature] || place-- > 0) {
            feature++;
        }
        drawn_add_step(prng, story, (Feature)feature);
    }
}

static void draw_story(Prng *prng, Story *story)
{
    static const int ENDS_S[] = {20, 60, 300, 1800};
    story->theme = draw_theme(prng);
    const Focus *focus = &FOCI[story->theme];
    story->faults_end = ENDS_S[prng_below(prng, G_N_ELEMENTS(ENDS_S))] * VTIME_S;
    story->unlocked = prng_chance(prng, (Ratio){1, 4});
    story->clock_invalid = prng_chance(prng, (Ratio){1, 6});
    story->bad_release = prng_chance(prng, (Ratio){1, 10});
    story->delay_ms = prng_between(prng, 1, 100);
    if (prng_chance(prng, (Ratio){1, story->theme == THEME_RACE ? 2 : 6})) {
        story->rate = prng_between(prng, 15, 60) * 1000;
    }
    if (prng_chance(prng, AGED[story->theme])) {
        static const int64_t RECORDS[] = {DRAWN_TURNS_AT_TRIAL, DRAWN_TURNS_AT_TRIAL,
                                          DRAWN_TURNS_AT_CONFIRM, PLAN_JOURNAL_MAX};
        story->journal = RECORDS[prng_below(prng, G_N_ELEMENTS(RECORDS))];
    }
    if (focus->count > 0) {
        unsigned steps = 1 + (unsigned)prng_below(prng, focus->steps_max);
        for (unsigned i = 0; i < steps; i++) {
            drawn_add_step(prng, story, focus->features[prng_below(prng, focus->count)]);
        }
        draw_swarm(prng, story, (unsigned)prng_below(prng, focus->more_max + 1));
    } else if (story->theme == THEME_ANYTHING) {
        draw_swarm(prng, story, 1 + (unsigned)prng_below(prng, focus->more_max));
    }
}

/* Changes a thing or two. */
static void mutate_story(Prng *prng, Story *story)
{
    unsigned changes = 1 + (unsigned)prng_below(prng, 3);
    for (unsigned i = 0; i < changes; i++) {
        unsigned how = (unsigned)prng_below(prng, 5);
        guint index = story->steps->len == 0 ? 0 : (guint)prng_below(prng, story->steps->len);
        if (story->steps->len == 0 || how == 0) {
            drawn_add_step(prng, story, (Feature)prng_below(prng, FEATURE_SLOT));
            continue;
        }
        Step *step = g_ptr_array_index(story->steps, index);
        Feature feature = step->feature;
        switch (how) {
        case 1:
            g_ptr_array_remove_index(story->steps, index);
            break;
        case 2: /* the same kind of thing once more */
            drawn_add_step(prng, story, feature);
            break;
        case 3: /* the same kind of thing, otherwise */
            g_ptr_array_remove_index(story->steps, index);
            drawn_add_step(prng, story, feature);
            break;
        default: /* a little earlier or later */
            drawn_nudge(prng, story, step);
            break;
        }
    }
}

/* Names. */

static GPtrArray *parse_numbers(const char *id)
{
    if (!g_str_has_prefix(id, PREFIX) || strlen(id) > 120) {
        return NULL;
    }
    g_auto(GStrv) parts = g_strsplit_set(id + strlen(PREFIX), "-.", 0);
    const char *dash = strchr(id + strlen(PREFIX), '-');
    const char *dot = strchr(id + strlen(PREFIX), '.');
    g_autoptr(GPtrArray) numbers = g_ptr_array_new_with_free_func(g_free);
    for (char **part = parts; *part != NULL; part++) {
        guint64 number = 0;
        if (!g_ascii_string_to_unsigned(*part, 10, 0, G_MAXINT64, &number, NULL)) {
            return NULL;
        }
        g_ptr_array_add(numbers, g_memdup2(&number, sizeof number));
    }
    bool good = numbers->len >= 2 && dash != NULL && strchr(dash + 1, '-') == NULL &&
                (dot == NULL || dot > dash);
    return good ? g_steal_pointer(&numbers) : NULL;
}

bool schedule_is_id(const char *id)
{
    g_autoptr(GPtrArray) numbers = parse_numbers(id);
    return numbers != NULL;
}

char *schedule_fresh_id(uint64_t seed, uint64_t number)
{
    return g_strdup_printf(PREFIX "%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, seed, number);
}

char *schedule_mutated_id(const char *parent, uint64_t mutation)
{
    return g_strdup_printf("%s.%" G_GUINT64_FORMAT, parent, mutation);
}

unsigned schedule_depth(const char *id)
{
    unsigned depth = 0;
    for (; *id != '\0'; id++) {
        depth += *id == '.' ? 1 : 0;
    }
    return depth;
}

char *schedule_text(const char *id)
{
    g_autoptr(GPtrArray) numbers = parse_numbers(id);
    g_assert(numbers != NULL);
    Story story = {.steps = g_ptr_array_new_with_free_func(drawn_step_free)};
    uint64_t first = *(const uint64_t *)g_ptr_array_index(numbers, 0);
    Prng root = prng_new(first);
    g_autofree char *name = g_strdup_printf("schedule/%" G_GUINT64_FORMAT,
                                            *(const uint64_t *)g_ptr_array_index(numbers, 1));
    Prng stream = prng_fork(&root, name);
    draw_story(&stream, &story);
    for (guint i = 2; i < numbers->len; i++) {
        g_autofree char *mutation = g_strdup_printf(
            "mutation/%" G_GUINT64_FORMAT, *(const uint64_t *)g_ptr_array_index(numbers, i));
        stream = prng_fork(&stream, mutation);
        Prng draw = stream;
        mutate_story(&draw, &story);
    }
    char *text = telling_text(&story, id, prng_below(&stream, 1000000));
    g_ptr_array_unref(story.steps);
    return text;
}
