// SPDX-License-Identifier: MIT
// The classes of faults that `domain fault` can arm, as the domains themselves list them.
#include "domain.h"
#include "domainlib/include/fault.h"
#include "tool.h"

static const struct {
    const char *name, *does;
} classes[] = {
#define FAULT_CLASS(name, does) {#name, does},
    FAULT_CLASSES(FAULT_CLASS)
#undef FAULT_CLASS
};
#define CLASSES (sizeof classes / sizeof *classes)

void faults_print(void)
{
    for (size_t i = 0; i < CLASSES; i++)
        printf("%-11s %s\n", classes[i].name, classes[i].does);
}

void fault_names_print(void)
{
    for (size_t i = 0; i < CLASSES; i++)
        puts(classes[i].name);
}
