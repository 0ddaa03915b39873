/* SPDX-License-Identifier: MIT */
#pragma once

/* lwIP as a test's fake device uses it: about what a small lock would, on a virtual clock. */

#define NO_SYS                    1
#define SYS_LIGHTWEIGHT_PROT      0
#define LWIP_NETCONN              0
#define LWIP_SOCKET               0
#define LWIP_STATS                0
#define LWIP_IPV6                 0
#define LWIP_RAW                  0
#define LWIP_DHCP                 1
#define LWIP_DHCP_DOES_ACD_CHECK  0
#define LWIP_ACD                  0
#define LWIP_DNS                  1
#define DNS_MAX_TTL               300
#define MEM_ALIGNMENT             8
#define MEM_SIZE                  65536
#define MEMP_NUM_TCP_SEG          64
#define PBUF_POOL_SIZE            64
#define TCP_MSS                   1460
#define TCP_WND                   (8 * TCP_MSS)
#define TCP_SND_BUF               (4 * TCP_MSS)
#define TCP_SND_QUEUELEN          32
#define LWIP_NETIF_TX_SINGLE_PBUF 1
