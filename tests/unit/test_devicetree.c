// SPDX-License-Identifier: MIT
// test-sources: microcore/devicetree.c
//
// The device tree reader, on trees that are composed here in the format of the specification's
// chapter 5: the same nodes that QEMU's virt machine has, and broken ones.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "microcore/devicetree.h"
#include "microcore/panic.h"

// string_copy is the only thing needed of microcore/string.c; the rest is the host's.
void string_copy(char *destination, const char *source, size_t size);
void string_copy(char *destination, const char *source, size_t size)
{
    strncpy(destination, source, size - 1);
    destination[size - 1] = '\0';
}

// ---- Composing a tree ----

static uint8_t structure[8192], strings[1024], blob[16384];
static uint32_t structure_size, strings_size;

static void cell(uint32_t value)
{
    uint8_t bytes[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                       (uint8_t)value};
    memcpy(structure + structure_size, bytes, 4);
    structure_size += 4;
}

static void bytes(const void *data, uint32_t length)
{
    memcpy(structure + structure_size, data, length);
    memset(structure + structure_size + length, 0, -length & 3);
    structure_size += (length + 3) & ~3u;
}

static void begin(const char *name)
{
    cell(1);
    bytes(name, (uint32_t)strlen(name) + 1);
}

static void end(void)
{
    cell(2);
}

static void property(const char *name, const void *data, uint32_t length)
{
    cell(3);
    cell(length);
    cell(strings_size);
    strcpy((char *)strings + strings_size, name);
    strings_size += (uint32_t)strlen(name) + 1;
    bytes(data, length);
}

static void text(const char *name, const char *value)
{
    property(name, value, (uint32_t)strlen(value) + 1);
}

#define cells(name, ...)                                                                           \
    cells_of(name, (uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}))

static void cells_of(const char *name, const uint32_t *values, size_t size)
{
    uint8_t data[256];
    for (size_t i = 0; i < size / 4; i++) {
        data[4 * i] = (uint8_t)(values[i] >> 24);
        data[4 * i + 1] = (uint8_t)(values[i] >> 16);
        data[4 * i + 2] = (uint8_t)(values[i] >> 8);
        data[4 * i + 3] = (uint8_t)values[i];
    }
    property(name, data, (uint32_t)size);
}

static void header_cell(uint32_t index, uint32_t value)
{
    blob[4 * index] = (uint8_t)(value >> 24);
    blob[4 * index + 1] = (uint8_t)(value >> 16);
    blob[4 * index + 2] = (uint8_t)(value >> 8);
    blob[4 * index + 3] = (uint8_t)value;
}

// Puts header, structure and strings together. Returns the size.
static uint32_t compose(void)
{
    cell(9);
    uint32_t total = 40 + structure_size + strings_size;
    memcpy(blob + 40, structure, structure_size);
    memcpy(blob + 40 + structure_size, strings, strings_size);
    const uint32_t header[] = {0xD00DFEED, total, 40, 40 + structure_size, 0,
                               17,         16,    0,  strings_size,        structure_size};
    for (uint32_t i = 0; i < 10; i++)
        header_cell(i, header[i]);
    return total;
}

static void hart_node(uint32_t id, const char *isa, const char *status)
{
    begin("cpu");
    text("device_type", "cpu");
    cells("reg", id);
    text("status", status);
    text("riscv,isa", isa);
    begin("interrupt-controller");
    text("compatible", "riscv,cpu-intc");
    cells("phandle", 100 + id);
    end();
    end();
}

#define ISA "rv64imafdch_zicsr_zifencei_zba_zbb_zbs_sstc"

// A machine like QEMU's. ARGUMENTS: the command line. ISA: of hart 2.
static uint32_t tree(const char *arguments, const char *isa)
{
    structure_size = strings_size = 0;
    begin("");
    cells("#address-cells", 2);
    cells("#size-cells", 2);
    begin("chosen");
    text("bootargs", arguments);
    cells("linux,initrd-start", 0x84000000);
    cells("linux,initrd-end", 0, 0x84200000);
    end();
    begin("memory@80000000");
    text("device_type", "memory");
    cells("reg", 0, 0x80000000, 0, 0x20000000);
    end();
    begin("cpus");
    cells("#address-cells", 1);
    cells("#size-cells", 0);
    cells("timebase-frequency", 10000000);
    hart_node(0, ISA, "okay");
    hart_node(1, ISA, "disabled");
    hart_node(2, isa, "okay");
    end();
    begin("soc");
    cells("#address-cells", 2);
    cells("#size-cells", 2);
    begin("virtio_mmio@10002000");
    cells("interrupts", 2);
    cells("reg", 0, 0x10002000, 0, 0x1000);
    text("compatible", "virtio,mmio");
    end();
    begin("serial@10000000");
    cells("interrupts", 10);
    cells("reg", 0, 0x10000000, 0, 0x100);
    text("compatible", "ns16550a");
    end();
    begin("test@100000");
    cells("reg", 0, 0x100000, 0, 0x1000);
    property("compatible", "sifive,test1\0sifive,test0\0syscon", 33);
    end();
    begin("plic@c000000");
    cells("reg", 0, 0xC000000, 0, 0x600000);
    property("compatible", "sifive,plic-1.0.0\0riscv,plic0", 30);
    cells("interrupts-extended", 102, 11, 102, 9, 101, 11, 101, 9, 100, 11, 100, 9);
    end();
    end();
    end();
    return compose();
}

