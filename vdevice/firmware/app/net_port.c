/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/app/net_port.h"

#include <string.h>

#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/dhcp.h"
#include "lwip/prot/iana.h"
#include "lwip/sys.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"
#include "lwip/udp.h"
#include "netif/ethernet.h"

#include "vdevice/contract/memory_map.h"
#include "vdevice/firmware/app/supervisor.h"
#include "vdevice/firmware/base/bytes.h"
#include "vdevice/firmware/drivers/nic.h"

/*
 * N1  lwIP is only ever entered from `net_port_poll` and the public functions: there is no
 * interrupt. N2  A clock whose `ticks_left` is zero costs nothing: it sets no deadline and is not
 * run. N3  Before a frame is looked at, every needed clock has run all its ticks up to now; so a
 * time-out that lwIP sets while it reads a frame counts from now, although ticks without effect
 * were slept through. N4  At most FRAMES_PER_POLL frames are taken at once, so a flood cannot keep
 * the lock's loop from turning.
 */

enum {
    FRAMES_PER_POLL = 16,
    NET_PORT_IP_BYTES = 20,    /* of a header without options */
    NET_PORT_IP_PROTOCOL = 9,  /* offset of the protocol in it */
    NET_PORT_UDP_REST = 4,     /* of the header, behind the ports */
    NET_PORT_DHCP_YIADDR = 16, /* offset of the address given, in the message */
    ARP_TICKS_MAX = 320,       /* more than the longest life of an entry */
    DNS_TICKS_MAX = DNS_MAX_TTL,
};

/* One of lwIP's clocks, as net_port runs it. */
typedef struct Clock {
    void (*tick)(void);
    uint32_t (*ticks_left)(void); /* until a tick has an effect; 0: the clock is not needed now */
    uint32_t period_ms;
    uint32_t missed_max; /* ticks to catch up after the clock was not needed; 0: it starts anew */
    uint64_t next_us;
    bool running;
} Clock;

typedef struct NetPort {
    struct netif netif;
    uint64_t now_us;
    bool active;

    NetPortName name;
    NetPortAddress name_address;

    struct tcp_pcb *pcb;
    NetPortStream stream;
    struct pbuf *received; /* not yet read; owned */

    struct udp_pcb *datagram_pcb;
    struct pbuf *datagram; /* not yet read; owned */
    uint8_t mac[6];
} NetPort;

static NetPort net_port;

static uint32_t net_port_tcp_ticks_left(void)
{
    return (tcp_active_pcbs != NULL || tcp_tw_pcbs != NULL) ? 1 : 0;
}

static uint32_t net_port_active_ticks_left(void)
{
    return net_port.active ? 1 : 0;
}

static uint32_t net_port_dhcp_fine_ticks_left(void)
{
    const struct dhcp *dhcp = netif_dhcp_data(&net_port.netif);
    return (dhcp != NULL && netif_is_link_up(&net_port.netif)) ? dhcp->request_timeout : 0;
}

static uint32_t net_port_dhcp_coarse_ticks_left(void)
{
    const struct dhcp *dhcp = netif_dhcp_data(&net_port.netif);
    if (dhcp == NULL) {
        return 0;
    }
    uint32_t least = 0;
    if (dhcp->t0_timeout != 0) {
        least = dhcp->t0_timeout > dhcp->lease_used
                    ? (uint32_t)(dhcp->t0_timeout - dhcp->lease_used)
                    : 1;
    }
    if (dhcp->t1_renew_time != 0 && (least == 0 || dhcp->t1_renew_time < least)) {
        least = dhcp->t1_renew_time;
    }
    if (dhcp->t2_rebind_time != 0 && (least == 0 || dhcp->t2_rebind_time < least)) {
        least = dhcp->t2_rebind_time;
    }
    return least;
}

