/* SPDX-License-Identifier: MIT */
#include "tests/fakes/fake_home.h"

#include <assert.h>
#include <string.h>

#include "vdevice/firmware/app/sntp.h"
#include "vdevice/firmware/base/bytes.h"

FakeHome fake_home;
static uint8_t answer[SNTP_PACKET_BYTES];
static bool answer_waits;

void fake_home_reset(void)
{
    fake_home = (FakeHome){
        .link = true,
        .address = true,
        .name = NET_PORT_NAME_FOUND,
        .connects = NET_PORT_STREAM_OPEN,
        .time_answers = true,
        .time_seconds = 1800000000u + 2208988800u,
        .random = UINT32_MAX / 2,
    };
    answer_waits = false;
}

void net_port_set_active(bool active, uint64_t now_us)
{
    (void)now_us;
    fake_home.active = active;
}

bool net_port_link_is_up(void)
{
    return fake_home.link;
}

bool net_port_has_address(void)
{
    return fake_home.link && fake_home.address;
}

void net_port_resolve(const char *name)
{
    assert(name != NULL);
    fake_home.asked_names++;
}

NetPortName net_port_resolved(NetPortAddress *ret_address)
{
    *ret_address = 1;
    return fake_home.name;
}

void net_port_connect(NetPortAddress address, uint16_t port)
{
    assert(address == 1 && port == 443);
    fake_home.connections++;
    fake_home.stream = fake_home.connects;
}

NetPortStream net_port_stream(void)
{
    return fake_home.stream;
}

void net_port_close(void)
{
    fake_home.stream = NET_PORT_STREAM_CLOSED;
}

bool net_port_is_flushed(void)
{
    return true;
}

bool net_port_datagram_open(NetPortAddress address, uint16_t port)
{
    return address == 1 && port == 123;
}

bool net_port_datagram_send(const uint8_t *buffer, size_t bytes)
{
    assert(bytes == SNTP_PACKET_BYTES);
    fake_home.asked_times++;
    memset(answer, 0, sizeof(answer));
    answer[0] = 4 << 3 | 4;
    answer[1] = 2;
    memcpy(answer + 24, buffer + 40, 8);
    bytes_store_u32be(answer + 40, fake_home.time_seconds);
    answer_waits = fake_home.time_answers;
    return true;
}

size_t net_port_datagram_receive(uint8_t *buffer, size_t bytes_max)
{
    assert(bytes_max == sizeof(answer));
    if (!answer_waits) {
        return 0;
    }
    answer_waits = false;
    memcpy(buffer, answer, sizeof(answer));
    return sizeof(answer);
}

void net_port_datagram_close(void)
{
    answer_waits = false;
}

uint32_t net_port_random(void)
{
    return fake_home.random;
}
