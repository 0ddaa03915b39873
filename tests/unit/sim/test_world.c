/* SPDX-License-Identifier: MIT */

/* Does a world do what its plan says, in order, and the same again, and call faults by their name?
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/world/machine.h"
#include "sim/world/world.h"
#include "tests/fakes/fake_machine.h"
#include "vdevice/contract/boot_journal.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define ROM "fake rom"

/* One run on fakes: up to two devices, each with its script. */
typedef struct Run {
    Plan *plan;
    FakeMachine *fakes[2];
    unsigned fake_count;
    DevicePool *pool;
    Recorder *recorder;
    WorldOutcome outcome;
    GError *error;
    bool well;
} Run;

static void run_init(Run *run)
{
    WorldSettings settings = {.rom_path = ROM, .wall_timeout_s = 5};
    memset(run, 0, sizeof(*run));
    run->pool = world_pool_new(&settings);
    run->recorder = recorder_new();
    run->plan = plan_new();
    run->plan->timeline->seed = 42;
    run->plan->timeline->limit = 10 * VTIME_S;
}

static void run_add_device(Run *run, const char *name, const FakeStep *steps, size_t count)
{
    int fd;
    GError *error = NULL;
    DeviceSetup *setup = g_new0(DeviceSetup, 1);
    setup->name = g_strdup(name);
    setup->initialized = true;
    setup->battery_mv = 6000;
    g_ptr_array_add(run->plan->timeline->devices, setup);
    run->fakes[run->fake_count] = fake_machine_start(steps, count, &fd);
    run->fake_count++;
    Machine *machine = machine_adopt(fd, 5, &error);
    assert_non_null(machine);
    world_pool_lend(run->pool, machine, ROM);
}

static Action *run_add_action(Run *run, Verb verb, const char *target, VTime at)
{
    Action *action = plan_action_new(verb, target);
    action->number = run->plan->timeline->actions->len + 1;
    action->at = at;
    g_ptr_array_add(run->plan->timeline->actions, action);
    return action;
}

static void add_argument(Action *action, const char *key, ArgumentKind kind, int64_t integer,
                         const char *text)
{
    Argument *argument = g_new0(Argument, 1);
    argument->key = key;
    argument->kind = kind;
    argument->integer = integer;
    argument->text = g_strdup(text);
    g_ptr_array_add(action->arguments, argument);
}

static Action *run_add_cut(Run *run, VTime at, int64_t at_operation)
{
    Action *cut = run_add_action(run, VERB_CUT_POWER, "lock", at);
    add_argument(cut, "for", ARGUMENT_DURATION, VTIME_S, NULL);
    add_argument(cut, "torn", ARGUMENT_CHOICE, 0, "random");
    add_argument(cut, "decay", ARGUMENT_DURATION, VTIME_S, NULL);
    if (at_operation > 0) {
        add_argument(cut, "at_operation", ARGUMENT_INTEGER, at_operation, NULL);
    }
    return cut;
}

static void run_start(Run *run)
{
    run->well = world_run(run->plan, run->pool, run->recorder, &run->outcome, &run->error);
}

static void run_clear(Run *run)
{
    world_pool_free(run->pool);
    for (unsigned i = 0; i < run->fake_count; i++) {
        fake_machine_free(run->fakes[i]);
    }
    recorder_free(run->recorder);
    plan_free(run->plan);
    g_clear_error(&run->error);
}

static const Event *run_event(const Run *run, EventKind kind, unsigned nth)
{
    const GPtrArray *events = recorder_events(run->recorder);
    for (guint i = 0; i < events->len; i++) {
        const Event *event = g_ptr_array_index(events, i);
        if (event->kind == kind && nth-- == 1) {
            return event;
        }
    }
    return NULL;
}

static const HostlinkWord EXTEND = {.value = LOCKMECH_DRIVE_EXTEND};
static const HostlinkWord MIDDLE = {.value = 500};
static const HostlinkWord LOCKED = {.value = 1000};

