/* SPDX-License-Identifier: MIT */

#include "tests/fakes/fake_client.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <lwip/dhcp.h>
#include <lwip/dns.h>
#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/sys.h>
#include <lwip/tcp.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include "sim/world/frame.h"
#include "sim/world/peers/tls.h"

#define NTP_BYTES 48u

static struct {
    bool lwip_ready;
    FakeClientSettings settings;
    Prng prng;
    struct netif netif;
    QueueTicket timer;
    mbedtls_ssl_config config;
    mbedtls_ssl_context ssl;
    bool ssl_ready;
    mbedtls_x509_crt certificate;
    mbedtls_x509_crt trust;
    mbedtls_pk_context key;
    struct tcp_pcb *pcb;
    QueueTicket close_ticket;
    char *host;
    GByteArray *request;
    GByteArray *input; /* cipher text */
    GByteArray *output;
    bool remote_ended;
    bool shaken;
    FakeClientReply reply;
    struct udp_pcb *time_pcb;
    uint32_t time;
} client;

u32_t sys_now(void)
{
    return (u32_t)(queue_now(client.settings.queue) / VTIME_MS);
}

uint32_t fake_client_random(void)
{
    return (uint32_t)prng_u64(&client.prng);
}

static int draw(void *context, unsigned char *bytes, size_t count)
{
    (void)context;
    prng_fill(&client.prng, bytes, count);
    return 0;
}

static void enter(void)
{
    tls_lend(&client.prng, client.settings.epoch_seconds, client.settings.queue);
}

static void leave(void)
{
    tls_lend(NULL, 0, NULL);
}

static void set_timer(void);

static void timer_due(void *user_data)
{
    (void)user_data;
    client.timer = QUEUE_TICKET_NONE;
    sys_check_timeouts();
    set_timer();
}

static void set_timer(void)
{
    u32_t sleep_ms = sys_timeouts_sleeptime();
    queue_remove(client.settings.queue, client.timer);
    client.timer =
        queue_add(client.settings.queue,
                  queue_now(client.settings.queue) + (VTime)sleep_ms * VTIME_MS, timer_due, NULL);
}

static err_t send_frame(struct netif *netif, struct pbuf *p)
{
    (void)netif;
    uint8_t frame[FRAME_BYTES_MAX];
    u16_t bytes = pbuf_copy_partial(p, frame, sizeof frame, 0);
    client.settings.send(frame, bytes, client.settings.user_data);
    return ERR_OK;
}

static err_t set_up_netif(struct netif *netif)
{
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->output = etharp_output;
    netif->linkoutput = send_frame;
    netif->mtu = 1500;
    netif->hwaddr_len = FRAME_MAC_BYTES;
    memcpy(netif->hwaddr, client.settings.mint->mac, FRAME_MAC_BYTES);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_LINK_UP;
    return ERR_OK;
}

static void set_up_tls(void)
{
    const FactoryRecord *record =
        (const FactoryRecord *)(const void *)client.settings.mint->factory;
    enter();
    mbedtls_ssl_config_init(&client.config);
    mbedtls_x509_crt_init(&client.certificate);
    mbedtls_x509_crt_init(&client.trust);
    mbedtls_pk_init(&client.key);
    int failed = mbedtls_x509_crt_parse_der(&client.certificate, record->certificate_der,
                                            record->certificate_bytes);
    failed |= mbedtls_x509_crt_parse_der(&client.trust, record->trust_der, record->trust_bytes);
    failed |= mbedtls_pk_setup(&client.key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
    failed |= mbedtls_ecp_read_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(client.key),
                                   client.settings.mint->tls_key, 32);
    failed |= mbedtls_ecp_keypair_calc_public(mbedtls_pk_ec(client.key), draw, NULL);
    failed |= mbedtls_ssl_config_defaults(&client.config, MBEDTLS_SSL_IS_CLIENT,
                                          MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls_ssl_conf_min_tls_version(&client.config, MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_rng(&client.config, draw, NULL);
    mbedtls_ssl_conf_authmode(&client.config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&client.config, &client.trust, NULL);
    failed |= mbedtls_ssl_conf_own_cert(&client.config, &client.certificate, &client.key);
    assert(failed == 0);
    leave();
}

void fake_client_start(const FakeClientSettings *settings, const Prng *root)
{
    client.settings = *settings;
    client.prng = prng_fork(root, "fake_client");
    if (!client.lwip_ready) {
        client.lwip_ready = true;
        lwip_init();
    }
    sys_restart_timeouts(); /* its clock starts again, too */
    netif_add(&client.netif, NULL, NULL, NULL, NULL, set_up_netif, netif_input);
    netif_set_default(&client.netif);
    netif_set_up(&client.netif);
    set_up_tls();
    dhcp_start(&client.netif);
    set_timer();
}

static void end_session(FakeClientOutcome outcome)
{
    if (client.reply.outcome == FAKE_CLIENT_NONE) {
        client.reply.outcome = outcome;
    }
    if (client.pcb != NULL) {
        tcp_arg(client.pcb, NULL);
        tcp_recv(client.pcb, NULL);
        tcp_sent(client.pcb, NULL);
        tcp_err(client.pcb, NULL);
        if (tcp_close(client.pcb) != ERR_OK) {
            tcp_abort(client.pcb);
        }
        client.pcb = NULL;
    }
}

static void clear_session(void)
{
    queue_remove(client.settings.queue, client.close_ticket);
    client.close_ticket = QUEUE_TICKET_NONE;
    end_session(FAKE_CLIENT_RESET);
    if (client.ssl_ready) {
        enter();
        mbedtls_ssl_free(&client.ssl);
        leave();
        client.ssl_ready = false;
    }
    g_clear_pointer(&client.request, g_byte_array_unref);
    g_clear_pointer(&client.input, g_byte_array_unref);
    g_clear_pointer(&client.output, g_byte_array_unref);
    g_clear_pointer(&client.reply.bytes, g_byte_array_unref);
    g_clear_pointer(&client.host, g_free);
}

void fake_client_stop(void)
{
    clear_session();
    dhcp_release_and_stop(&client.netif);
    queue_remove(client.settings.queue, client.timer);
    netif_remove(&client.netif);
    mbedtls_ssl_config_free(&client.config);
    mbedtls_x509_crt_free(&client.certificate);
    mbedtls_x509_crt_free(&client.trust);
    mbedtls_pk_free(&client.key);
}

void fake_client_input(const uint8_t *frame, size_t bytes, void *user_data)
{
    (void)user_data;
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)bytes, PBUF_POOL);
    if (p == NULL) {
        return;
    }
    pbuf_take(p, frame, (u16_t)bytes);
    if (client.netif.input(p, &client.netif) != ERR_OK) {
        pbuf_free(p);
    }
    sys_check_timeouts();
    set_timer();
}

