// SPDX-License-Identifier: MIT
//
// Waiting: no signal and no kick is lost between looking and falling asleep.
//
// An event is a counter. A waiter gives the value that it has seen; the core puts it into the queue
// and lets it sleep only if the counter still has that value and no kick is pending, all under the
// event's lock. A signal counts up and wakes who is in the queue, a kick leaves a mark and wakes.
//
// Source: kernel/event.c.
//
// Mutants, each of which must be refuted:
//   LOOK_OUTSIDE   compare with the counter before the lock is taken
//   NO_SEEN        sleep without comparing
//   KICK_UNMARKED  a kick wakes who sleeps, but leaves no mark for who is about to

#define SIGNALS 2

byte counter = 0;
bool locked = false;
bool queued = false;
bool kicked = false;
bool kick_sent = false;

inline lock()
{
    atomic { !locked -> locked = true }
}

inline unlock()
{
    locked = false
}

active proctype waiter()
{
    byte seen = 0;
    bool stay;
    do
    :: counter == SIGNALS && kick_sent -> break // all there was to learn
    :: else ->
        // Domain: seen is what it has handled so far.
        if
        :: kicked -> kicked = false // -EINTR: handled
        :: else ->
            stay = true;
#ifdef LOOK_OUTSIDE
            stay = (counter == seen && !kicked);
#endif
            lock();
#ifndef LOOK_OUTSIDE
#ifdef NO_SEEN
            stay = !kicked;
#else
            stay = (counter == seen && !kicked);
#endif
#endif
            queued = stay;
            unlock();
            if
            :: stay -> !queued // asleep until somebody takes it out of the queue
            :: else
            fi;
            seen = counter
        fi
    od
}

active proctype signaller()
{
    byte sent = 0;
    do
    :: sent == SIGNALS -> break
    :: else ->
        lock();
        counter++;
        queued = false;
        unlock();
        sent++
    od
}

active proctype kicker()
{
    lock();
    atomic {
#ifndef KICK_UNMARKED
        kicked = true;
#endif
        kick_sent = true
    }
    queued = false;
    unlock()
}
