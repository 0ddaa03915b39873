# SPDX-License-Identifier: MIT
#
# From the recipes of seeded defects, the make rules that link their firmware (see defects.mk).

function words(text) {
    gsub(/[][,]/, " ", text)
    return text
}

function finish(    flags, count, list, i, version) {
    if (defect == "") {
        return
    }
    count = split(words(wraps), list, " ")
    for (i = 1; i <= count; i++) {
        flags = flags " -Wl,--wrap=" list[i]
    }
    object = "$(FIRMWARE)/obj/images/defects/" substr(source, 1, length(source) - 2) ".o"
    count = split(words(programs), list, " ")
    for (i = 1; i <= count; i++) {
        elf = "$(FIRMWARE)/" list[i] "+" defect ".elf"
        print elf ": " object
        print elf ": DEFECT_FLAGS :=" flags
        if (list[i] == "rom") {
            print "DEFECT_FILES += $(FIRMWARE)/rom+" defect ".bin"
            print "$(FIRMWARE)/rom-soft+" defect ".elf: " object
            print "$(FIRMWARE)/rom-soft+" defect ".elf: DEFECT_FLAGS :=" flags
            continue
        }
        for (version = 0; version < 3; version++) {
            name = "app-1." version ".0"
            image = "$(BUILD)/images/" name "+" defect ".img"
            print "DEFECT_FILES += " image
            print image ": images/" name ".yaml $(FIRMWARE)/app+" defect ".bin $(BUILD)/mkimage"
            print "\t@mkdir -p $(@D)"
            print "\t@$(BUILD)/mkimage $< $(FIRMWARE)/app+" defect ".bin $@"
        }
    }
}

FNR == 1 { finish(); defect = programs = wraps = source = "" }
$1 == "defect:" { defect = $2 }
$1 == "source:" { source = $2 }
$1 == "programs:" { sub(/^programs: */, ""); programs = $0 }
$1 == "wraps:" { sub(/^wraps: */, ""); wraps = $0 }
END { finish() }
