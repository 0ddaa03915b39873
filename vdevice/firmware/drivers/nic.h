/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Ethernet frames, whole but for the frame check sequence. One transmit buffer; received frames
 * wait in a queue of NIC_RX_FRAMES in the block.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vdevice/firmware/base/status.h"

void nic_set_mac(const uint8_t mac[6]);

bool nic_link_is_up(void);

/* Sends one frame; waits for the one before it to leave. STATUS_NE_LINK when the cable is out. */
FALLIBLE Status nic_send(const void *frame, size_t count);

/*
 * Takes the next received frame: copies at most `capacity` bytes and returns the frame's length, or
 * 0 when none waits. A frame longer than `capacity` is dropped and the next one tried.
 */
size_t nic_receive(void *ret_frame, size_t capacity);

/* The clearable bits of NIC.STATUS (RX_OVERRUN, TX_ERROR, LINK_CHANGED) since the last call. */
uint32_t nic_take_events(void);

/* The bits of NIC.STATUS that may wake `cpu_sleep` on NIC_IRQ. */
void nic_listen(uint32_t status_bits);
