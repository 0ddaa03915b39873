# SPDX-License-Identifier: MIT
#
# The application: its sources, lwIP and mbedTLS for the target, build/firmware/app.elf, and the unit
# tests of what is portable in it. Included by firmware.mk, whose flags and shared objects it uses.

APP_DIR       := $(FIRMWARE_DIR)/app
APP_SOURCES   := $(wildcard $(APP_DIR)/*.c) $(FIRMWARE_DIR)/drivers/startup.c
APP_LDSCRIPT  := $(APP_DIR)/app.ld
APP_LIBRARIES := $(FIRMWARE)/app/libthird.a
APP_OBJECTS   := $(call firmware_objects,$(APP_SOURCES)) $(FIRMWARE_SHARED_OBJECTS) \
	$(call firmware_objects,$(FIRMWARE_ACCEL))

APP_MBEDTLS := $(BUILD)/third_party/mbedtls
APP_LWIP    := $(BUILD)/third_party/lwip

APP_MBEDTLS_CFLAGS := -isystem $(APP_MBEDTLS)/include -isystem $(APP_MBEDTLS)/library \
	-isystem $(APP_MBEDTLS)/3rdparty/p256-m \
	-DMBEDTLS_CONFIG_FILE='"vdevice/firmware/app/port/mbedtls_config.h"' \
	-DMBEDTLS_PSA_CRYPTO_CONFIG_FILE='"vdevice/firmware/app/port/psa_config.h"'
APP_LWIP_CFLAGS := -isystem $(APP_LWIP)/src/include -I$(APP_DIR)/port

# Their code is theirs: compiled as it is, without our warnings.
APP_THIRD_CFLAGS := -specs=picolibc.specs $(FIRMWARE_ARCH) -std=c11 -Os -g -ffunction-sections \
	-fdata-sections -fno-common -w -I.

APP_MBEDTLS_STEMS := aes asn1parse asn1write base64 block_cipher chacha20 chachapoly constant_time \
	gcm hkdf md memory_buffer_alloc oid pk pk_ecc pk_wrap pkparse platform platform_util poly1305 \
	psa_crypto psa_crypto_aead psa_crypto_cipher psa_crypto_client \
	psa_crypto_driver_wrappers_no_static psa_crypto_ecp psa_crypto_hash psa_crypto_mac \
	psa_crypto_slot_management psa_crypto_storage psa_util sha256 ssl_ciphersuites ssl_client \
	ssl_debug_helpers_generated ssl_msg ssl_tls ssl_tls13_client ssl_tls13_generic ssl_tls13_keys \
	x509 x509_crt
APP_LWIP_STEMS := core/def core/dns core/inet_chksum core/init core/ip core/mem core/memp \
	core/netif core/pbuf core/tcp core/tcp_in core/tcp_out core/timeouts core/udp core/ipv4/dhcp \
	core/ipv4/etharp core/ipv4/icmp core/ipv4/ip4 core/ipv4/ip4_addr netif/ethernet

APP_MBEDTLS_OBJECTS := $(APP_MBEDTLS_STEMS:%=$(FIRMWARE)/app/mbedtls/%.o) \
	$(FIRMWARE)/app/mbedtls/p256-m_driver_entrypoints.o
APP_LWIP_OBJECTS := $(APP_LWIP_STEMS:%=$(FIRMWARE)/app/lwip/%.o)
APP_PORT := $(wildcard $(APP_DIR)/port/*.h) $(wildcard $(APP_DIR)/port/arch/*.h)

$(FIRMWARE)/app/mbedtls/%.o: $(APP_PORT)
	@mkdir -p $(@D)
	@$(FIRMWARE_CC) $(APP_THIRD_CFLAGS) $(APP_MBEDTLS_CFLAGS) \
	    -ffile-prefix-map=$(abspath $(APP_MBEDTLS))/= -c $(APP_MBEDTLS)/library/$*.c -o $@

$(FIRMWARE)/app/mbedtls/p256-m_driver_entrypoints.o: $(APP_PORT)
	@mkdir -p $(@D)
	@$(FIRMWARE_CC) $(APP_THIRD_CFLAGS) $(APP_MBEDTLS_CFLAGS) \
	    -ffile-prefix-map=$(abspath $(APP_MBEDTLS))/= \
	    -c $(APP_MBEDTLS)/3rdparty/p256-m/p256-m_driver_entrypoints.c -o $@

$(FIRMWARE)/app/lwip/%.o: $(APP_PORT)
	@mkdir -p $(@D)
	@$(FIRMWARE_CC) $(APP_THIRD_CFLAGS) $(APP_LWIP_CFLAGS) \
	    -ffile-prefix-map=$(abspath $(APP_LWIP))/= -c $(APP_LWIP)/src/$*.c -o $@

$(APP_LIBRARIES): $(APP_MBEDTLS_OBJECTS) $(APP_LWIP_OBJECTS)
	@rm -f $@
	@arm-none-eabi-ar rcsD $@ $^

$(call firmware_objects,$(APP_DIR)/net_port.c): FIRMWARE_EXTRA := $(APP_LWIP_CFLAGS)
$(call firmware_objects,$(APP_DIR)/tls_port.c $(APP_DIR)/tls_p256.c): \
	FIRMWARE_EXTRA := $(APP_MBEDTLS_CFLAGS)

$(FIRMWARE)/app.elf: $(APP_OBJECTS) $(APP_LIBRARIES) $(APP_LDSCRIPT)
	@$(FIRMWARE_CC) $(FIRMWARE_LDFLAGS) $(DEFECT_LDFLAGS) -T $(APP_LDSCRIPT) \
	    -Wl,-Map=$(FIRMWARE)/app.map $(filter %.o,$^) $(APP_LIBRARIES) -o $@

# --- Unit tests ----------------------------------------------------------------------------------

# What touches neither registers nor third parties, over fakes, under ASan and UBSan.
APP_UNIT_DIR    := $(BUILD)/tests/unit/app
APP_UNIT_CFLAGS := -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	$(STRICT) -I.
APP_UNIT_SHARED := $(APP_DIR)/keypad.c $(APP_DIR)/sntp.c $(APP_DIR)/report.c $(APP_DIR)/exchange.c \
	$(APP_DIR)/session.c $(FIRMWARE_DIR)/base/bytes.c $(FIRMWARE_DIR)/base/status.c \
	$(FIRMWARE_DIR)/core/backoff.c $(FIRMWARE_DIR)/core/http_response.c \
	$(FIRMWARE_DIR)/core/lock_policy.c $(APP_DIR)/lock.c tests/fakes/fake_service.c \
	tests/fakes/fake_home.c tests/fakes/fake_door.c
app_unit_objects = $(patsubst %.c,$(APP_UNIT_DIR)/obj/%.o,$(1))
APP_UNIT_TESTS := $(patsubst tests/unit/app/%.c,$(APP_UNIT_DIR)/%,\
	$(wildcard tests/unit/app/test_*.c))

$(APP_UNIT_DIR)/obj/%.o: %.c
	@mkdir -p $(@D)
	@$(CC) $(APP_UNIT_CFLAGS) -MMD -MP -c $< -o $@

$(APP_UNIT_DIR)/test_%: $(APP_UNIT_DIR)/obj/tests/unit/app/test_%.o \
		$(call app_unit_objects,$(APP_UNIT_SHARED))
	@$(CC) -fsanitize=address,undefined $^ -lcmocka -o $@

.SECONDARY: $(call app_unit_objects,$(APP_UNIT_SHARED))
test-build: $(APP_UNIT_TESTS)
TEST_COMMANDS += $(APP_UNIT_TESTS:%="%")

-include $(shell test -d $(APP_UNIT_DIR)/obj && find $(APP_UNIT_DIR)/obj -name '*.d')

# --- The line between the halves -----------------------------------------------------------------

# The application with attacks in it, and the test that makes them on the machine.
PRIVILEGE := $(BUILD)/tests/system

$(PRIVILEGE)/privilege.elf: $(APP_OBJECTS) \
		$(call firmware_objects,tests/system/privilege_attacks.c) $(APP_LIBRARIES) $(APP_LDSCRIPT)
	@mkdir -p $(@D)
	@$(FIRMWARE_CC) $(FIRMWARE_LDFLAGS) -Wl,--wrap=session_poll -T $(APP_LDSCRIPT) \
	    $(filter %.o,$^) $(APP_LIBRARIES) -o $@

$(PRIVILEGE)/privilege.bin: $(PRIVILEGE)/privilege.elf
	@$(FIRMWARE_COPY) -O binary $< $@

$(PRIVILEGE)/privilege.img: images/app-1.0.0.yaml $(PRIVILEGE)/privilege.bin $(BUILD)/mkimage
	@$(BUILD)/mkimage $< $(PRIVILEGE)/privilege.bin $@

$(PRIVILEGE)/test_privilege: $(BUILD)/sim/obj/tests/system/test_privilege.o $(BUILD)/sim/lab.a \
		$(HOST_MBEDTLS_LIBS)
	@mkdir -p $(@D)
	@$(CC) $^ $(SIM_LIBRARIES) -lcmocka -o $@

test-build: $(PRIVILEGE)/test_privilege $(PRIVILEGE)/privilege.img
TEST_COMMANDS += "$(PRIVILEGE)/test_privilege $(BUILD)/qemu-system-arm $(FIRMWARE)/rom.bin $(PRIVILEGE)/privilege.img"