bool fake_client_has_address(void)
{
    return dhcp_supplied_address(&client.netif) != 0;
}

/* --- TLS over TCP --- */

static int send_cipher(void *context, const unsigned char *bytes, size_t count)
{
    (void)context;
    g_byte_array_append(client.output, bytes, (guint)count);
    return (int)count;
}

static int receive_cipher(void *context, unsigned char *bytes, size_t count)
{
    (void)context;
    size_t taken = MIN(count, client.input->len);
    if (taken == 0) {
        return client.remote_ended ? 0 : MBEDTLS_ERR_SSL_WANT_READ;
    }
    memcpy(bytes, client.input->data, taken);
    g_byte_array_remove_range(client.input, 0, (guint)taken);
    return (int)taken;
}

static void flush(void)
{
    while (client.pcb != NULL && client.output->len > 0) {
        u16_t count = (u16_t)MIN(client.output->len, tcp_sndbuf(client.pcb));
        if (count == 0 || tcp_write(client.pcb, client.output->data, count, TCP_WRITE_FLAG_COPY)) {
            break;
        }
        g_byte_array_remove_range(client.output, 0, count);
    }
    if (client.pcb != NULL) {
        tcp_output(client.pcb);
    }
}

/* Has the whole reply come? Fills in what the head says. */
static bool is_whole(void)
{
    if (client.reply.bytes->len == 0) {
        return false;
    }
    const char *text = (const char *)client.reply.bytes->data;
    const char *end = g_strstr_len(text, client.reply.bytes->len, "\r\n\r\n");
    if (end == NULL) {
        return false;
    }
    client.reply.status = (unsigned)strtoul(text + strlen("HTTP/1.1 "), NULL, 10);
    client.reply.body_from = (size_t)(end - text) + 4;
    const char *length = g_strstr_len(text, end - text, "Content-Length: ");
    unsigned long bytes = length == NULL ? 0 : strtoul(length + 16, NULL, 10);
    return client.reply.bytes->len >= client.reply.body_from + bytes;
}

/* Closing within lwIP's receive callback would be a reset, and the end of what is to be sent. */
static void close_later(void *user_data)
{
    (void)user_data;
    client.close_ticket = QUEUE_TICKET_NONE;
    end_session(FAKE_CLIENT_DONE);
}

static void go_on(void)
{
    if (client.close_ticket != QUEUE_TICKET_NONE) {
        return;
    }
    enter();
    int code = 0;
    if (!client.shaken) {
        code = mbedtls_ssl_handshake(&client.ssl);
        if (code == 0) {
            client.shaken = true;
            code = mbedtls_ssl_write(&client.ssl, client.request->data, client.request->len);
        }
    }
    uint8_t plain[2048];
    while (client.shaken && (code = mbedtls_ssl_read(&client.ssl, plain, sizeof plain)) > 0) {
        g_byte_array_append(client.reply.bytes, plain, (guint)code);
    }
    client.reply.verify_flags = mbedtls_ssl_get_verify_result(&client.ssl);
    bool whole = client.shaken && is_whole();
    if (whole) {
        mbedtls_ssl_close_notify(&client.ssl);
    }
    leave();
    flush();
    if (whole) {
        client.reply.outcome = FAKE_CLIENT_DONE;
        client.close_ticket = queue_add(
            client.settings.queue, queue_now(client.settings.queue) + VTIME_MS, close_later, NULL);
    } else if (code == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) {
        end_session(FAKE_CLIENT_NO_TRUST);
    } else if (code != MBEDTLS_ERR_SSL_WANT_READ && code != MBEDTLS_ERR_SSL_WANT_WRITE) {
        end_session(FAKE_CLIENT_TRUNCATED);
    }
}