// ---- Tests ----

static void the_machine_is_what_the_tree_says(void **state)
{
    (void)state;
    assert_int_equal(devicetree_parse(blob, tree("run quiet", ISA)), 0);
    assert_int_equal(machine.memory_start, 0x80000000);
    assert_int_equal(machine.memory_end, 0xA0000000);
    assert_int_equal(machine.initrd_start, 0x84000000);
    assert_int_equal(machine.initrd_end, 0x84200000);
    assert_int_equal(machine.timebase_hz, 10000000);
    assert_int_equal(machine.plic_address, 0xC000000);
    assert_int_equal(machine.test_address, 0x100000);
    assert_string_equal(machine.command_line, "run quiet");
}

static void harts_have_their_plic_contexts_and_disabled_ones_do_not_count(void **state)
{
    (void)state;
    assert_int_equal(devicetree_parse(blob, tree("", ISA)), 0);
    assert_int_equal(machine.hart_count, 2);
    assert_int_equal(machine.hart_ids[0], 0);
    assert_int_equal(machine.hart_contexts[0], 5);
    assert_int_equal(machine.hart_ids[1], 2);
    assert_int_equal(machine.hart_contexts[1], 1);
}

static void devices_are_sorted_by_address(void **state)
{
    (void)state;
    assert_int_equal(devicetree_parse(blob, tree("", ISA)), 0);
    assert_int_equal(machine.device_count, 2);
    assert_string_equal(machine.devices[0].compatible, "ns16550a");
    assert_int_equal(machine.devices[0].interrupt, 10);
    assert_string_equal(machine.devices[1].compatible, "virtio,mmio");
    assert_int_equal(machine.devices[1].address, 0x10002000);
}

static void an_extension_counts_only_if_all_harts_have_it(void **state)
{
    (void)state;
    assert_int_equal(devicetree_parse(blob, tree("", ISA)), 0);
    assert_true(machine.has_sstc && machine.has_zba && machine.has_zbb && machine.has_zbs);
    assert_int_equal(devicetree_parse(blob, tree("", "rv64imac_zbb_zbalike_sstcx")), 0);
    assert_true(machine.has_zbb);
    assert_false(machine.has_zbs);
    assert_false(machine.has_zba);
    assert_false(machine.has_sstc);
}

static void options_are_found_by_their_whole_key(void **state)
{
    (void)state;
    char value[8];
    assert_int_equal(
        devicetree_parse(blob, tree("loglevel=3 run  name=a=b longvalue=123456789", ISA)), 0);
    assert_true(command_line_option("loglevel", value, sizeof(value)));
    assert_string_equal(value, "3");
    assert_true(command_line_option("run", value, sizeof(value)));
    assert_string_equal(value, "");
    assert_true(command_line_option("name", value, sizeof(value)));
    assert_string_equal(value, "a=b");
    assert_true(command_line_option("longvalue", value, sizeof(value)));
    assert_string_equal(value, "1234567");
    assert_false(command_line_option("log", value, sizeof(value)));
    assert_false(command_line_option("loglevel=3", value, sizeof(value)) && value[0]);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    uint32_t total = tree("", ISA);
    for (uint32_t limit = 0; limit < total; limit++) {
        uint8_t *copy = malloc(limit ? limit : 1); // so that the sanitizer sees what lies behind it
        memcpy(copy, blob, limit);
        assert_int_not_equal(devicetree_parse(copy, limit), 0);
        free(copy);
    }
}

// Whatever it says about a damaged tree, it stays within its bytes (checked by the sanitizer).
static void damaged_trees_are_read_within_their_bytes(void **state)
{
    (void)state;
    uint32_t total = tree("a b c", ISA);
    uint8_t *copy = malloc(total);
    srand(1);
    for (int round = 0; round < 20000; round++) {
        memcpy(copy, blob, total);
        for (int damage = rand() % 4; damage >= 0; damage--)
            copy[(uint32_t)rand() % total] = (uint8_t)(rand() % 4 ? rand() : 255);
        devicetree_parse(copy, total);
    }
    free(copy);
}

static void a_tree_without_what_is_needed_is_refused(void **state)
{
    (void)state;
    structure_size = strings_size = 0;
    begin("");
    end();
    assert_int_not_equal(devicetree_parse(blob, compose()), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_machine_is_what_the_tree_says),
        cmocka_unit_test(harts_have_their_plic_contexts_and_disabled_ones_do_not_count),
        cmocka_unit_test(devices_are_sorted_by_address),
        cmocka_unit_test(an_extension_counts_only_if_all_harts_have_it),
        cmocka_unit_test(options_are_found_by_their_whole_key),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(damaged_trees_are_read_within_their_bytes),
        cmocka_unit_test(a_tree_without_what_is_needed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
