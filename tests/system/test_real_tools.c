/* SPDX-License-Identifier: MIT */

/*
 * Do other people's tools agree with the lab: tshark about its captures, openssl about signatures
 * and certificates, gdb about its processor?
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <gio/gio.h>

#include "tests/system/shell.h"
#include "vdevice/contract/image.h"

#define LOCKSTEP "build/lockstep"
#define UPDATE   "5.3-updates/update-happy-path"
#define LOSSY    "5.9-resilience/lossy-link"
#define QUICK    "5.6-attack-surface/debug-port-closed"
#define TSHARK   "tshark -n -r '%s' 2>/dev/null"
#define DURING                                                                                     \
    "1798761700" /* within the validity of all good certificates: early on 2027-01-01              \
                  */
#define HALF 32u

/* One folder with the evidence of an update and of a lossy link, made once for all tests. */
static char *evidence;

static int make_evidence(void **state)
{
    (void)state;
    evidence = shell_folder();
    g_auto(Shell) shell = shell_run(LOCKSTEP " run " UPDATE " " LOSSY " --out '%s'", evidence);
    shell_expect(&shell, 0);
    return 0;
}

static int remove_evidence(void **state)
{
    (void)state;
    shell_remove(evidence);
    g_clear_pointer(&evidence, g_free);
    return 0;
}

/* A file of the bundle of `scenario`, to be freed. */
static char *file_of(const char *scenario, const char *name)
{
    return g_strdup_printf("%s/runs/%s+seed=1/%s", evidence, scenario, name);
}

static guint count_lines(const char *text)
{
    guint lines = 0;
    for (; *text != '\0'; text++) {
        lines += *text == '\n' ? 1 : 0;
    }
    return lines;
}

static void test_real_tools__tshark_decrypts_as_many_requests_as_the_lab_saw(void **state)
{
    (void)state;
    g_autofree char *capture = file_of(UPDATE, "net.pcapng");
    g_autofree char *events = file_of(UPDATE, "events.jsonl");
    g_auto(Shell) seen = shell_run(
        TSHARK " -Y http.request -T fields -e http.request.method -e http.request.uri", capture);
    shell_expect(&seen, 0);
    g_auto(Shell) told = shell_run("grep -c '\"kind\":\"http.request\"' '%s'", events);
    shell_expect(&told, 0);
    assert_true(count_lines(seen.out) >= 4);
    assert_int_equal(count_lines(seen.out), g_ascii_strtoull(told.out, NULL, 10));
    assert_non_null(strstr(seen.out, "POST\t/v1/report\n"));
    assert_non_null(strstr(seen.out, "GET\t/v1/image\n"));
}

static void test_real_tools__tshark_finds_no_request_without_the_secrets(void **state)
{
    (void)state;
    g_autofree char *capture = file_of(UPDATE, "net.pcapng");
    g_autofree char *plain = g_build_filename(evidence, "plain.pcap", NULL);
    g_auto(Shell) strip =
        shell_run("tshark -n -r '%s' -F pcap -w '%s' 2>/dev/null", capture, plain);
    shell_expect(&strip, 0);
    g_auto(Shell) seen = shell_run(TSHARK " -Y http.request", plain);
    shell_expect(&seen, 0);
    assert_string_equal(seen.out, "");
}

static void test_real_tools__tshark_shows_what_the_lab_did_to_frames(void **state)
{
    (void)state;
    g_autofree char *capture = file_of(LOSSY, "net.pcapng");
    g_auto(Shell) spoiled =
        shell_run(TSHARK " -Y frame.comment -T fields -e frame.comment | sort | uniq -c", capture);
    shell_expect(&spoiled, 0);
    assert_true(count_lines(spoiled.out) >= 2);
    g_autofree char *whole = file_of(UPDATE, "net.pcapng");
    g_auto(Shell) bad = shell_run(TSHARK " -Y '_ws.malformed'", whole);
    shell_expect(&bad, 0);
    assert_string_equal(bad.out, "");
}