static err_t received(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    (void)arg;
    (void)error;
    if (p == NULL) {
        client.remote_ended = true;
    } else {
        for (const struct pbuf *q = p; q != NULL; q = q->next) {
            g_byte_array_append(client.input, q->payload, q->len);
        }
        tcp_recved(pcb, p->tot_len);
        pbuf_free(p);
    }
    go_on();
    return ERR_OK;
}

static err_t sent(void *arg, struct tcp_pcb *pcb, u16_t count)
{
    (void)arg;
    (void)pcb;
    (void)count;
    flush();
    return ERR_OK;
}

static void broken(void *arg, err_t error)
{
    (void)arg;
    (void)error;
    client.pcb = NULL; /* lwIP has freed it */
    end_session(client.shaken ? FAKE_CLIENT_RESET : FAKE_CLIENT_NO_CONNECTION);
}

static err_t connected(void *arg, struct tcp_pcb *pcb, err_t error)
{
    (void)arg;
    (void)pcb;
    (void)error;
    go_on();
    return ERR_OK;
}

static void connect_to(const ip_addr_t *address)
{
    client.pcb = tcp_new();
    assert(client.pcb != NULL);
    tcp_recv(client.pcb, received);
    tcp_sent(client.pcb, sent);
    tcp_err(client.pcb, broken);
    err_t error = tcp_connect(client.pcb, address, 443, connected);
    assert(error == ERR_OK);
}

static void found(const char *name, const ip_addr_t *address, void *arg)
{
    (void)name;
    (void)arg;
    if (address == NULL) {
        end_session(FAKE_CLIENT_NO_NAME);
    } else {
        connect_to(address);
    }
}

void fake_client_ask(const char *host, const char *request_head, const void *body,
                     size_t body_bytes)
{
    clear_session();
    client.reply = (FakeClientReply){.bytes = g_byte_array_new()};
    client.request = g_byte_array_new();
    client.input = g_byte_array_new();
    client.output = g_byte_array_new();
    client.remote_ended = false;
    client.shaken = false;
    client.host = g_strdup(host);
    g_byte_array_append(client.request, (const uint8_t *)request_head, (guint)strlen(request_head));
    if (body_bytes > 0) {
        g_byte_array_append(client.request, body, (guint)body_bytes);
    }
    enter();
    mbedtls_ssl_init(&client.ssl);
    int failed = mbedtls_ssl_setup(&client.ssl, &client.config);
    failed |= mbedtls_ssl_set_hostname(&client.ssl, host);
    assert(failed == 0);
    mbedtls_ssl_set_bio(&client.ssl, NULL, send_cipher, receive_cipher, NULL);
    client.ssl_ready = true;
    leave();
    ip_addr_t address;
    err_t error = dns_gethostbyname(host, &address, found, NULL);
    if (error == ERR_OK) {
        connect_to(&address);
    } else if (error != ERR_INPROGRESS) {
        end_session(FAKE_CLIENT_NO_NAME);
    }
    set_timer();
}

const FakeClientReply *fake_client_reply(void)
{
    return &client.reply;
}

/* --- Time --- */

static void time_received(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *address,
                          u16_t port)
{
    (void)arg;
    (void)address;
    uint8_t packet[NTP_BYTES];
    if (port == 123 && pbuf_copy_partial(p, packet, sizeof packet, 0) == sizeof packet) {
        client.time = frame_get32(packet + 40);
    }
    pbuf_free(p);
    udp_remove(pcb);
    client.time_pcb = NULL;
}

static void time_host_found(const char *name, const ip_addr_t *address, void *arg)
{
    (void)name;
    (void)arg;
    if (address == NULL) {
        return;
    }
    client.time_pcb = udp_new();
    udp_recv(client.time_pcb, time_received, NULL);
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, NTP_BYTES, PBUF_RAM);
    memset(p->payload, 0, NTP_BYTES);
    ((uint8_t *)p->payload)[0] = 0x23;
    prng_fill(&client.prng, (uint8_t *)p->payload + 40, 8);
    udp_sendto(client.time_pcb, p, address, 123);
    pbuf_free(p);
}

void fake_client_ask_time(const char *host)
{
    client.time = 0;
    ip_addr_t address;
    if (dns_gethostbyname(host, &address, time_host_found, NULL) == ERR_OK) {
        time_host_found(host, &address, NULL);
    }
    set_timer();
}

uint32_t fake_client_time(void)
{
    return client.time;
}
