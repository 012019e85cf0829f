// SPDX-License-Identifier: MIT
// From a machine that runs to services that serve: images from the initrd, then the list of
// services.
#include "version.h"
#include "kernel/control.h"
#include "kernel/cpio.h"
#include "kernel/device.h"
#include "kernel/domain.h"
#include "kernel/entries.h"
#include "kernel/image.h"
#include "kernel/log.h"
#include "kernel/reclaim.h"
#include "kernel/rref.h"
#include "kernel/slot.h"
#include "kernel/thread.h"
#include "microcore/boot.h"
#include "microcore/console.h"
#include "microcore/devicetree.h"
#include "microcore/hart.h"
#include "microcore/page.h"
#include "microcore/panic.h"
#include "microcore/sbi.h"
#include "microcore/string.h"
#include <stddef.h>

#define LINE_MAX 128

const char *const kernel_command_line_keys[] = {"run", "icount", NULL};

static bool name_has_suffix(const char *name, uint64_t length, const char *suffix)
{
    uint64_t suffix_length = strlen(suffix);
    return length > suffix_length && !memcmp(name + length - suffix_length, suffix, suffix_length);
}

static void register_image(const struct cpio_entry *entry)
{
    char reason[REASON_SIZE];
    bool known;
    if (!image_register(entry->data, entry->size, "initrd", false, &known, reason, sizeof(reason)))
        log_line(LOG_SHOW, "boot", "%s: %s", entry->name, reason);
}

// `load IMAGE [as NAME]`; anything else is told and passed over.
static void start_service(char *line)
{
    char reason[REASON_SIZE] = "", *words[4] = {0};
    uint32_t count = 0;
    for (char *c = line; *c && count < 4;) {
        while (*c == ' ')
            *c++ = 0;
        if (*c)
            words[count++] = c;
        while (*c && *c != ' ')
            c++;
    }
    if (!count || words[0][0] == '#')
        return;
    bool as = count == 4 && !strcmp(words[2], "as");
    if (strcmp(words[0], "load") || (count != 2 && !as)) {
        log_line(LOG_SHOW, "boot", "services: cannot read a line that begins with %s", words[0]);
        return;
    }
    const char *name = as ? words[3] : words[1];
    struct image *image = image_find(words[1]);
    if (!image)
        log_line(LOG_SHOW, "boot", "%s: no image %s in the initrd", name, words[1]);
    else if (service_load(image, name, reason))
        log_line(LOG_SHOW, "domain", "%s: %s", name, reason);
    else
        log_line(LOG_BETWEEN, "domain", "%-10s v%u  %s  verified %lu KiB in %lu.%lu ms", name,
                 image->header.version, image->header.title,
                 (image->elf.text.memory_size + 1023) / 1024, image->verify_ns / 1000000,
                 image->verify_ns / 100000 % 10);
}

static void start_services(const struct cpio_entry *list)
{
    const char *text = list->data, *end = text + list->size;
    while (text < end) {
        char line[LINE_MAX];
        uint64_t length = 0;
        while (text + length < end && text[length] != '\n')
            length++;
        if (length < sizeof(line)) {
            memcpy(line, text, length);
            line[length] = 0;
            start_service(line);
        }
        text += length + 1;
    }
}

static void read_initrd(struct cpio_entry *services)
{
    const char *initrd = page_pointer(machine.initrd_start);
    uint64_t size = machine.initrd_end - machine.initrd_start, position = 0;
    struct cpio_entry entry;
    while (cpio_next(initrd, size, &position, &entry)) {
        uint64_t length = strlen(entry.name);
        if (!strncmp(entry.name, "boot/", 5) && name_has_suffix(entry.name, length, ".elf"))
            register_image(&entry);
        if (!strcmp(entry.name, "boot/services"))
            *services = entry;
    }
}

#define SBI_OPENSBI 1 // implementation number (SBI specification, chapter 4)

static void banner(void)
{
    uint64_t firmware = (uint64_t)sbi_implementation_version();
    console_printf("Bulkhead %s (%s) on %u hart%s, %lu MiB, %s %lu.%lu\n", VERSION, VERSION_COMMIT,
                   hart_count, hart_count == 1 ? "" : "s",
                   (machine.memory_end - machine.memory_start) >> 20,
                   sbi_implementation() == SBI_OPENSBI ? "OpenSBI" : "SBI firmware", firmware >> 16,
                   firmware & 0xFFFF);
}

// A thread, so that it can enter domains.
static void start(void *argument)
{
    struct cpio_entry services = {0};
    (void)argument;
    read_initrd(&services);
    if (!services.data) {
        log_line(LOG_FAULT, "boot", "the initrd has no boot/services: nothing to start");
        machine_power_off(NO_BOOT_STATUS);
    }
    start_services(&services);
    thread_exit();
}

void kernel_main(void)
{
    banner();
    gate_page_init();
    version_init();
    slot_init();
    rref_init();
    device_init();
    reclaim_start();
    control_start();
    if (!machine.has_zba || !machine.has_zbb || !machine.has_zbs) {
        log_line(LOG_FAULT, "boot", "this CPU lacks %s: no domain can run (QEMU: -cpu rv64)",
                 !machine.has_zba   ? "Zba"
                 : !machine.has_zbb ? "Zbb"
                                    : "Zbs");
        machine_power_off(NO_BOOT_STATUS);
    }
    if (!machine.initrd_start || machine.initrd_end > machine.memory_end) {
        log_line(LOG_FAULT, "boot",
                 machine.initrd_start ? "the initrd does not fit into memory (QEMU: -m)"
                                      : "no initrd: there is nothing to start (QEMU: -initrd)");
        machine_power_off(NO_BOOT_STATUS);
    }
    struct thread *thread = thread_create("start", start, NULL);
    if (!thread)
        panic("no memory for the first thread");
    task_wake(&thread->task);
}