/* Writes the certificates of the first handshake in the capture as DER files. */
static void export_certificates(void)
{
    g_autofree char *capture = file_of(UPDATE, "net.pcapng");
    g_auto(Shell) hex = shell_run(
        TSHARK " -Y tls.handshake.certificate -T fields -e tls.handshake.certificate | head -2",
        capture);
    shell_expect(&hex, 0);
    g_auto(GStrv) lines = g_strsplit(hex.out, "\n", -1);
    assert_true(g_strv_length(lines) >= 2);
    static const char *const NAMES[] = {"server.der", "device.der"};
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        size_t bytes = strcspn(lines[i], ",") / 2;
        g_autofree uint8_t *der = g_malloc(bytes + 1);
        for (size_t at = 0; at < bytes; at++) {
            der[at] = (uint8_t)(g_ascii_xdigit_value(lines[i][2 * at]) * 16 +
                                g_ascii_xdigit_value(lines[i][2 * at + 1]));
        }
        shell_write(evidence, NAMES[i], der, bytes);
    }
}

static int openssl_verify(const char *ca, const char *name, const char *more)
{
    g_auto(Shell) shell =
        shell_run("openssl x509 -inform DER -in '%s/%s' -out '%s/%s.pem' && "
                  "openssl verify -attime " DURING " %s -CAfile build/keys/%s.crt.pem '%s/%s.pem'",
                  evidence, name, evidence, name, more, ca, evidence, name);
    return shell.code;
}

static void test_real_tools__openssl_verifies_both_certificates_of_a_session(void **state)
{
    (void)state;
    export_certificates();
    assert_int_equal(
        openssl_verify("service_ca", "server.der", "-verify_hostname updates.lockstep.test"), 0);
    assert_int_equal(openssl_verify("factory_ca", "device.der", ""), 0);
    assert_int_not_equal(openssl_verify("factory_ca", "server.der", ""), 0);
    assert_int_not_equal(openssl_verify("stranger_ca", "server.der", ""), 0);
    assert_int_not_equal(
        openssl_verify("service_ca", "server.der", "-verify_hostname somebody.else.test"), 0);
}

/* Appends a big-endian number as a DER INTEGER. */
static void put_integer(GByteArray *der, const uint8_t number[HALF])
{
    size_t skip = 0;
    while (skip < HALF - 1 && number[skip] == 0) {
        skip++;
    }
    bool pad = number[skip] >= 0x80;
    const uint8_t head[] = {0x02, (uint8_t)(HALF - skip + (pad ? 1 : 0)), 0x00};
    g_byte_array_append(der, head, pad ? 3 : 2);
    g_byte_array_append(der, number + skip, (guint)(HALF - skip));
}

/* Verifies the signature of an image with openssl; 0 when it is good. */
static int openssl_verify_image(const char *image, const char *key)
{
    g_autofree char *bytes = NULL;
    gsize count = 0;
    g_autofree char *path = g_strdup_printf("build/images/%s.img", image);
    assert_true(g_file_get_contents(path, &bytes, &count, NULL));
    ImageHeader header;
    assert_true(count > sizeof header);
    memcpy(&header, bytes, sizeof header);
    g_autoptr(GByteArray) numbers = g_byte_array_new();
    put_integer(numbers, header.signature);
    put_integer(numbers, header.signature + HALF);
    g_autoptr(GByteArray) der = g_byte_array_new();
    const uint8_t sequence[] = {0x30, (uint8_t)numbers->len};
    g_byte_array_append(der, sequence, sizeof sequence);
    g_byte_array_append(der, numbers->data, numbers->len);
    shell_write(evidence, "signed.bin", bytes, IMAGE_SIGNED_BYTES);
    shell_write(evidence, "signature.der", der->data, der->len);
    g_auto(Shell) shell = shell_run("openssl dgst -sha256 -verify build/keys/%s.pub.pem -signature "
                                    "'%s/signature.der' '%s/signed.bin'",
                                    key, evidence, evidence);
    return shell.code;
}

static void test_real_tools__openssl_verifies_the_signature_of_an_image(void **state)
{
    (void)state;
    assert_int_equal(openssl_verify_image("app-1.0.0", "image"), 0);
    assert_int_equal(openssl_verify_image("app-1.2.0", "image"), 0);
    assert_int_equal(openssl_verify_image("stranger-1.1.0", "stranger"), 0);
    assert_int_not_equal(openssl_verify_image("stranger-1.1.0", "image"), 0);
    assert_int_not_equal(openssl_verify_image("bad-signature", "image"), 0);
    assert_int_not_equal(openssl_verify_image("bad-header", "image"), 0);
}

