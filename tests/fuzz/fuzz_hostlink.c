/* SPDX-License-Identifier: MIT */

/*
 * Can a machine, by what it writes to the hostlink, make the lab's parser misbehave?
 *
 * The input is a stream of calls: headers and bodies as they come. Whatever parses is looked at in
 * full, so that a view that points outside its message is caught by the sanitizers.
 */

#include <stdint.h>
#include <string.h>

#include "sim/world/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    volatile uint8_t sum = 0;
    while (count >= sizeof(HostlinkHeader)) {
        HostlinkHeader header;
        WireCall call;
        g_autoptr(GError) error = NULL;
        memcpy(&header, bytes, sizeof(header));
        bytes += sizeof(header);
        count -= sizeof(header);
        if (!wire_check_header(&header, &error) || header.body_bytes > count) {
            return 0;
        }
        /* A copy of exact size: a byte too far is a byte too far. */
        g_autofree uint8_t *body = g_memdup2(bytes, header.body_bytes);
        if (wire_parse(&header, body, &call, &error)) {
            for (size_t i = 0; i < call.byte_count; i++) {
                sum = (uint8_t)(sum + call.bytes[i]);
            }
            sum = (uint8_t)(sum + wire_call_name(call.type)[0]);
        }
        bytes += header.body_bytes;
        count -= header.body_bytes;
    }
    return 0;
}
