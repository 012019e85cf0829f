// SPDX-License-Identifier: MIT
#include "procfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "domain.h"
#include "process_client.h"

#define DIRECTORY (FS_DIRECTORY | 0555)
#define FILE_READ (FS_FILE | 0444)

struct static_node {
    const char *name;
    uint32_t parent; // number of the directory that it is in
    uint32_t mode;
    void (*report)(struct text *text, uint64_t number);
};

// Node NODE_STATIC + index. The first is the root.
enum { INDEX_ROOT, INDEX_SYS, INDEX_DOMAIN, INDEX_SERVICES, INDEX_COMMAND, INDEX_LOG };

static const struct static_node statics[] = {
    [INDEX_ROOT] = {"", 0, DIRECTORY, NULL},
    [INDEX_SYS] = {"sys", NODE_STATIC + INDEX_ROOT, DIRECTORY, NULL},
    [INDEX_DOMAIN] = {"domain", NODE_STATIC + INDEX_SYS, DIRECTORY, NULL},
    [INDEX_SERVICES] = {"service", NODE_STATIC + INDEX_DOMAIN, DIRECTORY, NULL},
    [INDEX_COMMAND] = {"command", NODE_STATIC + INDEX_DOMAIN, FS_FILE | 0600, NULL},
    [INDEX_LOG] = {"kmsg", NODE_STATIC + INDEX_ROOT, FILE_READ, NULL},
    {"info", NODE_STATIC + INDEX_DOMAIN, FILE_READ, report_table},
    {"list", NODE_STATIC + INDEX_DOMAIN, FILE_READ, report_list},
    {"latency", NODE_STATIC + INDEX_DOMAIN, FILE_READ, report_latency},
    {"images", NODE_STATIC + INDEX_DOMAIN, FILE_READ, report_images},
    {"meminfo", NODE_STATIC + INDEX_ROOT, FILE_READ, report_memory},
    {"uptime", NODE_STATIC + INDEX_ROOT, FILE_READ, report_uptime},
    {"mounts", NODE_STATIC + INDEX_ROOT, FILE_READ, report_mounts},
    {"cmdline", NODE_STATIC + INDEX_ROOT, FILE_READ, report_command_line},
    {"stat", NODE_STATIC + INDEX_ROOT, FILE_READ, report_statistics},
    {"self", NODE_STATIC + INDEX_ROOT, FS_SYMLINK | 0777, report_self},
};
#define STATIC_COUNT (sizeof statics / sizeof *statics)

static const struct {
    const char *name;
    uint32_t mode;
    void (*report)(struct text *text, uint64_t number);
} process_files[PROCESS_NODES] = {
    [PROCESS_DIRECTORY] = {"", DIRECTORY, NULL},
    [PROCESS_STAT] = {"stat", FILE_READ, report_process},
    [PROCESS_ARGUMENTS] = {"cmdline", FILE_READ, report_arguments},
};

uint64_t process_next(uint64_t pid, struct process_info *info)
{
    int64_t buffer = core_rref_alloc(sizeof *info, 0);
    if (buffer < 0)
        return 0;
    RpcResult result = process_info(HANDLE_POSIX, pid, (rref_t)buffer);
    if (result.status == RPC_OK && core_rref_read((rref_t)buffer, 0, info, sizeof *info) < 0)
        result.status = -EIO;
    core_rref_free((rref_t)buffer);
    info->name[sizeof info->name - 1] = 0;
    return result.status == RPC_OK ? result.value : 0;
}

static bool static_find(uint64_t index, struct node *node)
{
    snprintf(node->name, sizeof node->name, "%s", statics[index].name);
    node->mode = statics[index].mode;
    node->report = statics[index].report;
    node->command = index == INDEX_COMMAND;
    node->log = index == INDEX_LOG;
    return true;
}