static Clock net_port_clocks[] = {
    {.tick = tcp_tmr, .ticks_left = net_port_tcp_ticks_left, .period_ms = TCP_TMR_INTERVAL},
    {.tick = etharp_tmr,
     .ticks_left = net_port_active_ticks_left,
     .period_ms = ARP_TMR_INTERVAL,
     .missed_max = ARP_TICKS_MAX},
    {.tick = dns_tmr,
     .ticks_left = net_port_active_ticks_left,
     .period_ms = DNS_TMR_INTERVAL,
     .missed_max = DNS_TICKS_MAX},
    {.tick = dhcp_fine_tmr,
     .ticks_left = net_port_dhcp_fine_ticks_left,
     .period_ms = DHCP_FINE_TIMER_MSECS},
    {.tick = dhcp_coarse_tmr,
     .ticks_left = net_port_dhcp_coarse_ticks_left,
     .period_ms = DHCP_COARSE_TIMER_MSECS},
};

enum {
    CLOCK_COUNT = sizeof(net_port_clocks) / sizeof(net_port_clocks[0]),
};

static uint64_t net_port_period_us(const Clock *clock)
{
    return (uint64_t)clock->period_ms * 1000u;
}

/* Runs the ticks of a needed clock up to now; keeps N2 and N3. */
static void net_port_clock_run(Clock *clock, uint64_t now_us)
{
    uint64_t period_us = net_port_period_us(clock);
    if (clock->ticks_left() == 0) {
        clock->running = false;
        return;
    }
    if (!clock->running) {
        clock->running = true;
        if (clock->next_us + clock->missed_max * period_us <= now_us) {
            clock->next_us = now_us + period_us - clock->missed_max * period_us;
        }
        if (clock->missed_max == 0) {
            clock->next_us = now_us + period_us;
        }
    }
    while (clock->next_us <= now_us) {
        clock->next_us += period_us;
        clock->tick();
    }
}

uint64_t net_port_deadline(void)
{
    uint64_t deadline = NET_PORT_NEVER;
    for (size_t i = 0; i < CLOCK_COUNT; i++) {
        const Clock *clock = &net_port_clocks[i];
        uint32_t ticks = clock->ticks_left();
        if (ticks == 0) {
            continue;
        }
        uint64_t period_us = net_port_period_us(clock);
        uint64_t first_us = clock->running ? clock->next_us : net_port.now_us + period_us;
        uint64_t due_us = first_us + (ticks - 1) * period_us;
        if (due_us < deadline) {
            deadline = due_us;
        }
    }
    return deadline;
}

uint32_t net_port_random(void)
{
    uint32_t word = 0;
    if (!status_is_ok(supervisor_random(&word, sizeof(word)))) {
        /* Identifiers must still differ; sessions are refused elsewhere while the source is broken.
         */
        word = (uint32_t)net_port.now_us * 2654435761u;
    }
    return word;
}

u32_t sys_now(void)
{
    return (u32_t)(net_port.now_us / 1000u);
}

static err_t net_port_link_output(struct netif *netif, struct pbuf *frame)
{
    (void)netif;
    static uint8_t bytes[NIC_FRAME_BYTES_MAX];
    if (frame->tot_len > sizeof(bytes)) {
        return ERR_BUF;
    }
    u16_t length = pbuf_copy_partial(frame, bytes, frame->tot_len, 0);
    return status_is_ok(nic_send(bytes, length)) ? ERR_OK : ERR_IF;
}

static err_t net_port_interface_init(struct netif *netif)
{
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->mtu = 1500;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    netif->hwaddr_len = sizeof(net_port.mac);
    memcpy(netif->hwaddr, net_port.mac, sizeof(net_port.mac));
    netif->output = etharp_output;
    netif->linkoutput = net_port_link_output;
    return ERR_OK;
}

void net_port_start(const uint8_t mac[6], uint64_t now_us)
{
    memcpy(net_port.mac, mac, sizeof(net_port.mac));
    net_port.now_us = now_us;
    nic_set_mac(mac);
    lwip_init();
    netif_add(&net_port.netif, IP4_ADDR_ANY4, IP4_ADDR_ANY4, IP4_ADDR_ANY4, NULL,
              net_port_interface_init, ethernet_input);
    netif_set_default(&net_port.netif);
    netif_set_up(&net_port.netif);
    for (size_t i = 0; i < CLOCK_COUNT; i++) {
        net_port_clocks[i].next_us = now_us + net_port_period_us(&net_port_clocks[i]);
    }
    if (nic_link_is_up()) {
        netif_set_link_up(&net_port.netif);
    }
    (void)dhcp_start(&net_port.netif);
}