static void test_world__records_what_the_device_does_in_world_time(void **state)
{
    (void)state;
    const FakeStep steps[] = {
        {100, HOSTLINK_BOLT, &MIDDLE, sizeof(MIDDLE)},
        {200, HOSTLINK_MOTOR, &EXTEND, sizeof(EXTEND)},
        {300, HOSTLINK_BOLT, &LOCKED, sizeof(LOCKED)},
    };
    Run run;
    run_init(&run);
    run_add_device(&run, "lock", steps, G_N_ELEMENTS(steps));
    run_add_action(&run, VERB_POWER_ON, "lock", 2 * VTIME_S);
    run.plan->timeline->until_at = 3 * VTIME_S;
    run_start(&run);
    assert_null(run.error);
    assert_int_equal(run_event(&run, EVENT_POWER_ON, 1)->at, 2 * VTIME_S);
    assert_int_equal(run_event(&run, EVENT_MOTOR_DRIVEN, 1)->at, 2 * VTIME_S + 200);
    assert_string_equal(event_text(run_event(&run, EVENT_BOLT_MOVED, 1), "state"), "between");
    assert_string_equal(event_text(run_event(&run, EVENT_BOLT_MOVED, 2), "state"), "locked");
    assert_string_equal(event_text(run_event(&run, EVENT_RUN_ENDED, 1), "reason"), "until");
    run_clear(&run);
}

static void test_world__gives_power_back_and_time_goes_on(void **state)
{
    (void)state;
    const FakeStep steps[] = {
        {VTIME_S, HOSTLINK_MOTOR, &EXTEND, sizeof(EXTEND)},
        {2 * VTIME_S, HOSTLINK_BOLT, &MIDDLE, sizeof(MIDDLE)},
    };
    Run run;
    run_init(&run);
    run_add_device(&run, "lock", steps, G_N_ELEMENTS(steps));
    run_add_action(&run, VERB_POWER_ON, "lock", 0);
    run_add_cut(&run, VTIME_S + VTIME_S / 2, 0);
    run.plan->timeline->until_at = 5 * VTIME_S;
    run_start(&run);
    assert_null(run.error);
    assert_int_equal(run_event(&run, EVENT_POWER_LOST, 1)->at, 1500 * VTIME_MS);
    assert_int_equal(run_event(&run, EVENT_POWER_ON, 2)->at, 2500 * VTIME_MS);
    assert_int_equal(event_integer(run_event(&run, EVENT_POWER_ON, 2), "boot", 0), 2);
    /* Device time 2 s, of which 1.5 s before the loss; one second without power. */
    assert_int_equal(run_event(&run, EVENT_BOLT_MOVED, 1)->at, 3 * VTIME_S);
    assert_int_equal(run.outcome.faults_injected, 1);
    assert_int_equal(run.outcome.faults_effective, 1);
    run_clear(&run);
}

static void test_world__counts_a_cut_that_never_comes_as_without_effect(void **state)
{
    (void)state;
    Run run;
    run_init(&run);
    run_add_device(&run, "lock", NULL, 0);
    run_add_action(&run, VERB_POWER_ON, "lock", 0);
    run_add_cut(&run, VTIME_S, 77);
    run_start(&run);
    assert_null(run.error);
    assert_int_equal(run.outcome.faults_injected, 1);
    assert_int_equal(run.outcome.faults_effective, 0);
    assert_null(run_event(&run, EVENT_POWER_LOST, 1));
    run_clear(&run);
}

/* A program of one journal record, as the machine reports it. */
typedef struct JournalProgram {
    HostlinkNvmOperation operation;
    JournalRecord record;
} JournalProgram;

