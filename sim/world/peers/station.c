/* SPDX-License-Identifier: MIT */

#include "sim/world/peers/station.h"

size_t station_answer(const FrameStation *station, const uint8_t *frame, size_t bytes,
                      uint8_t *reply)
{
    FrameArp arp;
    if (frame_read_arp(frame, bytes, &arp)) {
        if (!arp.is_request || arp.target.address != station->address ||
            frame_mac_is_group(arp.sender.mac)) {
            return 0;
        }
        FrameArp answer = {.is_request = false, .sender = *station, .target = arp.sender};
        return frame_write_arp(reply, arp.sender.mac, &answer);
    }
    FrameEcho echo;
    if (frame_read_echo(frame, bytes, &echo) && echo.is_request &&
        echo.ipv4.to == station->address && frame_mac_equal(echo.ipv4.to_mac, station->mac)) {
        FrameStation asker = {echo.ipv4.from_mac, echo.ipv4.from};
        return frame_write_echo(reply, *station, asker, false, echo.identifier, echo.sequence,
                                echo.payload, echo.payload_bytes);
    }
    return 0;
}