static bool service_find(uint64_t index, struct node *node)
{
    struct service_info info;
    if (core_control_service(HANDLE_CONTROL, index, &info) < 0)
        return false;
    snprintf(node->name, sizeof node->name, "%s", info.name);
    node->mode = FILE_READ;
    node->report = report_service;
    return true;
}

static bool process_find(uint64_t number, struct node *node)
{
    struct process_info info;
    uint64_t pid = number / 4, kind = number % 4;
    if (kind >= PROCESS_NODES || process_next(pid, &info) != pid || !pid)
        return false;
    snprintf(node->name, sizeof node->name, "%s", process_files[kind].name);
    if (kind == PROCESS_DIRECTORY)
        snprintf(node->name, sizeof node->name, "%u", (unsigned)pid);
    node->mode = process_files[kind].mode;
    node->report = process_files[kind].report;
    return true;
}

bool node_find(uint64_t number, struct node *node)
{
    memset(node, 0, sizeof *node);
    if (number >= NODE_PROCESSES)
        return process_find(number - NODE_PROCESSES, node);
    if (number >= NODE_SERVICES)
        return service_find(number - NODE_SERVICES, node);
    if (number < NODE_STATIC || number >= NODE_STATIC + STATIC_COUNT)
        return false;
    return static_find(number - NODE_STATIC, node);
}

// Whether that is the child of that name, or without one the child that *SKIP more come before.
static bool wanted(const struct node *node, uint64_t *skip, const char *name)
{
    return name ? !strcmp(node->name, name) : !(*skip)--;
}

static uint64_t static_child(uint64_t directory, uint64_t *skip, const char *name,
                             struct node *node)
{
    for (uint64_t i = 1; i < STATIC_COUNT; i++) {
        if (statics[i].parent == directory && node_find(NODE_STATIC + i, node) &&
            wanted(node, skip, name))
            return NODE_STATIC + i;
    }
    return 0;
}

static uint64_t service_child(uint64_t *skip, const char *name, struct node *node)
{
    for (uint64_t i = 0; node_find(NODE_SERVICES + i, node); i++) {
        if (wanted(node, skip, name))
            return NODE_SERVICES + i;
    }
    return 0;
}

// Processes come and go while they are listed: their positions are their numbers.
static uint64_t process_child(uint64_t *position, const char *name, struct node *node)
{
    struct process_info info;
    uint64_t first = *position < PROCESS_POSITION ? 1 : *position - PROCESS_POSITION;
    if (name && (name[0] < '1' || name[0] > '9'))
        return 0;
    uint64_t pid = process_next(name ? strtoul(name, NULL, 10) : first, &info);
    if (!pid)
        return 0;
    memset(node, 0, sizeof *node);
    snprintf(node->name, sizeof node->name, "%u", (unsigned)pid);
    node->mode = DIRECTORY;
    *position = PROCESS_POSITION + pid + 1;
    return name && strcmp(node->name, name) != 0 ? 0 : NODE_PROCESSES + pid * 4;
}

static uint64_t file_of_process(uint64_t directory, uint64_t *skip, const char *name,
                                struct node *node)
{
    for (uint64_t kind = 1; kind < PROCESS_NODES; kind++)
        if (node_find(directory + kind, node) && wanted(node, skip, name))
            return directory + kind;
    return 0;
}

// The child that does not come and go.
static uint64_t counted_child(uint64_t directory, uint64_t skip, const char *name,
                              struct node *node)
{
    if (directory >= NODE_PROCESSES)
        return file_of_process(directory, &skip, name, node);
    if (directory == NODE_STATIC + INDEX_SERVICES)
        return service_child(&skip, name, node);
    return static_child(directory, &skip, name, node);
}

uint64_t node_child(uint64_t directory, uint64_t *position, const char *name, struct node *node)
{
    uint64_t found = 0;
    if (name || *position < PROCESS_POSITION)
        found = counted_child(directory, *position, name, node);
    if (!found && directory == NODE_ROOT)
        return process_child(position, name, node);
    ++*position;
    return found;
}