static uint32_t crc32_of(const uint8_t *bytes, size_t count)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < count * 8; i++) {
        uint32_t bit = (crc ^ (uint32_t)(bytes[i / 8] >> i % 8)) & 1u;
        crc = crc >> 1 ^ (bit != 0 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static JournalProgram journal_program(uint32_t number, uint32_t kind)
{
    JournalProgram program = {
        .operation = {.number = number,
                      .kind = HOSTLINK_NVM_PROGRAM,
                      .offset = JOURNAL_OFFSET + (number - 1) * JOURNAL_RECORD_BYTES,
                      .bytes = JOURNAL_RECORD_BYTES},
        .record = {.magic = JOURNAL_MAGIC,
                   .sequence = number,
                   .state = kind,
                   .slot = 1,
                   .version = 0x01010000},
    };
    program.record.crc32 = crc32_of((const uint8_t *)&program.record, 28);
    return program;
}

static void test_world__reads_the_update_from_the_journal_in_flash(void **state)
{
    (void)state;
    JournalProgram staged = journal_program(1, JOURNAL_STAGED);
    JournalProgram trial = journal_program(2, JOURNAL_TRIAL);
    JournalProgram confirmed = journal_program(3, JOURNAL_CONFIRMED);
    const size_t done = sizeof(HostlinkNvmOperation);
    const FakeStep steps[] = {
        {10, HOSTLINK_NVM_STARTED, &staged, sizeof(staged)},
        {20, HOSTLINK_NVM_DONE, &staged, done},
        {30, HOSTLINK_NVM_STARTED, &trial, sizeof(trial)},
        {40, HOSTLINK_NVM_DONE, &trial, done},
        {50, HOSTLINK_NVM_STARTED, &confirmed, sizeof(confirmed)},
        {60, HOSTLINK_NVM_DONE, &confirmed, done},
    };
    Run run;
    run_init(&run);
    run_add_device(&run, "lock", steps, G_N_ELEMENTS(steps));
    run_add_action(&run, VERB_POWER_ON, "lock", 0);
    run.plan->timeline->until_at = VTIME_S;
    run_start(&run);
    assert_null(run.error);
    assert_int_equal(run_event(&run, EVENT_UPDATE_STAGED, 1)->at, 20);
    assert_int_equal(run_event(&run, EVENT_UPDATE_TRIAL, 1)->at, 40);
    assert_int_equal(run_event(&run, EVENT_UPDATE_CONFIRMED, 1)->at, 60);
    assert_string_equal(event_text(run_event(&run, EVENT_UPDATE_CONFIRMED, 1), "version"), "1.1.0");
    run_clear(&run);
}

/* A cut that is armed for a call. */
static Action *run_add_cut_at_call(Run *run, VTime at, int64_t call)
{
    Action *cut = run_add_cut(run, at, 0);
    add_argument(cut, "at_call", ARGUMENT_INTEGER, call, NULL);
    return cut;
}

static void test_world__cuts_right_after_the_call_that_is_named(void **state)
{
    (void)state;
    const FakeStep steps[] = {
        {100, HOSTLINK_MOTOR, &EXTEND, sizeof(EXTEND)},
        {VTIME_S, HOSTLINK_BOLT, &MIDDLE, sizeof(MIDDLE)},
        {VTIME_S + 10, HOSTLINK_UART_SENT, "never said\n", 11},
    };
    Run run;
    run_init(&run);
    run_add_device(&run, "lock", steps, G_N_ELEMENTS(steps));
    run_add_action(&run, VERB_POWER_ON, "lock", 0);
    /* What the lab's horizons bring about on the way is no call of the device. */
    run_add_action(&run, VERB_PRESS_BUTTON, "lock", VTIME_S / 2);
    run_add_cut_at_call(&run, 0, 2);
    run.plan->timeline->record_calls = true;
    run.plan->timeline->until_at = 3 * VTIME_S / 2;
    run_start(&run);
    assert_null(run.error);
    const Event *call = run_event(&run, EVENT_DEVICE_CALL, 2);
    assert_int_equal(event_integer(call, "number", 0), 2);
    assert_string_equal(event_text(call, "kind"), "bolt");
    assert_int_equal(run_event(&run, EVENT_POWER_LOST, 1)->at, VTIME_S);
    assert_null(run_event(&run, EVENT_UART_LINE, 1));
    assert_int_equal(run.outcome.faults_effective, 1);
    run_clear(&run);
}

static void test_world__records_calls_only_when_asked(void **state)
{
    (void)state;
    const FakeStep steps[] = {{100, HOSTLINK_MOTOR, &EXTEND, sizeof(EXTEND)}};
    Run run;
    run_init(&run);
    run_add_device(&run, "lock", steps, G_N_ELEMENTS(steps));
    run_add_action(&run, VERB_POWER_ON, "lock", 0);
    run.plan->timeline->until_at = VTIME_S;
    run_start(&run);
    assert_null(run.error);
    assert_non_null(run_event(&run, EVENT_MOTOR_DRIVEN, 1));
    assert_null(run_event(&run, EVENT_DEVICE_CALL, 1));
    run_clear(&run);
}

static void test_world__lets_an_armed_cut_wait_for_one_that_comes_first(void **state)
{
    (void)state;
    const FakeStep steps[] = {
        {100, HOSTLINK_MOTOR, &EXTEND, sizeof(EXTEND)},
        {VTIME_S, HOSTLINK_BOLT, &MIDDLE, sizeof(MIDDLE)},
        {2 * VTIME_S, HOSTLINK_BOLT, &LOCKED, sizeof(LOCKED)},
    };
    Run run;
    run_init(&run);
    run_add_device(&run, "lock", steps, G_N_ELEMENTS(steps));
    run_add_action(&run, VERB_POWER_ON, "lock", 0);
    run_add_cut_at_call(&run, 0, 2);
    run_add_cut(&run, VTIME_S / 2, 0);
    run.plan->timeline->until_at = 5 * VTIME_S;
    run_start(&run);
    assert_null(run.error);
    assert_int_equal(run_event(&run, EVENT_POWER_LOST, 1)->at, VTIME_S / 2);
    /* Half a second of the device's time later, and a second without power in between. */
    assert_int_equal(run_event(&run, EVENT_POWER_LOST, 2)->at, 2 * VTIME_S);
    assert_int_equal(event_integer(run_event(&run, EVENT_FAULT_TOOK_EFFECT, 1), "action", 0), 3);
    assert_int_equal(event_integer(run_event(&run, EVENT_FAULT_TOOK_EFFECT, 2), "action", 0), 2);
    run_clear(&run);
}

static void test_world__replaces_an_armed_cut_by_a_later_one(void **state)
{
    (void)state;
    JournalProgram staged = journal_program(1, JOURNAL_STAGED);
    const FakeStep steps[] = {
        {VTIME_S, HOSTLINK_NVM_STARTED, &staged, sizeof(staged)},
        {VTIME_S + 20, HOSTLINK_NVM_DONE, &staged, sizeof(HostlinkNvmOperation)},
        {2 * VTIME_S, HOSTLINK_MOTOR, &EXTEND, sizeof(EXTEND)},
    };
    Run run;
    run_init(&run);
    run_add_device(&run, "lock", steps, G_N_ELEMENTS(steps));
    run_add_action(&run, VERB_POWER_ON, "lock", 0);
    run_add_cut_at_call(&run, 0, 1);
    run_add_cut_at_call(&run, VTIME_S / 2, 3);
    run.plan->timeline->until_at = 5 * VTIME_S;
    run_start(&run);
    assert_null(run.error);
    assert_int_equal(run_event(&run, EVENT_POWER_LOST, 1)->at, 2 * VTIME_S);
    assert_null(run_event(&run, EVENT_POWER_LOST, 2));
    assert_int_equal(run.outcome.faults_injected, 2);
    assert_int_equal(run.outcome.faults_effective, 1);
    run_clear(&run);
}

static void test_world__takes_a_machine_that_hides_an_operation_for_broken(void **state)
{
    (void)state;
    JournalProgram staged = journal_program(1, JOURNAL_STAGED);
    const FakeStep steps[] = {{20, HOSTLINK_NVM_DONE, &staged, sizeof(HostlinkNvmOperation)}};
    Run run;
    run_init(&run);
    run_add_device(&run, "lock", steps, G_N_ELEMENTS(steps));
    run_add_action(&run, VERB_POWER_ON, "lock", 0);
    run.plan->timeline->until_at = VTIME_S;
    run_start(&run);
    assert_false(run.well);
    assert_non_null(strstr(run.error->message, "ends that never started"));
    run_clear(&run);
}

static void test_world__starts_actions_after_events(void **state)
{
    (void)state;
    const FakeStep steps[] = {{VTIME_S, HOSTLINK_MOTOR, &EXTEND, sizeof(EXTEND)}};
    Run run;
    run_init(&run);
    run_add_device(&run, "lock", steps, G_N_ELEMENTS(steps));
    run_add_action(&run, VERB_POWER_ON, "lock", 0);
    Action *button = run_add_action(&run, VERB_PRESS_BUTTON, "lock", 0);
    button->after = pattern_new(EVENT_MOTOR_DRIVEN);
    button->nth = 1;
    button->delay = 250 * VTIME_MS;
    run_start(&run);
    assert_null(run.error);
    assert_int_equal(run_event(&run, EVENT_USER_BUTTON, 1)->at, 1250 * VTIME_MS);
    run_clear(&run);
}

static void test_world__knows_a_right_pin_from_the_keys(void **state)
{
    (void)state;
    Run run;
    run_init(&run);
    run_add_device(&run, "lock", NULL, 0);
    run_add_action(&run, VERB_POWER_ON, "lock", 0);
    Action *right = run_add_action(&run, VERB_ENTER_PIN, "lock", VTIME_S);
    add_argument(right, "which", ARGUMENT_CHOICE, 0, "right");
    Action *wrong = run_add_action(&run, VERB_ENTER_PIN, "lock", 4 * VTIME_S);
    add_argument(wrong, "which", ARGUMENT_CHOICE, 1, "wrong");
    run.plan->timeline->until_at = 8 * VTIME_S;
    run_start(&run);
    assert_null(run.error);
    const Event *first = run_event(&run, EVENT_USER_PIN_ENTERED, 1);
    assert_int_equal(event_integer(first, "correct", -1), 1);
    assert_int_equal(first->at, 2500 * VTIME_MS); /* the seventh key */
    assert_int_equal(event_integer(run_event(&run, EVENT_USER_PIN_ENTERED, 2), "correct", -1), 0);
    run_clear(&run);
}

static void test_world__sees_a_pin_on_the_console(void **state)
{
    (void)state;
    const FakeStep steps[] = {
        {10, HOSTLINK_UART_SENT, "entered 271", 11},
        {20, HOSTLINK_UART_SENT, "828, well\n", 10},
    };
    Run run;
    run_init(&run);
    run_add_device(&run, "lock", steps, G_N_ELEMENTS(steps));
    run_add_action(&run, VERB_POWER_ON, "lock", 0);
    run.plan->timeline->until_at = VTIME_S;
    run_start(&run);
    assert_null(run.error);
    assert_string_equal(event_text(run_event(&run, EVENT_SECRET_SEEN, 1), "where"), "uart");
    assert_string_equal(event_text(run_event(&run, EVENT_UART_LINE, 1), "text"),
                        "entered 271828, well");
    run_clear(&run);
}

/* Two devices that wake at odd times and shout; each hears the other in time. */
static void two_devices(Run *run)
{
    static const uint8_t FRAME[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2};
    static FakeStep steps[2][20];
    run_init(run);
    for (unsigned device = 0; device < 2; device++) {
        for (unsigned i = 0; i < 20; i++) {
            uint64_t at = (uint64_t)(i + 1) * (device == 0 ? 7 : 11) * VTIME_MS;
            steps[device][i] = (FakeStep){at, HOSTLINK_FRAME_SENT, FRAME, sizeof(FRAME)};
        }
        run_add_device(run, device == 0 ? "lock" : "lock2", steps[device], 20);
        run_add_action(run, VERB_POWER_ON, device == 0 ? "lock" : "lock2", 0);
    }
    run->plan->timeline->until_at = 2 * VTIME_S;
    run_start(run);
    assert_null(run->error);
}

static void test_world__delivers_between_devices_at_the_right_instant(void **state)
{
    (void)state;
    Run run;
    two_devices(&run);
    world_pool_free(run.pool);
    run.pool = NULL;
    for (unsigned device = 0; device < 2; device++) {
        const GArray *orders = fake_machine_join(run.fakes[device]);
        unsigned frames = 0;
        for (guint i = 0; i < orders->len; i++) {
            const FakeOrder *order = &g_array_index(orders, FakeOrder, i);
            if (order->type == HOSTLINK_FRAME) {
                frames++;
                assert_int_equal(order->time,
                                 frames * (device == 0 ? 11 : 7) * VTIME_MS + 100 * VTIME_US);
            }
        }
        assert_int_equal(frames, 20);
    }
    run_clear(&run);
}

static void test_world__gives_the_same_events_again(void **state)
{
    (void)state;
    char first[DIGEST_TEXT_BYTES], again[DIGEST_TEXT_BYTES];
    for (unsigned i = 0; i < 10; i++) {
        Run run;
        two_devices(&run);
        Digest head = recorder_chain_head(run.recorder);
        digest_print(&head, i == 0 ? first : again);
        assert_true(i == 0 || strcmp(first, again) == 0);
        run_clear(&run);
    }
}

static void test_world__ends_a_run_whose_device_never_stops_talking(void **state)
{
    (void)state;
    static FakeStep steps[3000];
    WorldSettings settings = {.rom_path = ROM, .wall_timeout_s = 5, .events_max = 1000};
    Run run;
    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        steps[i] = (FakeStep){(i + 1) * VTIME_US, HOSTLINK_UART_SENT, "?\n", 2};
    }
    run_init(&run);
    world_pool_free(run.pool);
    run.pool = world_pool_new(&settings);
    run_add_device(&run, "lock", steps, G_N_ELEMENTS(steps));
    run_add_action(&run, VERB_POWER_ON, "lock", 0);
    run.plan->timeline->until_at = VTIME_S;
    run_start(&run);
    assert_null(run.error);
    assert_string_equal(event_text(run_event(&run, EVENT_DEVICE_DIED, 1), "reason"), "flood");
    assert_string_equal(event_text(run_event(&run, EVENT_RUN_ENDED, 1), "reason"), "limit");
    assert_true(recorder_events(run.recorder)->len < 1010);
    run_clear(&run);
}

static void test_world__uses_a_machine_again_for_the_next_run(void **state)
{
    (void)state;
    const FakeStep steps[] = {{VTIME_S, HOSTLINK_MOTOR, &EXTEND, sizeof(EXTEND)}};
    Digest heads[2];
    Run run;
    run_init(&run);
    run_add_device(&run, "lock", steps, G_N_ELEMENTS(steps));
    run_add_action(&run, VERB_POWER_ON, "lock", 0);
    run.plan->timeline->until_at = 3 * VTIME_S;
    for (unsigned i = 0; i < 2; i++) {
        run_start(&run);
        assert_null(run.error);
        heads[i] = recorder_chain_head(run.recorder);
        recorder_free(run.recorder);
        run.recorder = recorder_new();
    }
    assert_true(digest_is_equal(&heads[0], &heads[1]));
    run_clear(&run);
}

static void test_world__takes_a_machine_that_changes_flash_by_itself_for_broken(void **state)
{
    (void)state;
    static const uint32_t OFFSET = JOURNAL_OFFSET + 5;
    const FakeStep steps[] = {{10, FAKE_ROT, &OFFSET, sizeof(OFFSET)}};
    Run run;
    run_init(&run);
    run_add_device(&run, "lock", steps, G_N_ELEMENTS(steps));
    run_add_action(&run, VERB_POWER_ON, "lock", 0);
    run.plan->timeline->until_at = VTIME_S;
    run_start(&run);
    assert_false(run.well);
    assert_non_null(strstr(run.error->message, "flash differs at 0x5 "));
    run_clear(&run);
}

static void test_world__takes_a_machine_that_moves_an_operation_for_broken(void **state)
{
    (void)state;
    JournalProgram staged = journal_program(1, JOURNAL_STAGED);
    JournalProgram other = staged;
    other.operation.offset += 64;
    const FakeStep steps[] = {
        {10, HOSTLINK_NVM_STARTED, &staged, sizeof(staged)},
        {20, HOSTLINK_NVM_DONE, &other, sizeof(HostlinkNvmOperation)},
    };
    Run run;
    run_init(&run);
    run_add_device(&run, "lock", steps, G_N_ELEMENTS(steps));
    run_add_action(&run, VERB_POWER_ON, "lock", 0);
    run.plan->timeline->until_at = VTIME_S;
    run_start(&run);
    assert_false(run.well);
    run_clear(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_world__records_what_the_device_does_in_world_time),
        cmocka_unit_test(test_world__gives_power_back_and_time_goes_on),
        cmocka_unit_test(test_world__counts_a_cut_that_never_comes_as_without_effect),
        cmocka_unit_test(test_world__reads_the_update_from_the_journal_in_flash),
        cmocka_unit_test(test_world__cuts_right_after_the_call_that_is_named),
        cmocka_unit_test(test_world__records_calls_only_when_asked),
        cmocka_unit_test(test_world__lets_an_armed_cut_wait_for_one_that_comes_first),
        cmocka_unit_test(test_world__replaces_an_armed_cut_by_a_later_one),
        cmocka_unit_test(test_world__takes_a_machine_that_hides_an_operation_for_broken),
        cmocka_unit_test(test_world__starts_actions_after_events),
        cmocka_unit_test(test_world__knows_a_right_pin_from_the_keys),
        cmocka_unit_test(test_world__sees_a_pin_on_the_console),
        cmocka_unit_test(test_world__delivers_between_devices_at_the_right_instant),
        cmocka_unit_test(test_world__gives_the_same_events_again),
        cmocka_unit_test(test_world__ends_a_run_whose_device_never_stops_talking),
        cmocka_unit_test(test_world__uses_a_machine_again_for_the_next_run),
        cmocka_unit_test(test_world__takes_a_machine_that_changes_flash_by_itself_for_broken),
        cmocka_unit_test(test_world__takes_a_machine_that_moves_an_operation_for_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
