// SPDX-License-Identifier: MIT
//
// A device changes hands between two versions of its driver: each request is completed once, and
// only the holder touches the queue.
//
// Requests are submitted through the gate to whoever serves; the driver's own thread takes what the
// device has finished when its interrupt, an event that only counts up, has moved on. The update
// closes the gate, waits for callers, stops the old thread under the driver's mutex, lets the
// device finish what it has, and makes the new one its holder. The new thread reads the event's
// count, looks at the queue, and only then sleeps.
//
// Source: domains/blk/blk.c, domainlib/worker.c, kernel/update.c, kernel/device.c.
//
// Mutants, each of which must be refuted:
//   NO_DRAIN       the device still has requests of the old table when it changes hands
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

active proctype client()
{
    byte me;
    do
    :: submitted == REQUESTS -> break
    :: else ->
        atomic { !closed -> inside++; me = serving };
        lock();
        assert(holder == me);
        atomic { posted++; owner_posted[me]++; submitted++ };
        unlock();
        inside--
    od;
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
#ifndef NO_DRAIN
    do
    :: 
#ifndef STOP_UNLOCKED
        lock();
#endif
        reap(OLD);
#ifndef STOP_UNLOCKED
        unlock();
#endif
        if
        :: posted == 0 && finished == 0 && owner_posted[OLD] == 0 -> break
        :: else
        fi
    od;
#endif
    atomic { holder = NEW; serving = NEW };
    run driver(NEW);
    closed = false
}