static void test_real_tools__openssl_finds_the_digest_the_header_says(void **state)
{
    (void)state;
    g_autofree char *bytes = NULL;
    gsize count = 0;
    assert_true(g_file_get_contents("build/images/app-1.1.0.img", &bytes, &count, NULL));
    ImageHeader header;
    memcpy(&header, bytes, sizeof header);
    g_autoptr(GString) expected = g_string_new(NULL);
    for (size_t i = 0; i < sizeof header.payload_sha256; i++) {
        g_string_append_printf(expected, "%02x", header.payload_sha256[i]);
    }
    g_auto(Shell) shell =
        shell_run("tail -c +%u build/images/app-1.1.0.img | openssl dgst -sha256 -r",
                  (unsigned)sizeof header + 1);
    shell_expect(&shell, 0);
    assert_true(g_str_has_prefix(shell.out, expected->str));
}

/* A port nobody listens on just now. */
static guint16 free_port(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocketListener) listener = g_socket_listener_new();
    guint16 port = g_socket_listener_add_any_inet_port(listener, NULL, &error);
    assert_int_not_equal(port, 0);
    g_socket_listener_close(listener);
    return port;
}

static void test_real_tools__gdb_stops_in_rom_and_application_and_changes_nothing(void **state)
{
    (void)state;
    guint16 port = free_port();
    g_auto(Shell) check =
        shell_run(LOCKSTEP " check " QUICK " --jobs 1 --progress none --out '%s/gdb'", evidence);
    shell_expect(&check, 0);
    g_auto(Shell) shell = shell_run(
        LOCKSTEP
        " replay '" QUICK "+seed=1' --gdb-port %u --out '%s/gdb' > '%s/replay.log' 2>&1 & "
        "replay=$!; for i in $(seq 100); do grep -q 'waits for a debugger' '%s/replay.log' && "
        "break; "
        "sleep 0.1; done; sleep 0.5; "
        "timeout 60 gdb-multiarch -batch -nx build/firmware/rom.elf -ex 'set pagination off' "
        "-ex 'target remote :%u' -ex 'add-symbol-file build/firmware/app.elf' "
        "-ex 'hbreak rom_choose' -ex continue -ex 'info symbol $pc' "
        "-ex 'hbreak device_start' -ex continue -ex bt -ex delete -ex detach 2>&1; "
        "wait $replay; echo replay said $?; cat '%s/replay.log'",
        port, evidence, evidence, evidence, port, evidence);
    shell_expect(&shell, 0);
    if (strstr(shell.out, "Breakpoint 1") == NULL || strstr(shell.out, "rom.c:") == NULL ||
        strstr(shell.out, "Breakpoint 2, device_start ()") == NULL ||
        strstr(shell.out, "app/device.c:") == NULL || strstr(shell.out, "app/main.c:") == NULL) {
        fail_msg("gdb saw something else:\n%.3000s", shell.out);
    }
    if (strstr(shell.out, "replay said 0") == NULL ||
        strstr(shell.out, "digests are the same, also as recorded") == NULL) {
        fail_msg("the run was not the same under gdb:\n%.3000s", shell.out);
    }
}

/* What gdb and the replay say when the run is stopped before its first fault, then let go. */
static Shell stop_before_fault(const char *run_id, const char *gdb_commands)
{
    guint16 port = free_port();
    return shell_run(
        LOCKSTEP
        " replay '%s' --gdb-port %u --before fault --times 1 --out '%s/before' "
        "> '%s/before.log' 2>&1 & "
        "replay=$!; for i in $(seq 600); do grep -q 'waits for a debugger' '%s/before.log' && "
        "break; sleep 0.1; done; "
        "timeout -k 5 100 gdb-multiarch -batch -nx build/firmware/rom.elf "
        "-ex 'set pagination off' -ex 'target remote :%u' "
        "-ex 'add-symbol-file build/firmware/app.elf' -ex continue %s -ex detach 2>&1; "
        "wait $replay; echo replay said $?; cat '%s/before.log'",
        run_id, port, evidence, evidence, evidence, port, gdb_commands, evidence);
}

static void expect_words(const Shell *shell, const char *const *words)
{
    shell_expect(shell, 0);
    for (; *words != NULL; words++) {
        if (strstr(shell->out, *words) == NULL) {
            fail_msg("nothing of \"%s\" in:\n%.3000s", *words, shell->out);
        }
    }
}

