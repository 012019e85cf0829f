// SPDX-License-Identifier: MIT
//
// RRefs and devices: a buffer that a driver has posted is neither freed nor given away until the
// device is done with it, whenever the call that brought it returns; and then it is, once.
//
// The owner lends a buffer with a call. The driver posts it: pinned, and the loan lasts beyond the
// call. It ends the loan when the device is done, or too early: then the core keeps that to itself
// until the last pin is gone, and nobody has to ask twice. Or the core ends it when the driver dies,
// after it has reset the device. The owner frees it as soon as it may. Owner, loan and pins change
// together, under the record's guard.
//
// Source: kernel/loan.c, kernel/virtqueue.c, kernel/kept.c (record_reclaim).
//
// Mutants, each of which must be refuted:
//   FREE_PINNED    a free looks at loans, not at pins
//   RETURN_ENDS    the call's return ends the loan, posted or not
//   EARLY_UNPIN    the pins of a dead driver end before its device is reset
//   NO_SETTLE      what the owner gave up while it was posted is not freed by the last unpin
//   EARLY_TELL     the owner hears of the end though the device still has the buffer
//   NO_TELL        the last unpin does not look whether the end was kept back

bool owned = true, freed = false;
byte calls = 0, posts = 0, pins = 0; // of the one loan
bool posted = false, device_has = false;
bool driver_dead = false, reset = false, returned = false;
byte completed = 0, told = 0; // ends of the loan, and those that the owner has heard of
bool lost = false;             // the core has ended it
bool posting_over = false;

#define UNUSED (calls == 0 && posts == 0 && completed == 0 && pins == 0)

// Nobody has it any more: whoever finds that frees it.
inline settle()
{
    if
    :: !owned && UNUSED && !freed ->
        assert(!device_has);
        freed = true
    :: else
    fi
}

// loan_settle: the owner hears of what is completed.
inline tell()
{
    if
#ifdef EARLY_TELL
    :: completed > 0 && calls == 0 ->
#else
    :: completed > 0 && calls == 0 && (pins == 0 || lost) ->
#endif
        assert(!device_has || lost);
        told = told + completed;
        completed = 0
    :: else
    fi
}

active proctype owner()
{
    atomic { owned -> calls++ };
    returned; // the call is over
    // It frees the buffer as soon as it may; or it dies, and nobody owns it.
    if
    :: do
       :: atomic {
#ifdef FREE_PINNED
              calls == 0 && posts == 0 && completed == 0 -> owned = false; assert(!freed); freed = true;
#else
              UNUSED -> owned = false; assert(!freed); freed = true;
#endif
              assert(!device_has); break }
       od
    :: atomic { owned = false; settle() };
       freed // somebody does it
    fi
}

active proctype driver()
{
    calls == 1;
    if
    :: atomic { !driver_dead -> pins++; posts++ }; // virtio_post
        atomic { posted = true; device_has = true }
    :: skip // it answers at once
    fi;
    posting_over = true;
    atomic {
        calls--;
#ifdef RETURN_ENDS
        posts = 0;
#endif
        returned = true;
        tell();
        settle()
    }
}

// The device works for a while, then the mediator takes the buffer back.
active proctype device_model()
{
    posting_over;
    if
    :: posted ->
        if
        :: atomic { !reset -> device_has = false } // it is done
        :: reset // it was stopped
        fi;
        atomic {
            pins--;
#ifndef NO_TELL
            tell();
#endif
#ifndef NO_SETTLE
            settle()
#endif
        }
    :: else
    fi;
    assert(told <= 1)
}

// The driver ends the loan, at any time: it may be wrong about the device.
active proctype completer()
{
    posting_over;
    if
    :: posted ->
        if
        :: atomic { !driver_dead && posts > 0 -> posts--; completed++; tell(); settle() }
        :: driver_dead
        fi;
        told > 0 // the owner hears of it, from one of them
    :: else
    fi
}

active proctype reclaim()
{
    if
    :: skip // the driver lives
    :: posting_over ->
        driver_dead = true;
#ifndef EARLY_UNPIN
        if
        :: atomic { reset = true; device_has = false }
        :: skip // it does not obey: the buffer stays pinned, but the owner hears that the driver is dead
        fi;
#endif
        atomic {
            lost = true;
            if
            :: posts > 0 -> posts--; completed++
            :: else
            fi;
            tell();
#ifdef EARLY_UNPIN
            pins = 0;
#endif
            settle()
        }
#ifdef EARLY_UNPIN
        ; atomic { reset = true; device_has = false }
#endif
    fi
}
