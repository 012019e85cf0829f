// SPDX-License-Identifier: MIT
//
// Requests that end in the interrupt: the core completes what has gone well and the driver sleeps
// on, but each request completes once, whatever becomes of it and of the driver.
//
// A request is an entry of the driver's table and a slot of the queue; the slot's cookie names the
// entry. In its interrupt the core ends the loans of requests that have gone well and leaves their
// records in the slots, for the driver to take when it looks next. It wakes the driver for a request
// that has failed, and for any while somebody has found no free slot (`starved`). Who submits and
// finds none takes the records that there are, tries again, and else has the request wait in the
// driver; whoever takes records posts what waits. A driver may die: what the device had of it is
// ended, and the records are dropped before another one begins.
//
// Source: kernel/virtqueue.c, kernel/virtio.c (virtio_settle, queues_drain), domains/blk/request.c.
//
// Mutants, each of which must be refuted:
//   QUIET_FAILURE  the interrupt does not wake the driver for a request that has failed
//   NO_STARVED     nor where somebody has found no free slot
//   NO_RETRY       who finds no slot waits at once, though records may be all that fills them
//   NO_POST        who takes records does not post what waits
//   KEPT_RECORDS   the records of a driver that has died are there for the next one
//   TWO_ENDS       the driver ends the loan of every record that it takes

#define REQUESTS 3
#define SLOTS 2

mtype = { FREE, BUSY, GOOD, BAD, DONE };
mtype slot[SLOTS] = FREE;
byte cookie[SLOTS];
bool table[SLOTS + 1];
bool starved = false, pending = false, mutex = false;
byte event = 0; // the interrupts of which the driver is told
byte submitted = 0, completed = 0, waiting = 0;
bool crashed = false;

#define ALL_OVER (completed == REQUESTS)

inline lock() { atomic { !mutex -> mutex = true } }
inline unlock() { mutex = false }

// Posts a request if there is a free slot. One step, under the device's lock.
inline post(posted)
{
    d_step {
        posted = false;
        s = 0;
        do
        :: s < SLOTS && slot[s] != FREE -> s++
        :: else -> break
        od;
        if
        :: s < SLOTS ->
            c = 0;
            do
            :: table[c] -> c++
            :: else -> break
            od;
            table[c] = true;
            cookie[s] = c;
            slot[s] = BUSY;
            posted = true
        :: else -> starved = true
        fi;
        s = 0;
        c = 0
    }
}

// With the driver's mutex.
inline records_take(posted)
{
    i = 0;
    do
    :: i < SLOTS ->
        d_step {
            if
            :: slot[i] == DONE || slot[i] == GOOD || slot[i] == BAD ->
                if
                :: slot[i] == GOOD -> completed++
                :: slot[i] == BAD && table[cookie[i]] -> completed++
#ifdef TWO_ENDS
                :: slot[i] == DONE && table[cookie[i]] -> completed++
#endif
                :: else // ended already; or in nobody's table
                fi;
                table[cookie[i]] = false;
                slot[i] = FREE;
                starved = false
            :: else
            fi;
            i++
        }
    :: else -> break
    od;
#ifndef NO_POST
    do
    :: waiting > 0 ->
        post(posted);
        if
        :: posted -> waiting--
        :: else -> break
        fi
    :: else -> break
    od
#endif
}

active proctype client()
{
    byte s = 0, c = 0, i;
    bool posted;
    do
    :: submitted == REQUESTS -> break
    :: else ->
        lock();
        if
        :: waiting > 0 -> posted = false
        :: waiting == 0 -> post(posted)
        :: waiting == 0 -> unlock(); post(posted); lock() // the device is told at once
        fi;
        if
        :: !posted ->
#ifndef NO_RETRY
            records_take(posted);
            if
            :: waiting > 0 -> posted = false
            :: else -> post(posted)
            fi;
#endif
            if
            :: !posted -> waiting++
            :: else
            fi
        :: else
        fi;
        submitted++;
        unlock()
    od;
    ALL_OVER // each one's end comes
}

active proctype device()
{
    byte k;
    do
    :: ALL_OVER -> break
    :: atomic { slot[0] == BUSY -> k = 0 };
        if
        :: atomic { slot[k] == BUSY -> slot[k] = GOOD; pending = true }
        :: atomic { slot[k] == BUSY -> slot[k] = BAD; pending = true }
        :: slot[k] != BUSY // it was reset
        fi
    :: atomic { slot[1] == BUSY -> k = 1 };
        if
        :: atomic { slot[k] == BUSY -> slot[k] = GOOD; pending = true }
        :: atomic { slot[k] == BUSY -> slot[k] = BAD; pending = true }
        :: slot[k] != BUSY
        fi
    od
}

active proctype interrupt()
{
    byte k;
    do
    :: ALL_OVER -> break
    :: d_step {
           pending ->
           pending = false;
           if
#ifndef NO_STARVED
           :: starved -> event++
#endif
           :: else ->
               k = 0;
               do
               :: k < SLOTS ->
                   if
                   :: slot[k] == GOOD -> completed++; slot[k] = DONE
#ifndef QUIET_FAILURE
                   :: slot[k] == BAD -> event++
#endif
                   :: else
                   fi;
                   k++
               :: else -> break
               od
           fi;
           k = 0
       }
    od
}

active proctype driver()
{
    byte s = 0, c = 0, i, seen;
    bool posted;
    do
    :: seen = event;
        lock();
        records_take(posted);
        unlock();
        if // asleep
        :: event != seen
        :: ALL_OVER -> break
        fi
    od
}

// Its driver dies, once, and the next begins with an empty table; that its thread is the one above
// makes no difference, since it looks before it sleeps.
active proctype death()
{
    byte k;
    if
    :: skip
    :: d_step {
           !mutex ->
           k = 0;
           do
           :: k < SLOTS ->
               if
               :: slot[k] == GOOD -> completed++; slot[k] = FREE
               :: slot[k] == BAD -> completed++; slot[k] = FREE
               :: slot[k] == BUSY -> completed++; slot[k] = FREE // RPC_CRASHED, after the reset
               :: slot[k] == DONE ->
#ifdef KEPT_RECORDS
                   skip
#else
                   slot[k] = FREE
#endif
               :: else
               fi;
               k++
           :: else -> break
           od;
           for (k : 0 .. SLOTS) { table[k] = false }
           completed = completed + waiting;
           waiting = 0;
           starved = false;
           pending = false;
           event++; // it looks at once
           k = 0
       }
    fi
}

// Each completes once.
active proctype watch()
{
    assert(completed <= REQUESTS)
}