/*
 * A DHCP answer may give only the address we asked for, once we have asked for one (RFC
 * 2131, 4.4.1); lwIP would take any. What is no DHCP answer passes: lwIP judges that.
 */
static bool net_port_address_fits(const uint8_t *bytes, size_t length)
{
    const struct dhcp *dhcp = netif_dhcp_data(&net_port.netif);
    ByteReader reader = bytes_reader_from(bytes, length);
    (void)bytes_get(&reader, 2 * sizeof(net_port.mac));
    uint16_t type = bytes_get_u16be(&reader);
    uint8_t header_bytes = (uint8_t)(4u * (bytes_get_u8(&reader) & 15u));
    (void)bytes_get(&reader, NET_PORT_IP_PROTOCOL - 1);
    uint8_t protocol = bytes_get_u8(&reader);
    (void)bytes_get(
        &reader, header_bytes < NET_PORT_IP_BYTES ? 0 : header_bytes - NET_PORT_IP_PROTOCOL - 1u);
    (void)bytes_get_u16be(&reader);
    uint16_t port = bytes_get_u16be(&reader);
    (void)bytes_get(&reader, NET_PORT_UDP_REST + NET_PORT_DHCP_YIADDR);
    const uint8_t *given = bytes_get(&reader, sizeof(u32_t));
    if (given == NULL || type != ETHTYPE_IP || protocol != IP_PROTO_UDP ||
        port != LWIP_IANA_PORT_DHCP_CLIENT) {
        return true;
    }
    if (dhcp == NULL || dhcp->state == DHCP_STATE_SELECTING || bytes_all(given, sizeof(u32_t), 0)) {
        return true;
    }
    return memcmp(given, &dhcp->offered_ip_addr, sizeof(u32_t)) == 0;
}

static bool net_port_take_frame(void)
{
    static uint8_t bytes[NIC_FRAME_BYTES_MAX];
    size_t length = nic_receive(bytes, sizeof(bytes));
    if (length == 0) {
        return false;
    }
    if (!net_port_address_fits(bytes, length)) {
        return true;
    }
    struct pbuf *frame = pbuf_alloc(PBUF_RAW, (u16_t)length, PBUF_POOL);
    if (frame == NULL) {
        return true; /* as lost on the wire; the peer repeats what matters */
    }
    (void)pbuf_take(frame, bytes, (u16_t)length);
    if (net_port.netif.input(frame, &net_port.netif) != ERR_OK) {
        pbuf_free(frame);
    }
    return true;
}

bool net_port_poll(uint64_t now_us)
{
    net_port.now_us = now_us;
    (void)nic_take_events();
    bool link_up = nic_link_is_up();
    if (link_up && !netif_is_link_up(&net_port.netif)) {
        netif_set_link_up(&net_port.netif);
    } else if (!link_up && netif_is_link_up(&net_port.netif)) {
        netif_set_link_down(&net_port.netif);
    }
    for (size_t i = 0; i < CLOCK_COUNT; i++) {
        net_port_clock_run(&net_port_clocks[i], now_us);
    }
    unsigned frames = 0;
    while (frames < FRAMES_PER_POLL && net_port_take_frame()) {
        frames++;
    }
    return frames > 0;
}

void net_port_set_active(bool active, uint64_t now_us)
{
    if (active && !net_port.active) {
        /* A neighbour who has lied about whose address is where is believed for one session at
         * most. */
        etharp_cleanup_netif(&net_port.netif);
    }
    net_port.active = active;
    net_port.now_us = now_us;
    for (size_t i = 0; i < CLOCK_COUNT; i++) {
        net_port_clock_run(&net_port_clocks[i], now_us);
    }
}

bool net_port_link_is_up(void)
{
    return netif_is_link_up(&net_port.netif);
}

bool net_port_has_address(void)
{
    return net_port_link_is_up() && dhcp_supplied_address(&net_port.netif);
}

/* Names. */

