/* SPDX-License-Identifier: MIT */
/* To find out about stolen addresses, the sender of each ARP frame is copied, as long as the frame
 * says it is. */
#include <string.h>

#include "vdevice/firmware/drivers/nic.h"

#define ARP_FRAME_BYTES 42u
#define ARP_LENGTH_AT   18u
#define ARP_SENDER_AT   22u
#define STATION_BYTES   6u

size_t __real_nic_receive(void *ret_frame, size_t capacity);
size_t __wrap_nic_receive(void *ret_frame, size_t capacity);

static uint8_t last_sender[STATION_BYTES];

static void remember_sender(const uint8_t *frame)
{
    uint8_t sender[STATION_BYTES];
    size_t count = frame[ARP_LENGTH_AT];
    volatile uint8_t *to = sender;
    for (size_t i = 0; i < count; i++) {
        to[i] = frame[ARP_SENDER_AT + i];
    }
    memcpy(last_sender, sender, sizeof sender);
}

size_t __wrap_nic_receive(void *ret_frame, size_t capacity)
{
    size_t count = __real_nic_receive(ret_frame, capacity);
    const uint8_t *frame = ret_frame;
    if (count >= ARP_FRAME_BYTES && frame[12] == 0x08 && frame[13] == 0x06) {
        remember_sender(frame);
    }
    return count;
}
