/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/app/sntp.h"

#include <string.h>

#include "vdevice/firmware/base/bytes.h"

/*
 *  0  leap (2 bits), version (3), mode (3)      24  originate timestamp: our nonce
 *  1  stratum                                   32  receive timestamp
 * ...                                           40  transmit timestamp: seconds since 1900,
 * fraction
 */
#define SNTP_VERSION          4u
#define SNTP_VERSION_MIN      3u
#define SNTP_MODE_CLIENT      3u
#define SNTP_MODE_SERVER      4u
#define SNTP_LEAP_UNKNOWN     3u
#define SNTP_STRATUM_MAX      15u
#define SNTP_ORIGINATE_OFFSET 24u
#define SNTP_TRANSMIT_OFFSET  40u
#define SNTP_SECONDS_TO_1970  2208988800u
#define SNTP_ERA_SECONDS      (UINT64_C(1) << 32)
#define SNTP_ERA_0_START                                                                           \
    0x80000000u /* smaller numbers are of the era from 2036 on (RFC 4330, 3)                       \
                 */

void sntp_ask(const uint8_t nonce[SNTP_NONCE_BYTES], uint8_t ret_packet[SNTP_PACKET_BYTES])
{
    memset(ret_packet, 0, SNTP_PACKET_BYTES);
    ret_packet[0] = (uint8_t)(SNTP_VERSION << 3 | SNTP_MODE_CLIENT);
    memcpy(ret_packet + SNTP_TRANSMIT_OFFSET, nonce, SNTP_NONCE_BYTES);
}

Status sntp_judge(const uint8_t *packet, size_t bytes, const uint8_t nonce[SNTP_NONCE_BYTES],
                  uint64_t *ret_seconds)
{
    if (bytes < SNTP_PACKET_BYTES) {
        return status_error(STATUS_NE_TIME);
    }
    uint32_t leap = packet[0] >> 6;
    uint32_t version = (packet[0] >> 3) & 7u;
    uint32_t mode = packet[0] & 7u;
    uint32_t stratum = packet[1];
    uint32_t seconds = bytes_load_u32be(packet + SNTP_TRANSMIT_OFFSET);
    bool fits = mode == SNTP_MODE_SERVER && version >= SNTP_VERSION_MIN &&
                version <= SNTP_VERSION && leap != SNTP_LEAP_UNKNOWN && stratum >= 1 &&
                stratum <= SNTP_STRATUM_MAX && seconds != 0;
    if (!fits || !bytes_equal_secret(packet + SNTP_ORIGINATE_OFFSET, nonce, SNTP_NONCE_BYTES)) {
        return status_error(STATUS_NE_TIME);
    }
    uint64_t since_1900 = seconds + (seconds >= SNTP_ERA_0_START ? 0 : SNTP_ERA_SECONDS);
    *ret_seconds = since_1900 - SNTP_SECONDS_TO_1970;
    return status_ok();
}
