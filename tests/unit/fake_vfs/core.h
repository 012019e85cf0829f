// SPDX-License-Identifier: MIT
// For what domainlib itself compiles with its core.h.
#pragma once
#include "domain.h"
