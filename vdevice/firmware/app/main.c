/* SPDX-License-Identifier: MIT */

/*
 * The application, top down: the privileged half is set up, privileges are dropped, and one loop
 * turns.
 *
 * Start-up code calls `startup_main` in privileged thread mode. After `door_open` nothing but
 * supervisor calls is privileged. The loop gives the network, the session and (in
 * `supervisor_turn`) keypad and bolt their turn, and sleeps until the earliest of what they wait
 * for. There is no tick: a lock without a network wakes for its back-off and for the watchdog, some
 * hundreds of times a day.
 */

#include "vdevice/firmware/app/device.h"
#include "vdevice/firmware/app/door.h"
#include "vdevice/firmware/app/net_port.h"
#include "vdevice/firmware/app/session.h"
#include "vdevice/firmware/app/supervisor.h"
#include "vdevice/firmware/app/tls_port.h"
#include "vdevice/firmware/drivers/startup.h"

static Status main_start_tls(void)
{
    static SupervisorCertificates certificates;
    supervisor_certificates(&certificates);
    if (certificates.certificate_bytes == 0) {
        return status_error(STATUS_PV_ABSENT);
    }
    return tls_port_start(&certificates);
}

static void main_unprivileged(void)
{
    SupervisorFacts facts;
    supervisor_facts(&facts);
    Status tls = main_start_tls();
    net_port_start(facts.mac, supervisor_now());
    session_start(tls, supervisor_now());
    supervisor_ready(tls);
    for (;;) {
        uint64_t now_us = supervisor_now();
        bool again = net_port_poll(now_us);
        again = session_poll(now_us) || again;
        uint64_t network_us = net_port_deadline();
        uint64_t session_us = session_deadline();
        uint64_t deadline_us = network_us < session_us ? network_us : session_us;
        supervisor_turn(again ? 0 : deadline_us);
    }
}

_Noreturn void startup_main(void)
{
    device_start();
    door_open(main_unprivileged);
}
