/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/app/report.h"

#include "vdevice/contract/boot_journal.h"
#include "vdevice/contract/image.h"
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/base/bytes.h"

static const char *report_boot(uint32_t journal_state)
{
    if (journal_state == JOURNAL_TRIAL) {
        return "trial";
    }
    return journal_state == JOURNAL_REVERTED ? "reverted" : "confirmed";
}

static const char *report_reset(uint32_t cause)
{
    switch (cause) {
    case POWER_RESET_CAUSE_SOFTWARE:
        return "software";
    case POWER_RESET_CAUSE_WATCHDOG:
        return "watchdog";
    case POWER_RESET_CAUSE_LOCKUP:
        return "lockup";
    default:
        return "power_on";
    }
}

static const char *report_update(SupervisorUpdate update)
{
    switch (update) {
    case SUPERVISOR_UPDATE_REFUSED:
        return "refused";
    case SUPERVISOR_UPDATE_STAGED:
        return "staged";
    case SUPERVISOR_UPDATE_CONFIRMED:
        return "confirmed";
    case SUPERVISOR_UPDATE_REVERTED:
        return "reverted";
    case SUPERVISOR_UPDATE_NONE:
        break;
    }
    return "none";
}

/* `,"name":"` and so on; names and values are ours and need no escapes. */
static void report_text(ByteWriter *writer, const char *name, const char *value)
{
    bytes_put_text(writer, ",\"");
    bytes_put_text(writer, name);
    bytes_put_text(writer, "\":\"");
    bytes_put_text(writer, value);
    bytes_put_text(writer, "\"");
}

static void report_number(ByteWriter *writer, const char *name, uint64_t value)
{
    bytes_put_text(writer, ",\"");
    bytes_put_text(writer, name);
    bytes_put_text(writer, "\":");
    bytes_put_decimal(writer, value);
}

static void report_version(ByteWriter *writer, uint32_t version)
{
    bytes_put_text(writer, ",\"version\":\"");
    bytes_put_decimal(writer, IMAGE_VERSION_MAJOR(version));
    bytes_put_text(writer, ".");
    bytes_put_decimal(writer, IMAGE_VERSION_MINOR(version));
    bytes_put_text(writer, ".");
    bytes_put_decimal(writer, IMAGE_VERSION_PATCH(version));
    bytes_put_text(writer, "\"");
}

size_t report_write(const SupervisorFacts *facts, uint64_t seconds, char *ret_text,
                    size_t bytes_max)
{
    ByteWriter writer = bytes_writer(ret_text, bytes_max);
    bytes_put_text(&writer, "{\"device\":\"");
    bytes_put_hex(&writer, facts->device_id, sizeof(facts->device_id));
    bytes_put_text(&writer, "\"");
    report_number(&writer, "sequence", facts->report_sequence);
    report_number(&writer, "time", seconds);
    report_version(&writer, facts->version);
    report_text(&writer, "slot", facts->slot == 0 ? "A" : "B");
    report_text(&writer, "boot", report_boot(facts->journal_state));
    report_text(&writer, "reset", report_reset(facts->reset_cause));
    report_text(&writer, "bolt", facts->bolt);
    report_text(&writer, "update", report_update(facts->update));
    bytes_put_text(&writer, ",\"status\":\"");
    bytes_put_hex32(&writer, facts->last_status);
    bytes_put_text(&writer, "\"}");
    return writer.failed ? 0 : writer.at;
}
