// SPDX-License-Identifier: MIT
//
// A driver dies, and its device goes to the next one: a thread of the dead driver's that is late in
// the core reaches neither the queues nor the interrupt of the next.
//
// Who works with the device in a core entry is counted first, and then looks whether the device is
// closed and whose it is. Who starts it, or takes it away, closes it under the device's lock if it
// is still its holder's, and waits until who is counted has left. The end of that is one step under
// the lock as well: the next holder is noted before the device is open again.
//
// Source: kernel/device.c, kernel/virtio.c.
//
// Mutants, each of which must be refuted:
//   HOLDER_FIRST   whose the device is has been looked at before the thread is counted
//   COUNT_LATE     a thread is counted after it has seen the device open
//   NO_WAIT        who closes the device does not wait for those inside
//   OPEN_FIRST     the device is open again before its holder is noted as gone
//   ANY_CLOSER     who starts the device looks at its holder before it closes it, not as it does
//   TWO_CLOSERS    who closes the device does not see that it is closed already
//   LATE_FORGET    the interrupt's handle is forgotten after the device has been given up

#define NONE 0
#define OLD 1
#define NEXT 2

byte holder = OLD;
bool closed = false;
byte inside = 0;
byte working = 0; // threads that are at the queues, as who is counted
bool changing = false; // somebody is at the queues as who has closed the device
byte handle_of = NONE; // in whose handle table the interrupt's number is, that the core has noted

// ---- kernel/device.c. RESULT: true, and the thread is counted; or refused ----
inline device_enter(me, result)
{
    result = false;
#ifdef HOLDER_FIRST
    if
    :: holder == me ->
        inside++;
        if
        :: !closed -> result = true
        :: else -> inside--
        fi
    :: else
    fi
#else
#ifdef COUNT_LATE
    if
    :: !closed -> inside++; result = (holder == me)
    :: else -> inside++
    fi;
#else
    inside++;
    if
    :: !closed -> result = (holder == me)
    :: else
    fi;
#endif
    if
    :: !result -> inside--
    :: else
    fi
#endif
}

inline device_close(me, result)
{
#ifdef ANY_CLOSER
    result = (holder == me);
    atomic {
        result = (result && !closed);
#else
    atomic {
#ifdef TWO_CLOSERS
        result = (holder == me);
#else
        result = (holder == me && !closed);
#endif
#endif
        if
        :: result -> closed = true
        :: else
        fi
    };
#ifndef NO_WAIT
    if
    :: result -> inside == 0
    :: else
    fi
#endif
}

inline device_open(next)
{
#ifdef OPEN_FIRST
    closed = false;
    holder = next
#else
    atomic { holder = next; closed = false }
#endif
}

// ---- What is done in between; the device must be ME's all the time ----
inline work(me)
{
    working++;
    assert(holder == me && !changing);
    if
    :: true // the queues: a request is posted
    :: handle_of == NONE -> handle_of = me; assert(holder == me)
    :: handle_of != NONE -> assert(handle_of == me) // an own handle is what it is told
    fi;
    assert(holder == me && !changing);
    working--
}

inline change(me)
{
    assert(holder == me && !changing && working == 0);
    changing = true;
    assert(holder == me && working == 0);
    changing = false
}

// A thread of a driver's: what it does in core entries, in any order. The dead one's does not know.
proctype driver(byte me; byte entries)
{
    bool good;
    do
    :: entries == 0 -> break
    :: entries > 0 ->
        entries--;
        device_enter(me, good);
        if
        :: good -> work(me); inside--
        :: else
        fi
    :: entries > 0 -> // virtio_start, virtio_stop
        entries--;
        device_close(me, good);
        if
        :: good -> change(me); device_open(me)
        :: else
        fi
    od
}

// The driver is dead: its device is taken away from it.
proctype releaser()
{
    bool good;
    do
    :: device_close(OLD, good);
        if
        :: good -> break
        :: else -> skip // a late thread starts it
        fi
    od;
    change(OLD);
#ifdef LATE_FORGET
    device_open(NONE);
    handle_of = NONE
#else
    handle_of = NONE;
    device_open(NONE)
#endif
}

proctype successor()
{
    bool taken = false;
    do
    :: atomic { holder == NONE -> holder = NEXT; taken = true } -> break // device_claim, under the lock
    od;
    bool good;
    device_close(NEXT, good);
    if
    :: good -> change(NEXT); device_open(NEXT)
    :: else // closed: by whom, if it is its own?
#ifndef OPEN_FIRST
        assert(false)
#endif
    fi;
    device_enter(NEXT, good);
    assert(good);
    work(NEXT);
    inside--
}

init
{
    atomic {
        run driver(OLD, 2);
        run driver(OLD, 1);
        run releaser();
        run successor()
    }
}
