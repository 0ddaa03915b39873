/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * lwIP as the lock uses it: IPv4, one interface, one TCP connection outwards, UDP for DHCP, DNS and
 * SNTP, the raw API without an operating system. Nothing listens. net_port.c drives lwIP's timers
 * itself, and only while there is something to time. All memory is static pools.
 */

#define NO_SYS                     1
#define SYS_LIGHTWEIGHT_PROT       0
#define LWIP_TIMERS                0
#define LWIP_NETCONN               0
#define LWIP_SOCKET                0
#define LWIP_STATS                 0

#define LWIP_IPV4                  1
#define LWIP_IPV6                  0
#define LWIP_ARP                   1
#define LWIP_ICMP                  1
#define LWIP_RAW                   0
#define LWIP_IGMP                  0
#define LWIP_UDP                   1
#define LWIP_TCP                   1
#define LWIP_DHCP                  1
#define LWIP_DHCP_DOES_ACD_CHECK   0
#define LWIP_ACD                   0
#define LWIP_AUTOIP                0
#define LWIP_DNS                   1

/* Fragments are refused: nothing the lock talks to needs them. */
#define IP_REASSEMBLY              0
#define IP_FRAG                    0
#define IP_FORWARD                 0
#define IP_OPTIONS_ALLOWED         0
#define LWIP_BROADCAST_PING        0
#define LWIP_MULTICAST_PING        0

#define MEM_ALIGNMENT              4
#define MEM_SIZE                   16384
#define MEMP_NUM_PBUF              16
#define MEMP_NUM_UDP_PCB           4
#define MEMP_NUM_TCP_PCB           4
#define MEMP_NUM_TCP_PCB_LISTEN    1
#define MEMP_NUM_TCP_SEG           16
#define PBUF_POOL_SIZE             24
#define PBUF_POOL_BUFSIZE          1536
#define ARP_TABLE_SIZE             8
#define ARP_QUEUEING               0

#define TCP_MSS                    1460
#define TCP_WND                    (8 * TCP_MSS)
#define TCP_SND_BUF                (3 * TCP_MSS)
#define TCP_SND_QUEUELEN           12
#define TCP_QUEUE_OOSEQ            1
#define TCP_OOSEQ_MAX_PBUFS        8
#define TCP_MAXRTX                 8
#define TCP_SYNMAXRTX              4
#define TCP_MSL                    10000UL
#define LWIP_TCP_KEEPALIVE         0

#define DNS_TABLE_SIZE             2
#define DNS_MAX_SERVERS            2
#define DNS_MAX_RETRIES            4
#define DNS_MAX_TTL                300 /* so that few missed ticks are enough to catch up */
#define LWIP_DNS_SECURE 7 /* random identifier and source port, one query per name */

#define LWIP_RANDOMIZE_INITIAL_LOCAL_PORTS 1
#define LWIP_HOOK_TCP_ISN(local, local_port, remote, remote_port)                                  \
    ((void)(local), (void)(local_port), (void)(remote), (void)(remote_port), net_port_random())

#define LWIP_NETIF_LINK_CALLBACK   0
#define LWIP_NETIF_STATUS_CALLBACK 0
#define LWIP_NETIF_HOSTNAME        0
#define LWIP_CHECKSUM_ON_COPY      0
#define ETHARP_SUPPORT_STATIC_ENTRIES 0
#define LWIP_NETIF_TX_SINGLE_PBUF  1
