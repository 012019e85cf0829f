// SPDX-License-Identifier: MIT
//
// Copies of the core: what is copied is neither freed nor given to others before the copy is over,
// and then it is freed, once.
//
// An RRef is pinned for a copy by a count that goes down without the record's guard. The owner gives
// it up meanwhile: under the guard, it writes that down and looks at the count. A store may reach
// memory after a later load, unless a fence comes between. A page of a program's is not pinned at
// all: it is looked up with interrupts held off, and who unmaps it waits until every hart has
// answered a fence.
//
// Source: kernel/transfer.c (transfer_end, window_copy), kernel/rref.c (record_settle),
// kernel/space_view.h, kernel/space.c (pages_drop).
//
// Mutants, each of which must be refuted:
//   NO_FENCE     the owner looks at the count before others see that it has given up the RRef
//   OWNER_FIRST  a copy that ends looks at the owner before it counts down
//   NO_LIVE      who finds that nobody has the RRef frees it, whether it is live or not
//   NO_WAIT      a page is freed before the other hart has answered the fence
//   LET_EARLY    interrupts are let before the bytes are moved

byte copies = 1;                  // this one, which has begun
bool owned = true, live = true;   // as memory has it
bool pending = false;             // the owner's store is on its way
byte guard = 0, freed = 0;
bool copy_over = false, owner_over = false;

bool entry_valid = true, page_freed = false;
bool held = false, asked = false, answered = false;

inline record_free()
{
#ifdef NO_LIVE
    freed++
#else
    if
    :: live -> live = false; freed++
    :: else
    fi
#endif
}

// A thread that copies between the RRef and a page.
active proctype copier()
{
    bool found, gone;
    held = true;
    found = entry_valid;
#ifdef LET_EARLY
    held = false;
#endif
    if
    :: found -> assert(!page_freed) // the bytes move
    :: else
    fi;
    assert(freed == 0);
    held = false;
#ifdef OWNER_FIRST
    gone = !owned;
    copies--;
#else
    copies--;
    gone = !owned;
#endif
    if
    :: gone ->
        atomic { guard == 0 -> guard = 1 };
        if
        :: !owned && copies == 0 -> record_free()
        :: else
        fi;
        guard = 0
    :: else
    fi;
    copy_over = true
}

// The owner gives it up.
active proctype owner()
{
    atomic { guard == 0 -> guard = 1 };
    pending = true;
#ifndef NO_FENCE
    !pending; // the fence
#endif
    if
    :: copies == 0 -> record_free()
    :: else
    fi;
    !pending; // what gives up the guard is seen after it
    guard = 0;
    owner_over = true
}

// The owner's store reaches memory at any time.
active proctype memory()
{
    pending -> atomic { owned = false; pending = false }
}

// Another thread of the program takes the page away.
active proctype unmapper()
{
    entry_valid = false;
    asked = true;
#ifndef NO_WAIT
    answered;
#endif
    page_freed = true
}

// The copier's hart, which answers where interrupts are not held off.
active proctype hart()
{
    asked && !held -> answered = true
}

active proctype end()
{
    copy_over && owner_over -> assert(freed == 1)
}
