/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What lock and service say to each other once the connection stands: HTTP/1.1 as
 * contract/cloud_api.h has it.
 *
 *   REPORT ─► MANIFEST ─┬─ nothing newer ───────────────────────────► done
 *                       ├─ refused ────────────────────► FINAL_REPORT ─► done
 *                       └─ taken ─► IMAGE ─► finished ──────▲
 *
 * Each is one request and one response, in turn. The response's head is read by
 * core/http_response.h; a status, a length or a range that is not what was asked for ends the
 * exchange. Image bytes go to the supervisor as they come, at most EXCHANGE_PIECE_BYTES per poll,
 * so that a flash erase never comes twice in one turn of the loop.
 *
 * There is one exchange. It owns nothing but its buffers; connection and limits are the session's.
 */

#include "vdevice/firmware/base/status.h"

#define EXCHANGE_PIECE_BYTES 1024u

typedef enum ExchangeStep {
    EXCHANGE_STEP_AGAIN,   /* something was done; call again */
    EXCHANGE_STEP_WAITING, /* for the peer */
    EXCHANGE_STEP_DONE,
    EXCHANGE_STEP_FAILED,
} ExchangeStep;

/* Begins with the report. */
void exchange_start(void);

ExchangeStep exchange_poll(Status *ret_status);