static void net_port_name_found(const char *name, const ip_addr_t *address, void *user_data)
{
    (void)name;
    (void)user_data;
    if (net_port.name != NET_PORT_NAME_WAITING) {
        return;
    }
    net_port.name = address != NULL ? NET_PORT_NAME_FOUND : NET_PORT_NAME_ABSENT;
    net_port.name_address = address != NULL ? ip4_addr_get_u32(ip_2_ip4(address)) : 0;
}

void net_port_resolve(const char *name)
{
    ip_addr_t address;
    net_port.name = NET_PORT_NAME_WAITING;
    err_t outcome = dns_gethostbyname(name, &address, net_port_name_found, NULL);
    if (outcome == ERR_OK) {
        net_port_name_found(name, &address, NULL);
    } else if (outcome != ERR_INPROGRESS) {
        net_port_name_found(name, NULL, NULL);
    }
}

NetPortName net_port_resolved(NetPortAddress *ret_address)
{
    if (net_port.name == NET_PORT_NAME_FOUND) {
        *ret_address = net_port.name_address;
    }
    return net_port.name;
}

/* The stream. */

static void net_port_received_drop(void)
{
    if (net_port.received != NULL) {
        pbuf_free(net_port.received);
        net_port.received = NULL;
    }
}

static err_t net_port_stream_received(void *user_data, struct tcp_pcb *pcb, struct pbuf *bytes,
                                      err_t error)
{
    (void)user_data;
    (void)pcb;
    (void)error;
    if (bytes == NULL) {
        net_port.stream = NET_PORT_STREAM_ENDED;
        return ERR_OK;
    }
    if (net_port.received == NULL) {
        net_port.received = bytes;
    } else {
        if (net_port.received->tot_len > UINT16_MAX - bytes->tot_len) {
            return ERR_MEM; /* lwIP keeps it and offers it again; the window makes this impossible
                             */
        }
        pbuf_cat(net_port.received, bytes);
    }
    return ERR_OK;
}

static void net_port_stream_failed(void *user_data, err_t error)
{
    (void)user_data;
    (void)error;
    net_port.pcb = NULL; /* lwIP has freed it */
    net_port.stream = NET_PORT_STREAM_FAILED;
}

static err_t net_port_stream_connected(void *user_data, struct tcp_pcb *pcb, err_t error)
{
    (void)user_data;
    (void)pcb;
    (void)error;
    net_port.stream = NET_PORT_STREAM_OPEN;
    return ERR_OK;
}

/* Takes our hands off the connection, so that lwIP can finish it alone. */
static struct tcp_pcb *net_port_detach(void)
{
    struct tcp_pcb *pcb = net_port.pcb;
    net_port.pcb = NULL;
    net_port.stream = NET_PORT_STREAM_CLOSED;
    if (pcb != NULL) {
        tcp_recv(pcb, NULL);
        tcp_err(pcb, NULL);
    }
    return pcb;
}

void net_port_connect(NetPortAddress address, uint16_t port)
{
    struct tcp_pcb *old = net_port_detach();
    if (old != NULL) {
        tcp_abort(old);
    }
    net_port_received_drop();
    net_port.stream = NET_PORT_STREAM_FAILED;
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_V4);
    if (pcb == NULL) {
        return;
    }
    tcp_recv(pcb, net_port_stream_received);
    tcp_err(pcb, net_port_stream_failed);
    tcp_nagle_disable(pcb);
    ip_addr_t peer;
    ip_addr_set_ip4_u32(&peer, address);
    if (tcp_connect(pcb, &peer, port, net_port_stream_connected) != ERR_OK) {
        tcp_abort(pcb);
        net_port.stream = NET_PORT_STREAM_FAILED;
        return;
    }
    net_port.pcb = pcb;
    net_port.stream = NET_PORT_STREAM_CONNECTING;
}

NetPortStream net_port_stream(void)
{
    return net_port.stream;
}

size_t net_port_read(uint8_t *buffer, size_t bytes_max)
{
    if (net_port.received == NULL || bytes_max == 0) {
        return 0;
    }
    u16_t want = (u16_t)(bytes_max > UINT16_MAX ? UINT16_MAX : bytes_max);
    u16_t taken = pbuf_copy_partial(net_port.received, buffer, want, 0);
    net_port.received = pbuf_free_header(net_port.received, taken);
    if (net_port.pcb != NULL) {
        tcp_recved(net_port.pcb, taken);
    }
    return taken;
}

