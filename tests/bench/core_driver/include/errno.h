// SPDX-License-Identifier: MIT
#pragma once
#include "kernel/abi/error.h"
