/* SPDX-License-Identifier: MIT */

/* Do actions start when the timeline says, and does the run end when it says? */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/world/story.h"

/* A timeline, its queue, and what was done of it. */
typedef struct Stand {
    Plan *plan;
    Timeline *timeline;
    Queue *queue;
    Story *story;
    GString *done; /* "<number>@<time> " each */
} Stand;

static void stand_act(const Action *action, void *user_data)
{
    Stand *stand = user_data;
    g_string_append_printf(stand->done, "%u@%d ", action->number, (int)queue_now(stand->queue));
}

static void stand_init(Stand *stand)
{
    stand->plan = plan_new();
    stand->timeline = stand->plan->timeline;
    stand->timeline->limit = 1000;
    stand->queue = queue_new();
    stand->done = g_string_new(NULL);
}

static Action *stand_add(Stand *stand, VTime at, const Pattern *after, uint32_t nth)
{
    Action *action = plan_action_new(VERB_POWER_ON, "lock");
    action->number = stand->timeline->actions->len + 1;
    action->at = at;
    action->after = after == NULL ? NULL : pattern_copy(after);
    action->nth = nth;
    g_ptr_array_add(stand->timeline->actions, action);
    return action;
}

static void stand_start(Stand *stand)
{
    stand->story = story_new(stand->timeline, stand->queue, stand_act, stand);
    story_start(stand->story);
}

/* Runs the queue up to and with `time`. */
static void stand_run(Stand *stand, VTime time)
{
    while (queue_next(stand->queue) <= time) {
        queue_pop(stand->queue);
    }
}

static void stand_see(Stand *stand, EventKind kind, VTime at)
{
    g_autoptr(Event) event = event_new(1, at, "lock", kind, NULL);
    stand_run(stand, at);
    story_see(stand->story, event);
}

static void stand_clear(Stand *stand)
{
    story_free(stand->story);
    queue_free(stand->queue);
    g_string_free(stand->done, TRUE);
    plan_free(stand->plan);
}

static void test_story__does_what_is_given_first_and_at_once(void **state)
{
    (void)state;
    Stand stand;
    stand_init(&stand);
    stand_add(&stand, 0, NULL, 1);
    stand_add(&stand, 0, NULL, 1)->given = true;
    stand_add(&stand, 5, NULL, 1);
    stand_start(&stand);
    assert_string_equal(stand.done->str, "2@0 ");
    stand_run(&stand, 10);
    assert_string_equal(stand.done->str, "2@0 1@0 3@5 ");
    stand_clear(&stand);
}

static void test_story__waits_for_the_nth_match_and_the_delay(void **state)
{
    (void)state;
    Stand stand;
    g_autoptr(Pattern) reset = pattern_new(EVENT_DEVICE_RESET);
    stand_init(&stand);
    stand_add(&stand, 0, reset, 2)->delay = 7;
    stand_start(&stand);
    stand_see(&stand, EVENT_DEVICE_RESET, 10);
    stand_see(&stand, EVENT_USER_BUTTON, 15);
    stand_run(&stand, 19);
    assert_string_equal(stand.done->str, "");
    stand_see(&stand, EVENT_DEVICE_RESET, 20);
    stand_see(&stand, EVENT_DEVICE_RESET, 21);
    stand_run(&stand, 40);
    assert_string_equal(stand.done->str, "1@27 ");
    stand_clear(&stand);
}

static void test_story__starts_again_after_each_match_if_asked(void **state)
{
    (void)state;
    Stand stand;
    g_autoptr(Pattern) reset = pattern_new(EVENT_DEVICE_RESET);
    stand_init(&stand);
    stand_add(&stand, 0, reset, 0);
    stand_start(&stand);
    stand_see(&stand, EVENT_DEVICE_RESET, 10);
    stand_see(&stand, EVENT_DEVICE_RESET, 20);
    stand_run(&stand, 30);
    assert_string_equal(stand.done->str, "1@10 1@20 ");
    stand_clear(&stand);
}