/* The same run without a debugger must leave the same evidence. */
static void expect_same_digest(const Shell *shell, const char *run_id)
{
    g_auto(Shell) plain = shell_run(
        LOCKSTEP " replay '%s' --times 1 --out '%s/plain' | grep '^run 1  '", run_id, evidence);
    shell_expect(&plain, 0);
    const char *const words[] = {plain.out, NULL};
    expect_words(shell, words);
}

static void test_real_tools__gdb_stops_one_instruction_before_the_power_is_cut(void **state)
{
    (void)state;
    static const struct {
        const char *run_id;
        const char *words[6];
    } RUNS[] = {
        /* A program is torn while the processor sleeps: the last instruction is its WFI. */
        {"5.9-resilience/power-cut-during-update@nvm.op#137:prefix+seed=42",
         {"SIGTRAP", "wfi", "before:cpu_sleep ", "after:startup_reset ", "replay said 0", NULL}},
        {"5.9-resilience/power-cut-at-random-instructions@instr#1000000+seed=1",
         {"SIGTRAP", "has executed 1000000 instructions", "stops before number 999999",
          "after:startup_reset ", "replay said 0", NULL}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(RUNS); i++) {
        g_auto(Shell) shell =
            stop_before_fault(RUNS[i].run_id, "-ex 'x/i $pc' -ex 'echo before:' "
                                              "-ex 'info symbol $pc' -ex stepi "
                                              "-ex 'echo after:' -ex 'info symbol $pc'");
        expect_words(&shell, RUNS[i].words);
        expect_same_digest(&shell, RUNS[i].run_id);
    }
}

static void test_real_tools__gdb_stops_one_instruction_before_a_frame_is_sent_badly(void **state)
{
    (void)state;
    static const char *const WORDS[] = {
        "SIGTRAP", "nic_send (",    "mmio_write(NIC_BASE, NIC_TX_LENGTH",
        "str\t",   "replay said 0", NULL};
    /* Neither the stop nor the steps are to change what follows. */
    g_auto(Shell) shell = stop_before_fault(LOSSY "+seed=1", "-ex 'x/i $pc' -ex 'stepi 500'");
    expect_words(&shell, WORDS);
    expect_same_digest(&shell, LOSSY "+seed=1");
}

static void test_real_tools__nothing_stops_before_a_fault_there_is_not(void **state)
{
    (void)state;
    g_auto(Shell) no_debugger = shell_run(LOCKSTEP " replay '" LOSSY "+seed=1' --before fault");
    shell_expect(&no_debugger, 64);
    assert_non_null(strstr(no_debugger.err, "--before fault needs --gdb"));
    g_auto(Shell) no_fault = shell_run(LOCKSTEP " replay '" UPDATE "+seed=1' --gdb --before fault");
    shell_expect(&no_fault, 64);
    assert_non_null(strstr(no_fault.err, "no fault takes effect in this run"));
    g_auto(Shell) no_word = shell_run(LOCKSTEP " replay '" LOSSY "+seed=1' --gdb --before dawn");
    shell_expect(&no_word, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_tools__tshark_decrypts_as_many_requests_as_the_lab_saw),
        cmocka_unit_test(test_real_tools__tshark_finds_no_request_without_the_secrets),
        cmocka_unit_test(test_real_tools__tshark_shows_what_the_lab_did_to_frames),
        cmocka_unit_test(test_real_tools__openssl_verifies_both_certificates_of_a_session),
        cmocka_unit_test(test_real_tools__openssl_verifies_the_signature_of_an_image),
        cmocka_unit_test(test_real_tools__openssl_finds_the_digest_the_header_says),
        cmocka_unit_test(test_real_tools__gdb_stops_in_rom_and_application_and_changes_nothing),
        cmocka_unit_test(test_real_tools__gdb_stops_one_instruction_before_the_power_is_cut),
        cmocka_unit_test(test_real_tools__gdb_stops_one_instruction_before_a_frame_is_sent_badly),
        cmocka_unit_test(test_real_tools__nothing_stops_before_a_fault_there_is_not),
    };
    return cmocka_run_group_tests(tests, make_evidence, remove_evidence);
}