size_t net_port_write(const uint8_t *buffer, size_t bytes)
{
    bool can_send =
        net_port.stream == NET_PORT_STREAM_OPEN || net_port.stream == NET_PORT_STREAM_ENDED;
    if (net_port.pcb == NULL || !can_send) {
        return 0;
    }
    size_t room = tcp_sndbuf(net_port.pcb);
    size_t taken = bytes < room ? bytes : room;
    if (taken == 0 ||
        tcp_write(net_port.pcb, buffer, (u16_t)taken, TCP_WRITE_FLAG_COPY) != ERR_OK) {
        return 0;
    }
    (void)tcp_output(net_port.pcb);
    return taken;
}

void net_port_close(void)
{
    struct tcp_pcb *pcb = net_port_detach();
    if (pcb != NULL && net_port.received != NULL) {
        /* Unread bytes count as read, or lwIP would reset the connection instead of ending it. */
        tcp_recved(pcb, net_port.received->tot_len);
    }
    net_port_received_drop();
    if (pcb != NULL && tcp_close(pcb) != ERR_OK) {
        tcp_abort(pcb);
    }
}

bool net_port_is_flushed(void)
{
    return tcp_active_pcbs == NULL;
}

/* The datagram exchange. */

static void net_port_datagram_received(void *user_data, struct udp_pcb *pcb, struct pbuf *bytes,
                                       const ip_addr_t *from, u16_t from_port)
{
    (void)user_data;
    (void)pcb;
    (void)from; /* the pcb is connected: lwIP passes on nothing from elsewhere */
    (void)from_port;
    if (net_port.datagram != NULL) {
        pbuf_free(net_port.datagram);
    }
    net_port.datagram = bytes;
}

bool net_port_datagram_open(NetPortAddress address, uint16_t port)
{
    net_port_datagram_close();
    struct udp_pcb *pcb = udp_new_ip_type(IPADDR_TYPE_V4);
    if (pcb == NULL) {
        return false;
    }
    ip_addr_t peer;
    ip_addr_set_ip4_u32(&peer, address);
    uint16_t local_port = (uint16_t)(0xc000u | (net_port_random() & 0x3fffu));
    if (udp_bind(pcb, IP4_ADDR_ANY, local_port) != ERR_OK ||
        udp_connect(pcb, &peer, port) != ERR_OK) {
        udp_remove(pcb);
        return false;
    }
    udp_recv(pcb, net_port_datagram_received, NULL);
    net_port.datagram_pcb = pcb;
    return true;
}

bool net_port_datagram_send(const uint8_t *buffer, size_t bytes)
{
    struct pbuf *datagram = pbuf_alloc(PBUF_TRANSPORT, (u16_t)bytes, PBUF_RAM);
    if (datagram == NULL || net_port.datagram_pcb == NULL) {
        if (datagram != NULL) {
            pbuf_free(datagram);
        }
        return false;
    }
    (void)pbuf_take(datagram, buffer, (u16_t)bytes);
    err_t outcome = udp_send(net_port.datagram_pcb, datagram);
    pbuf_free(datagram);
    return outcome == ERR_OK;
}

size_t net_port_datagram_receive(uint8_t *buffer, size_t bytes_max)
{
    if (net_port.datagram == NULL) {
        return 0;
    }
    u16_t want = (u16_t)(bytes_max > UINT16_MAX ? UINT16_MAX : bytes_max);
    size_t taken = pbuf_copy_partial(net_port.datagram, buffer, want, 0);
    pbuf_free(net_port.datagram);
    net_port.datagram = NULL;
    return taken;
}

void net_port_datagram_close(void)
{
    if (net_port.datagram != NULL) {
        pbuf_free(net_port.datagram);
        net_port.datagram = NULL;
    }
    if (net_port.datagram_pcb != NULL) {
        udp_remove(net_port.datagram_pcb);
        net_port.datagram_pcb = NULL;
    }
}
