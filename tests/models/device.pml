// SPDX-License-Identifier: MIT
//
// A device changes hands between two versions of its driver: each request is completed once, and
// only the holder touches the queue.
//
// Requests are submitted through the gate to whoever serves, which tells the device of them at once
// or later, some together; the driver's own thread takes what the device has finished when its
// interrupt, an event that only counts up, has moved on. The update closes the gate, waits for
// callers, stops the old thread under the driver's mutex, tells the device of what it has not been
// told of, gives the old one's table to the new one, whatever the device has done of it, and makes
// that the device's holder. The new thread reads the event's count, looks at the queue, and only
// then sleeps.
//
// Source: domains/blk/blk.c, domainlib/worker.c, kernel/update.c, kernel/device.c.
//
// Mutants, each of which must be refuted:
//   NO_TABLE       the requests stay in the old one's table when the device changes hands
//   NO_TELL        so does that there is something to tell the device
//   NO_STOP        the old thread is not told to stop
//   STOP_UNLOCKED  it is told so without the mutex, while it may be at the queue
//   LATE_SEEN      the new thread reads the event's count after it has looked

#define REQUESTS 3
#define OLD 0
#define NEW 1

byte serving = OLD, holder = OLD;
bool closed = false;
byte inside = 0;
bool mutex = false;
bool stopping[2];
byte queued = 0;   // in the ring, and the device has not been told
byte untold[2];    // how many of these each one knows of
byte posted = 0;   // with the device
byte finished = 0; // in the used ring
byte interrupts = 0;
byte owner_posted[2]; // requests in each one's table
byte completed = 0, submitted = 0;

inline lock() { atomic { !mutex -> mutex = true } }
inline unlock() { mutex = false }

// Takes what the device has finished; who is not the holder is refused by the core, and one that is
// in nobody's table is lost.
inline reap(me)
{
    assert(holder == me);
    do
    :: atomic { finished > 0 ->
           finished--;
           if
           :: owner_posted[me] > 0 -> owner_posted[me]--; completed++
           :: else // of the other's table: nobody hears of it
           fi
       }
    :: finished == 0 -> break
    od
}

// Tells the device, if there is something to tell.
inline tell(me)
{
    assert(holder == me);
    atomic {
        if
        :: untold[me] > 0 -> posted = posted + queued; queued = 0; untold[me] = 0
        :: else
        fi
    }
}

active proctype client()
{
    byte me;
    do
    :: submitted == REQUESTS -> break
    :: else ->
        atomic { !closed -> inside++; me = serving };
        lock();
        assert(holder == me);
        atomic { queued++; untold[me]++; owner_posted[me]++; submitted++ };
        if
        :: tell(me)
        :: skip // more is to come
        fi;
        unlock();
        inside--
    od;
    atomic { !closed -> inside++; me = serving }; // no more
    lock();
    tell(me);
    unlock();
    inside--;
    completed == REQUESTS // each one's end comes
}

active proctype device_model()
{
    do
    :: atomic { posted > 0 -> posted--; finished++ }; interrupts++
    :: completed == REQUESTS && posted == 0 -> break
    od
}

proctype driver(byte me)
{
    byte seen;
    do
    :: seen = interrupts;
        lock();
        if
        :: stopping[me] -> unlock(); break
        :: else
        fi;
        reap(me);
        unlock();
#ifdef LATE_SEEN
        seen = interrupts;
#endif
        if // asleep until the event moves on, or the worker is woken
        :: interrupts != seen
        :: stopping[me]
        :: completed == REQUESTS -> break
        fi
    od
}

active proctype updater()
{
    run driver(OLD);
    closed = true;
    inside == 0;
#ifndef NO_STOP
#ifdef STOP_UNLOCKED
    stopping[OLD] = true;
#else
    lock();
    stopping[OLD] = true;
    unlock();
#endif
#endif
#ifndef NO_TELL
    tell(OLD);
#endif
#ifndef NO_TABLE
    atomic { owner_posted[NEW] = owner_posted[OLD]; owner_posted[OLD] = 0 };
#endif
    atomic { holder = NEW; serving = NEW };
    run driver(NEW);
    closed = false
}
