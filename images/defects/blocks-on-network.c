/* SPDX-License-Identifier: MIT */
/* Reading waits for what is to come, with the keypad waiting behind it. */
#include "vdevice/firmware/app/net_port.h"
#include "vdevice/firmware/app/supervisor.h"

#define PATIENCE_US 7000000u

size_t __real_net_port_read(uint8_t *buffer, size_t bytes_max);
size_t __wrap_net_port_read(uint8_t *buffer, size_t bytes_max);

static bool tired; /* waited in vain already; not again before something comes */

size_t __wrap_net_port_read(uint8_t *buffer, size_t bytes_max)
{
    uint64_t until_us = supervisor_now() + PATIENCE_US;
    size_t read = __real_net_port_read(buffer, bytes_max);
    while (!tired && read == 0 && net_port_stream() == NET_PORT_STREAM_OPEN &&
           supervisor_now() < until_us) {
        (void)net_port_poll(supervisor_now());
        read = __real_net_port_read(buffer, bytes_max);
    }
    tired = read == 0;
    return read;
}
