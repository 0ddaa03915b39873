# SPDX-License-Identifier: MIT
#
# The lab: build/lockstep, the same under sanitizers as build/san/lockstep, its unit tests and its
# fuzz targets. Included by the Makefile; paths are relative to the repository.
