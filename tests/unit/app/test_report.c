/* SPDX-License-Identifier: MIT */
/* Does the report say what the contract asks for? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vdevice/contract/boot_journal.h"
#include "vdevice/contract/cloud_api.h"
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/app/report.h"

static SupervisorFacts plain_facts(void)
{
    SupervisorFacts facts = {
        .device_id = {0x01, 0x23, 0xab},
        .version = IMAGE_VERSION(1, 2, 300),
        .journal_state = JOURNAL_CONFIRMED,
        .reset_cause = POWER_RESET_CAUSE_POWER_ON,
        .report_sequence = 41,
        .last_status = STATUS_OK,
        .bolt = "locked",
    };
    return facts;
}

static void test_report__is_the_object_of_the_contract(void **state)
{
    (void)state;
    SupervisorFacts facts = plain_facts();
    char text[CLOUD_REPORT_BYTES_MAX];
    size_t bytes = report_write(&facts, 1767225600u, text, sizeof(text));
    static const char expected[] =
        "{\"device\":\"0123ab00000000000000000000000000\",\"sequence\":41,\"time\":1767225600,"
        "\"version\":\"1.2.300\",\"slot\":\"A\",\"boot\":\"confirmed\",\"reset\":\"power_on\","
        "\"bolt\":\"locked\",\"update\":\"none\",\"status\":\"00000739\"}";
    assert_int_equal(bytes, strlen(expected));
    assert_memory_equal(text, expected, bytes);
}

static void assert_says(const SupervisorFacts *facts, const char *words)
{
    char text[CLOUD_REPORT_BYTES_MAX + 1];
    size_t bytes = report_write(facts, 0, text, CLOUD_REPORT_BYTES_MAX);
    assert_true(bytes > 0);
    text[bytes] = '\0';
    assert_non_null(strstr(text, words));
}

static void test_report__names_every_state(void **state)
{
    (void)state;
    SupervisorFacts facts = plain_facts();
    facts.slot = 1;
    assert_says(&facts, "\"slot\":\"B\"");
    facts.journal_state = JOURNAL_TRIAL;
    assert_says(&facts, "\"boot\":\"trial\"");
    facts.journal_state = JOURNAL_REVERTED;
    assert_says(&facts, "\"boot\":\"reverted\"");
    facts.reset_cause = POWER_RESET_CAUSE_WATCHDOG;
    assert_says(&facts, "\"reset\":\"watchdog\"");
    facts.reset_cause = POWER_RESET_CAUSE_LOCKUP;
    assert_says(&facts, "\"reset\":\"lockup\"");
    facts.reset_cause = POWER_RESET_CAUSE_SOFTWARE;
    assert_says(&facts, "\"reset\":\"software\"");
    facts.update = SUPERVISOR_UPDATE_REFUSED;
    assert_says(&facts, "\"update\":\"refused\"");
    facts.update = SUPERVISOR_UPDATE_STAGED;
    assert_says(&facts, "\"update\":\"staged\"");
    facts.update = SUPERVISOR_UPDATE_CONFIRMED;
    assert_says(&facts, "\"update\":\"confirmed\"");
    facts.update = SUPERVISOR_UPDATE_REVERTED;
    assert_says(&facts, "\"update\":\"reverted\"");
}

static void test_report__fits_at_its_longest_and_never_overflows(void **state)
{
    (void)state;
    SupervisorFacts facts = plain_facts();
    facts.version = UINT32_MAX;
    facts.report_sequence = UINT32_MAX;
    facts.journal_state = JOURNAL_REVERTED;
    facts.update = SUPERVISOR_UPDATE_CONFIRMED;
    snprintf(facts.bolt, sizeof(facts.bolt), "unlocked");
    char text[CLOUD_REPORT_BYTES_MAX];
    size_t bytes = report_write(&facts, UINT64_MAX, text, sizeof(text));
    assert_true(bytes > 0);
    assert_int_equal(report_write(&facts, UINT64_MAX, text, bytes), bytes);
    assert_int_equal(report_write(&facts, UINT64_MAX, text, bytes - 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_report__is_the_object_of_the_contract),
        cmocka_unit_test(test_report__names_every_state),
        cmocka_unit_test(test_report__fits_at_its_longest_and_never_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
