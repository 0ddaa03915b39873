/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/drivers/nic.h"

#include <string.h>

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/base/mmio.h"

static bool nic_status(uint32_t bit)
{
    return (mmio_read(NIC_BASE, NIC_STATUS) & bit) != 0;
}

void nic_set_mac(const uint8_t mac[6])
{
    uint32_t low = (uint32_t)mac[0] | ((uint32_t)mac[1] << 8) | ((uint32_t)mac[2] << 16) |
                   ((uint32_t)mac[3] << 24);
    mmio_write(NIC_BASE, NIC_MAC_LOW, low);
    mmio_write(NIC_BASE, NIC_MAC_HIGH, (uint32_t)mac[4] | ((uint32_t)mac[5] << 8));
}

bool nic_link_is_up(void)
{
    return nic_status(REG_MASK(NIC_STATUS_LINK_UP));
}

Status nic_send(const void *frame, size_t count)
{
    if (count < NIC_FRAME_BYTES_MIN || count > NIC_FRAME_BYTES_MAX || !nic_link_is_up()) {
        return status_error(STATUS_NE_LINK);
    }
    /* At 100 Mbit/s the longest frame has left after 0.13 ms. */
    while (nic_status(REG_MASK(NIC_STATUS_TX_BUSY))) {
    }
    const uint8_t *from = frame;
    for (size_t i = 0; i < count; i += 4) {
        uint32_t word = 0;
        memcpy(&word, from + i, count - i < 4 ? count - i : 4);
        mmio_write(NIC_TX_BUFFER_BASE, (uint32_t)i, word);
    }
    mmio_write(NIC_BASE, NIC_STATUS, REG_MASK(NIC_STATUS_TX_ERROR));
    mmio_write(NIC_BASE, NIC_TX_LENGTH, (uint32_t)count);
    return nic_status(REG_MASK(NIC_STATUS_TX_ERROR)) ? status_error(STATUS_NE_LINK) : status_ok();
}

size_t nic_receive(void *ret_frame, size_t capacity)
{
    uint8_t *to = ret_frame;
    for (;;) {
        size_t count = mmio_read(NIC_BASE, NIC_RX_LENGTH);
        if (count == 0) {
            return 0;
        }
        bool fits = count <= capacity && count <= NIC_FRAME_BYTES_MAX;
        for (size_t i = 0; fits && i < count; i += 4) {
            uint32_t word = mmio_read(NIC_RX_BUFFER_BASE, (uint32_t)i);
            memcpy(to + i, &word, count - i < 4 ? count - i : 4);
        }
        mmio_write(NIC_BASE, NIC_RX_POP, 1);
        if (fits) {
            return count;
        }
    }
}

uint32_t nic_take_events(void)
{
    uint32_t events = mmio_read(NIC_BASE, NIC_STATUS) &
                      (REG_MASK(NIC_STATUS_RX_OVERRUN) | REG_MASK(NIC_STATUS_TX_ERROR) |
                       REG_MASK(NIC_STATUS_LINK_CHANGED));
    mmio_write(NIC_BASE, NIC_STATUS, events);
    return events;
}

void nic_listen(uint32_t status_bits)
{
    mmio_write(NIC_BASE, NIC_IRQ_ENABLE, status_bits);
}
