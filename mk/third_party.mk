# SPDX-License-Identifier: MIT
#
# mbedTLS for the host: three static libraries at build/host/mbedtls, from the tree that
# tools/bootstrap linked at build/third_party/mbedtls. Users compile with $(HOST_MBEDTLS_CFLAGS) and
# link $(HOST_MBEDTLS_LIBS), which are also prerequisites.

HOST_CC ?= cc

HOST_MBEDTLS     := $(BUILD)/host/mbedtls
HOST_MBEDTLS_SRC := $(BUILD)/third_party/mbedtls
HOST_MBEDTLS_CFLAGS := -isystem $(HOST_MBEDTLS_SRC)/include \
	-DMBEDTLS_USER_CONFIG_FILE='"$(CURDIR)/mk/mbedtls_host_config.h"'
HOST_MBEDTLS_LIBS := $(HOST_MBEDTLS)/libmbedtls.a $(HOST_MBEDTLS)/libmbedx509.a \
	$(HOST_MBEDTLS)/libmbedcrypto.a

# As upstream divides its sources; whatever is neither TLS nor X.509 is cryptography.
HOST_MBEDTLS_TLS_STEMS  := $(basename $(notdir $(wildcard $(HOST_MBEDTLS_SRC)/library/ssl*.c))) \
	debug mps_reader mps_trace net_sockets
HOST_MBEDTLS_X509_STEMS := $(basename $(notdir $(wildcard $(HOST_MBEDTLS_SRC)/library/x509*.c))) \
	pkcs7
HOST_MBEDTLS_STEMS := $(basename $(notdir $(wildcard $(HOST_MBEDTLS_SRC)/library/*.c)))
HOST_MBEDTLS_CRYPTO_STEMS := $(filter-out $(HOST_MBEDTLS_TLS_STEMS) $(HOST_MBEDTLS_X509_STEMS), \
	$(HOST_MBEDTLS_STEMS))

host_mbedtls_objects = $(patsubst %,$(HOST_MBEDTLS)/obj/%.o,$(1))

$(HOST_MBEDTLS)/libmbedtls.a: $(call host_mbedtls_objects,$(HOST_MBEDTLS_TLS_STEMS))
$(HOST_MBEDTLS)/libmbedx509.a: $(call host_mbedtls_objects,$(HOST_MBEDTLS_X509_STEMS))
$(HOST_MBEDTLS)/libmbedcrypto.a: $(call host_mbedtls_objects,$(HOST_MBEDTLS_CRYPTO_STEMS)) \
	$(HOST_MBEDTLS)/obj/mbedtls_host_random.o

$(HOST_MBEDTLS_LIBS):
	@rm -f $@
	@ar rcs $@ $^

$(HOST_MBEDTLS)/obj/%.o: $(HOST_MBEDTLS_SRC)/library/%.c mk/mbedtls_host_config.h mk/third_party.mk
	@mkdir -p $(@D)
	@$(HOST_CC) -std=gnu11 -O2 -g1 $(HOST_MBEDTLS_CFLAGS) -I$(HOST_MBEDTLS_SRC)/library -c -o $@ $<

$(HOST_MBEDTLS)/obj/mbedtls_host_random.o: mk/mbedtls_host_random.c mk/mbedtls_host_config.h
	@mkdir -p $(@D)
	@$(HOST_CC) -std=gnu11 -O2 -g1 -Wall -Wextra -Werror $(HOST_MBEDTLS_CFLAGS) -c -o $@ $<
