# SPDX-License-Identifier: MIT
#
# The network against a fake device of lwIP and mbedTLS (tests/fakes/fake_client.c), under sanitizers.
# Its objects are built by the lab's rules (sim/sim.mk).

NET_LWIP_SRC := $(BUILD)/third_party/lwip/src
NET_LWIP_STEMS := core/def core/dns core/inet_chksum core/init core/ip core/mem core/memp \
	core/netif core/pbuf core/stats core/sys core/tcp core/tcp_in core/tcp_out core/timeouts \
	core/udp core/ipv4/dhcp core/ipv4/etharp core/ipv4/icmp core/ipv4/ip4 core/ipv4/ip4_addr \
	core/ipv4/ip4_frag netif/ethernet
NET_LWIP_OBJECTS := $(NET_LWIP_STEMS:%=$(BUILD)/tests/lwip/%.o)
NET_LWIP_CFLAGS := -Itests/fakes/lwip -isystem $(NET_LWIP_SRC)/include
NET_FAKE := $(BUILD)/san/sim/obj/tests/fakes/fake_client.o
NET_TEST := $(BUILD)/tests/unit/network/test_network

$(NET_FAKE): SIM_CFLAGS += $(NET_LWIP_CFLAGS)

$(BUILD)/tests/lwip/%.o: $(NET_LWIP_SRC)/%.c tests/fakes/lwip/lwipopts.h tests/fakes/lwip/arch/cc.h
	@mkdir -p $(@D)
	@$(CC) -std=gnu11 -O1 -g -w -fsanitize=address,undefined $(NET_LWIP_CFLAGS) -c $< -o $@

$(NET_TEST): $(BUILD)/san/sim/obj/tests/unit/network/test_network.o $(NET_FAKE) \
		$(NET_LWIP_OBJECTS) $(BUILD)/san/sim/lab.a $(HOST_MBEDTLS_LIBS) \
		| $(BUILD)/keys/WORTHLESS.txt
	@mkdir -p $(@D)
	@$(CC) $(SIM_SAN) $^ $(SIM_LIBRARIES) -lcmocka -o $@

test-build: $(NET_TEST)
TEST_COMMANDS += "$(NET_TEST)"

# What a hostile device may send.
NET_FUZZ_SOURCES := $(wildcard sim/base/*.c sim/evidence/*.c) $(addprefix sim/world/,frame.c \
	firewall.c gateway.c queue.c tally.c peers/station.c peers/dns.c peers/ntp.c peers/http.c \
	peers/cloud_report.c)

$(BUILD)/fuzz/fuzz_network: $(BUILD)/fuzz/obj/tests/fuzz/fuzz_network.o \
		$(NET_FUZZ_SOURCES:%.c=$(BUILD)/fuzz/obj/%.o)
	@mkdir -p $(BUILD)/fuzz/corpus/network
	@$(FUZZ_CC) -fsanitize=fuzzer,address,undefined $^ \
	    $$(pkg-config --libs gio-2.0 libfyaml slirp) -o $@

test-build: $(BUILD)/fuzz/fuzz_network
# libslirp 4.7 leaks a packet now and then when a session is begun in odd ways; see docs/limits.md.
TEST_COMMANDS += "env ASAN_OPTIONS=detect_leaks=0 $(BUILD)/fuzz/fuzz_network -runs=5000 \
	-max_len=2048 -close_fd_mask=2 -detect_leaks=0 -artifact_prefix=$(BUILD)/fuzz/ $(BUILD)/fuzz/corpus/network tests/corpus/network"
