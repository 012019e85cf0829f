// SPDX-License-Identifier: MIT
#include "microcore/devicetree.h"
#include "kernel/abi/error.h"
#include "microcore/string.h"

#define MAGIC                0xD00DFEED
#define DEPTH_MAX            8
#define INTERRUPT_S_EXTERNAL 9 // of a hart's own interrupt controller

enum token { TOKEN_BEGIN = 1, TOKEN_END = 2, TOKEN_PROPERTY = 3, TOKEN_NOP = 4, TOKEN_STOP = 9 };

struct property {
    const uint8_t *data;
    uint32_t length;
};

// What has been read of a node that is open.
struct node {
    const char *name;
    uint32_t address_cells, size_cells; // for its children
    uint32_t phandle;
    struct property compatible, reg, interrupts, extended, type, isa, status, frequency;
    struct property arguments, initrd_start, initrd_end;
};

struct reader {
    const uint8_t *at, *end;
    const char *strings;
    uint32_t strings_size;
    struct node nodes[DEPTH_MAX];
    uint32_t depth; // of open nodes
};

struct machine machine;

// For the PLIC, which names harts by the phandles of their interrupt controllers.
static uint32_t hart_phandles[HARTS_MAX];
static struct property plic_contexts;

static uint32_t cell_at(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

// A number of COUNT cells at cell INDEX of a property; 0 where the property is too short.
static uint64_t property_number(const struct property *property, uint32_t index, uint32_t count)
{
    uint64_t value = 0;
    if (count > 2 || (index + count) * 4 > property->length)
        return 0;
    for (uint32_t i = 0; i < count; i++)
        value = value << 32 | cell_at(property->data + 4 * (index + i));
    return value;
}

// A number of whatever length it has.
static uint64_t property_value(const struct property *property)
{
    return property_number(property, 0, property->length >= 8 ? 2 : 1);
}

static bool property_is(const struct property *property, const char *text)
{
    size_t size = strlen(text) + 1;
    return property->length >= size && !memcmp(property->data, text, size);
}

// One of the strings of a list.
static bool property_lists(const struct property *property, const char *text)
{
    for (uint32_t at = 0; at < property->length;) {
        struct property rest = {property->data + at, property->length - at};
        if (property_is(&rest, text))
            return true;
        at += strnlen((const char *)rest.data, rest.length) + 1;
    }
    return false;
}

static void property_copy(char *to, size_t size, const struct property *property)
{
    size_t length = property->length ? strnlen((const char *)property->data, property->length) : 0;
    length = length < size ? length : size - 1;
    if (length)
        memcpy(to, property->data, length);
    to[length] = '\0';
}

// ---- What single nodes mean ----

// An extension of several letters, which stand behind underscores.
static bool isa_has(const struct property *isa, const char *extension)
{
    size_t length = strlen(extension);
    const char *text = (const char *)isa->data;
    for (uint32_t at = 0; at + length < isa->length; at++)
        if (text[at] == '_' && !strncmp(text + at + 1, extension, length) &&
            (text[at + 1 + length] == '_' || text[at + 1 + length] == '\0'))
            return true;
    return false;
}

static void hart_read(const struct node *parent, const struct node *node)
{
    bool usable = !node->status.length || property_is(&node->status, "okay");
    if (!usable || machine.hart_count == HARTS_MAX)
        return;
    uint64_t id = property_number(&node->reg, 0, parent->address_cells);
    if (id >= 64) // beyond the masks of sbi.h
        return;
    bool first = machine.hart_count == 0;
    machine.has_sstc = (first || machine.has_sstc) && isa_has(&node->isa, "sstc");
    machine.has_zba = (first || machine.has_zba) && isa_has(&node->isa, "zba");
    machine.has_zbb = (first || machine.has_zbb) && isa_has(&node->isa, "zbb");
    machine.has_zbs = (first || machine.has_zbs) && isa_has(&node->isa, "zbs");
    hart_phandles[machine.hart_count] = node->phandle; // its interrupt controller's, see below
    machine.hart_ids[machine.hart_count++] = (uint32_t)id;
}

static void chosen_read(const struct node *node)
{
    property_copy(machine.command_line, sizeof(machine.command_line), &node->arguments);
    machine.initrd_start = property_value(&node->initrd_start);
    machine.initrd_end = property_value(&node->initrd_end);
}

static void memory_read(const struct node *parent, const struct node *node)
{
    uint64_t start = property_number(&node->reg, 0, parent->address_cells);
    uint64_t size = property_number(&node->reg, parent->address_cells, parent->size_cells);
    if (machine.memory_end || start + size < start)
        return; // the first bank
    machine.memory_start = start;
    machine.memory_end = start + size < DIRECT_MAP_SIZE ? start + size : DIRECT_MAP_SIZE;
}

// Devices are kept in the order of their addresses, whatever the tree's.
static void device_read(const struct node *parent, const struct node *node)
{
    struct machine_device device = {
        .address = property_number(&node->reg, 0, parent->address_cells),
        .size = property_number(&node->reg, parent->address_cells, parent->size_cells),
        .interrupt = (uint32_t)property_number(&node->interrupts, 0, 1),
    };
    if (!device.size || device.address + device.size < device.address ||
        device.address + device.size > MMIO_WINDOW_SIZE ||
        machine.device_count == MACHINE_DEVICES_MAX)
        return;
    property_copy(device.compatible, sizeof(device.compatible), &node->compatible);
    uint32_t place = machine.device_count++;
    for (; place && machine.devices[place - 1].address > device.address; place--)
        machine.devices[place] = machine.devices[place - 1];
    machine.devices[place] = device;
}

// A node is complete. Its parent is still open.
static void node_finish(struct node *parent, const struct node *node)
{
    uint64_t address = property_number(&node->reg, 0, parent->address_cells);
    if (property_is(&node->type, "cpu")) {
        hart_read(parent, node);
    } else if (property_is(&node->compatible, "riscv,cpu-intc")) {
        parent->phandle = node->phandle; // nobody asks for a hart's own
    } else if (!strcmp(node->name, "cpus")) {
        machine.timebase_hz = (uint32_t)property_value(&node->frequency);
    } else if (!strcmp(node->name, "chosen")) {
        chosen_read(node);
    } else if (property_is(&node->type, "memory")) {
        memory_read(parent, node);
    } else if (property_lists(&node->compatible, "riscv,plic0")) {
        machine.plic_address = address;
        machine.plic_size = property_number(&node->reg, parent->address_cells, parent->size_cells);
        plic_contexts = node->extended;
    } else if (property_lists(&node->compatible, "sifive,test0")) {
        machine.test_address = address;
    } else if (node->compatible.length && node->reg.length) {
        device_read(parent, node);
    }
}

// ---- The structure block ----

static bool reader_cell(struct reader *reader, uint32_t *value)
{
    if (reader->end - reader->at < 4)
        return false;
    *value = cell_at(reader->at);
    reader->at += 4;
    return true;
}

static bool reader_skip(struct reader *reader, uint64_t bytes)
{
    bytes = (bytes + 3) & ~3ul;
    if (bytes > (uint64_t)(reader->end - reader->at))
        return false;
    reader->at += bytes;
    return true;
}

static bool node_begin(struct reader *reader)
{
    const char *name = (const char *)reader->at;
    size_t limit = (size_t)(reader->end - reader->at);
    size_t length = strnlen(name, limit);
    if (length == limit || reader->depth == DEPTH_MAX)
        return false;
    reader->nodes[reader->depth++] =
        (struct node){.name = name, .address_cells = 2, .size_cells = 1}; // the standard's defaults
    return reader_skip(reader, length + 1);
}

static bool node_end(struct reader *reader)
{
    static struct node above_root;
    if (!reader->depth)
        return false;
    reader->depth--;
    struct node *parent = reader->depth ? &reader->nodes[reader->depth - 1] : &above_root;
    node_finish(parent, &reader->nodes[reader->depth]);
    return true;
}

static void property_store(struct node *node, const char *name, struct property value)
{
    const struct {
        const char *name;
        struct property *place;
    } places[] = {
        {"compatible", &node->compatible},
        {"reg", &node->reg},
        {"interrupts", &node->interrupts},
        {"interrupts-extended", &node->extended},
        {"device_type", &node->type},
        {"riscv,isa", &node->isa},
        {"status", &node->status},
        {"timebase-frequency", &node->frequency},
        {"bootargs", &node->arguments},
        {"linux,initrd-start", &node->initrd_start},
        {"linux,initrd-end", &node->initrd_end},
    };
    if (!strcmp(name, "#address-cells"))
        node->address_cells = (uint32_t)property_number(&value, 0, 1);
    else if (!strcmp(name, "#size-cells"))
        node->size_cells = (uint32_t)property_number(&value, 0, 1);
    else if (!strcmp(name, "phandle"))
        node->phandle = (uint32_t)property_number(&value, 0, 1);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (!strcmp(name, places[i].name))
            *places[i].place = value;
}

static bool property_read(struct reader *reader)
{
    uint32_t length, name;
    if (!reader->depth || !reader_cell(reader, &length) || !reader_cell(reader, &name))
        return false;
    struct property value = {reader->at, length};
    if (!reader_skip(reader, length) || name >= reader->strings_size)
        return false;
    const char *text = reader->strings + name;
    if (strnlen(text, reader->strings_size - name) == reader->strings_size - name)
        return false;
    property_store(&reader->nodes[reader->depth - 1], text, value);
    return true;
}

static bool structure_read(struct reader *reader)
{
    uint32_t token;
    while (reader_cell(reader, &token)) {
        bool sound = token == TOKEN_NOP;
        if (token == TOKEN_STOP)
            return reader->depth == 0;
        if (token == TOKEN_BEGIN)
            sound = node_begin(reader);
        else if (token == TOKEN_END)
            sound = node_end(reader);
        else if (token == TOKEN_PROPERTY)
            sound = property_read(reader);
        if (!sound)
            return false;
    }
    return false;
}

// The PLIC lists a context for each mode of each hart: pairs of phandle and interrupt.
static bool contexts_find(void)
{
    uint32_t found = 0;
    for (uint32_t context = 0; (context + 1) * 8 <= plic_contexts.length; context++) {
        uint32_t phandle = cell_at(plic_contexts.data + 8 * context);
        if (cell_at(plic_contexts.data + 8 * context + 4) != INTERRUPT_S_EXTERNAL)
            continue;
        for (uint32_t hart = 0; hart < machine.hart_count; hart++)
            if (hart_phandles[hart] == phandle) {
                machine.hart_contexts[hart] = context;
                found++;
            }
    }
    return found >= machine.hart_count;
}

int devicetree_parse(const void *blob, uint64_t limit)
{
    static struct reader reader;
    const uint8_t *header = blob;
    machine = (struct machine){0};
    plic_contexts = (struct property){0};
    if (limit < 40 || cell_at(header) != MAGIC)
        return -EINVAL;
    uint32_t total = cell_at(header + 4), structure = cell_at(header + 8);
    uint32_t strings = cell_at(header + 12), strings_size = cell_at(header + 32);
    uint32_t structure_size = cell_at(header + 36);
    if (total > limit || structure > total || structure_size > total - structure ||
        strings > total || strings_size > total - strings)
        return -EINVAL;
    reader = (struct reader){
        .at = header + structure,
        .end = header + structure + structure_size,
        .strings = (const char *)header + strings,
        .strings_size = strings_size,
    };
    if (!structure_read(&reader) || !machine.hart_count || !machine.memory_end ||
        !machine.timebase_hz || !machine.plic_address || !contexts_find())
        return -EINVAL;
    return 0;
}

volatile void *mmio_pointer(uint64_t physical)
{
    return (volatile void *)(MMIO_WINDOW + physical);
}

bool command_line_option(const char *key, char *value, uint64_t size)
{
    size_t length = strlen(key);
    for (const char *word = machine.command_line; *word;) {
        size_t end = 0;
        while (word[end] && word[end] != ' ')
            end++;
        if (end >= length && !strncmp(word, key, length) &&
            (end == length || word[length] == '=')) {
            size_t rest = end > length ? end - length - 1 : 0;
            if (value)
                string_copy(value, word + end - rest, rest < size ? rest + 1 : size);
            return true;
        }
        word += end + (word[end] == ' ');
    }
    return false;
}
