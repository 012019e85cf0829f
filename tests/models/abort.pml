// SPDX-License-Identifier: MIT
//
// Abort and kick against entry, wait, return and update: nobody runs in an instance that was taken
// apart, everybody who was in it comes out, and nobody whom it threw out gets into it again.
//
// A thread counts itself in, reads the proxy's version again, publishes its frame and jumps; a trap
// taken between the second read and the jump resumes at that read. Inside it computes, loops for
// ever, sleeps, or calls on and comes back into a frame whose domain may have died meanwhile. A
// fault takes the instance off the proxy, then marks it dead, kicks who has a frame of it, interrupts
// all harts. The reaper frees it once counters and frames say that nobody is in. An update closes
// and opens the same gate meanwhile, both under the lock that the fault takes.
//
// Source: kernel/gate.S, kernel/fault.c, kernel/reclaim.c, kernel/service.c.
//
// Mutants, each of which must be refuted:
//   NO_RESUME      a trap between the second read and the jump goes on where it was
//   WAIT_BLIND     a wait asks for kicks, not whether its domain is dead
//   RETURN_BLIND   the way back into a frame does not ask whether its domain is dead
//   OPEN_BLIND     the gate is opened without asking whether the instance has died
//   REAP_BLIND     the reaper frees without asking who is inside
//   DEAD_FIRST     the instance is marked dead before the gate is closed: who is thrown out and makes
//                  its request again meets the same instance, until its tries are used up

#define TRIES 2 // of one request behind a shadow

#define LIVE 0
#define CLOSED 1
#define DEAD 2

byte serving = LIVE;
bool dead = false, freed = false, killed = false;
bool locked = false; // LOCK_CONTROL: readers at the gate do not take it
byte entered = 0, gone = 0;
bool frame = false;     // the thread has one of the instance
bool in_text = false;   // its pc lies in the slot
bool interrupt = false; // pending at its hart
bool kicked = false;
bool over = false;

#define INSIDE assert(!freed)

// A hart takes its interrupt as soon as it runs domain text: the way out of the trap leaves it.
#define ABORTED (in_text && interrupt)

proctype caller()
{
    bool thrown = false;
    byte tries = 0;
enter:
    if
    :: serving == CLOSED -> serving != CLOSED
    :: else
    fi;
    if
    :: serving == DEAD -> goto out
    :: else
    fi;
    entered++;
check:
    if
    :: serving != LIVE ->
        frame = false;
        gone++;
        goto enter
    :: else
    fi;
    assert(!thrown);
    frame = true;
    // The jump, unless an interrupt comes before it.
    if
#ifdef NO_RESUME
    :: atomic { interrupt -> interrupt = false; in_text = true }
#else
    :: atomic { interrupt -> interrupt = false }; goto check
#endif
    :: atomic { !interrupt -> in_text = true }
    fi;
    INSIDE;
    if
    :: atomic { ABORTED -> interrupt = false; in_text = false }; goto leave
    :: atomic { in_text && !interrupt -> skip } // it computes and returns
    :: true -> // it loops for ever
        atomic { ABORTED -> interrupt = false; in_text = false };
        goto leave
    :: in_text = false; // it sleeps: a core entry, at whose end it looks
        if
#ifndef WAIT_BLIND
        :: dead
#endif
        :: kicked -> kicked = false
        fi;
        interrupt = false;
        if
        :: dead -> goto leave
        :: else -> in_text = true
        fi
    :: in_text = false; // it calls on; the interrupt finds it elsewhere
        interrupt = false;
#ifndef RETURN_BLIND
        if
        :: dead -> goto leave
        :: else
        fi;
#endif
        if
        :: atomic { interrupt -> interrupt = false }; // resumes at the look
            if
            :: dead -> goto leave
            :: else
            fi
        :: else
        fi;
#ifdef RETURN_BLIND
        assert(!killed); // all harts were told, nobody may go on in it
#endif
        in_text = true
    fi;
    INSIDE;
    in_text = false;
    tries = TRIES; // it has its answer
leave:
    frame = false;
    gone++;
    in_text = false;
    tries++;
    if
    :: tries < TRIES -> thrown = true; goto enter
    :: else
    fi;
out:
    over = true
}

proctype fault()
{
    atomic { !locked -> locked = true };
#ifdef DEAD_FIRST
    dead = true;
    serving = DEAD;
#else
    serving = DEAD; // closed or not
    dead = true;
#endif
    locked = false;
    if
    :: frame -> kicked = true
    :: else
    fi;
    interrupt = true;
    killed = true
}

// Closes and opens: it fails, and the old instance is to go on.
proctype updater()
{
    bool closed = false;
    atomic {
        !locked;
        if
        :: !dead && serving == LIVE -> serving = CLOSED; closed = true
        :: else
        fi
    }
    if
    :: closed ->
#ifdef OPEN_BLIND
        serving = LIVE
#else
        atomic {
            !locked;
            if
            :: dead -> serving = DEAD
            :: else -> serving = LIVE
            fi
        }
#endif
    :: else
    fi
}

proctype reaper()
{
    killed;
#ifndef REAP_BLIND
    entered == gone && !frame; // update.pml has the order in which the counters are read
#endif
    freed = true
}

init {
    atomic {
        run caller();
        run fault();
        run updater();
        run reaper()
    }
}
