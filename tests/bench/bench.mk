# SPDX-License-Identifier: MIT
#
# What `make bench` runs.

$(BUILD)/bench: $(BUILD)/sim/obj/tests/bench/bench.o $(BUILD)/sim/lab.a $(HOST_MBEDTLS_LIBS)
	@$(CC) $^ $(SIM_LIBRARIES) -o $@

test-build: $(BUILD)/bench