static void test_story__is_quiet_only_when_every_action_has_started(void **state)
{
    (void)state;
    Stand stand;
    stand_init(&stand);
    stand_add(&stand, 5, NULL, 1);
    stand_add(&stand, 9, NULL, 1);
    stand_start(&stand);
    stand_run(&stand, 8);
    assert_null(story_ended(stand.story));
    stand_run(&stand, 9);
    assert_string_equal(story_ended(stand.story), "quiet");
    stand_clear(&stand);
}

static void add_hold(Stand *stand, VTime delay, EventKind release)
{
    Hold *hold = g_new0(Hold, 1);
    hold->after = pattern_new(EVENT_POWER_ON);
    hold->delay = delay;
    hold->release = pattern_new(release);
    g_ptr_array_add(stand->timeline->holds, hold);
}

static void test_story__goes_on_while_a_hold_is_open(void **state)
{
    (void)state;
    Stand stand;
    stand_init(&stand);
    stand_add(&stand, 1, NULL, 1);
    add_hold(&stand, 50, EVENT_REPORT_RECEIVED);
    stand_start(&stand);
    stand_see(&stand, EVENT_POWER_ON, 1);
    stand_run(&stand, 50);
    assert_null(story_ended(stand.story));
    stand_run(&stand, 51);
    assert_string_equal(story_ended(stand.story), "quiet");
    stand_clear(&stand);
}

static void test_story__lets_go_of_a_hold_when_it_is_released(void **state)
{
    (void)state;
    Stand stand;
    stand_init(&stand);
    stand_add(&stand, 1, NULL, 1);
    add_hold(&stand, 500, EVENT_REPORT_RECEIVED);
    stand_start(&stand);
    stand_see(&stand, EVENT_POWER_ON, 1);
    assert_null(story_ended(stand.story));
    stand_see(&stand, EVENT_REPORT_RECEIVED, 20);
    assert_string_equal(story_ended(stand.story), "quiet");
    stand_clear(&stand);
}

static void test_story__ends_some_time_after_the_event_waited_for(void **state)
{
    (void)state;
    Stand stand;
    stand_init(&stand);
    stand.timeline->until = pattern_new(EVENT_UPDATE_CONFIRMED);
    stand.timeline->until_delay = 30;
    stand_start(&stand);
    stand_see(&stand, EVENT_UPDATE_CONFIRMED, 100);
    stand_see(&stand, EVENT_UPDATE_CONFIRMED, 120); /* the first one counts */
    stand_run(&stand, 129);
    assert_null(story_ended(stand.story));
    stand_run(&stand, 130);
    assert_string_equal(story_ended(stand.story), "until");
    stand_clear(&stand);
}

static void test_story__ends_at_the_limit_whatever_happens(void **state)
{
    (void)state;
    Stand stand;
    stand_init(&stand);
    stand.timeline->until = pattern_new(EVENT_UPDATE_CONFIRMED);
    stand_start(&stand);
    stand_run(&stand, 999);
    assert_null(story_ended(stand.story));
    stand_run(&stand, 1000);
    assert_string_equal(story_ended(stand.story), "limit");
    story_end(stand.story, "end_run");
    assert_string_equal(story_ended(stand.story), "limit");
    stand_clear(&stand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_story__does_what_is_given_first_and_at_once),
        cmocka_unit_test(test_story__waits_for_the_nth_match_and_the_delay),
        cmocka_unit_test(test_story__starts_again_after_each_match_if_asked),
        cmocka_unit_test(test_story__is_quiet_only_when_every_action_has_started),
        cmocka_unit_test(test_story__goes_on_while_a_hold_is_open),
        cmocka_unit_test(test_story__lets_go_of_a_hold_when_it_is_released),
        cmocka_unit_test(test_story__ends_some_time_after_the_event_waited_for),
        cmocka_unit_test(test_story__ends_at_the_limit_whatever_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
