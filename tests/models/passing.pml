// SPDX-License-Identifier: MIT
//
// RRefs in passing: the gate moves one between two domains by a compare and swap of its word, without
// the guard; who takes the guard for anything else ends that first. The gate's loan takes the guard by
// an `or`, so that one in passing stays so, and leaves the rest to C.
//
// Source: kernel/passing.c, kernel/registry.h, kernel/rref.c; kernel/gate.S (gate_give, gate_give_back,
// gate_lend).
//
// Mutants, each of which must be refuted:
//   SWAP_GUARD  the gate's loan takes the guard by an exchange: nobody holds it then, and nobody gets it
//   READ_FIRST  who ends the passing reads the word and closes it afterwards: a move between is lost
//   STAYS_OPEN  who ends the passing leaves the word as it is: moves go on while the record is used
//   OPEN_LAST  the guard is given back before the word is written: who takes it finds no owner
//   NO_GENERATION  the word does not say which RRef it was: an old name moves a new one
//   CHARGED_ONCE  the giver is not charged any more when the passing begins, and yet credited at its end
//   PASSES_LENT  a move in C does not look whether the RRef is lent

#define GIVER 1
#define TAKER 2
#define CLOSED 0
#define TAKEN 1
#define PASSING 2

byte guard = 0, word = CLOSED;
byte owner = GIVER, generation = 0, loans = 0;
short charged[3];
byte ended = 0;

#ifdef NO_GENERATION
#define WORD(domain, known) (domain)
#else
#define WORD(domain, known) ((domain) + 4 * (known))
#endif
byte truth = GIVER; // ghost: who won it last

// record_guard. A spin is a wait here, so that one without end shows.
inline guard_take(before, seen)
{
    do
    :: atomic { guard != TAKEN -> before = guard; guard = TAKEN }
       if
       :: before & PASSING -> // passing_end
#ifdef READ_FIRST
           seen = word;
           word = CLOSED;
#else
           atomic {
               seen = word;
#ifndef STAYS_OPEN
               word = CLOSED
#endif
           }
#endif
           assert((seen & 3) == GIVER || (seen & 3) == TAKER);
           owner = seen & 3;
           assert(owner == truth);
           charged[3 - owner]--
       :: else
       fi;
       break
    od
}

// rref_move: from FROM to the other one.
inline move(from, known, before, seen, won)
{
    guard_take(before, seen);
#ifdef PASSES_LENT
    won = (owner == from && generation == known);
#else
    won = (owner == from && generation == known && loans == 0);
#endif
    if
    :: won ->
        atomic { owner = 3 - from; truth = owner };
        charged[3 - from]++;
#ifdef CHARGED_ONCE
        charged[from]--;
#endif
#ifdef OPEN_LAST
        guard = PASSING;
        word = WORD(3 - from, known)
#else
        word = WORD(3 - from, known);
        guard = PASSING
#endif
    :: else -> guard = 0
    fi
}

// gate_give and gate_give_back: by the word, and where that is not so by rref_move.
inline pass(from, known, before, seen, won)
{
    atomic {
        won = (word == WORD(from, known));
        if
        :: won ->
            assert(generation == known && loans == 0);
            word = WORD(3 - from, known);
            truth = 3 - from
        :: else
        fi
    }
    if
    :: !won -> move(from, known, before, seen, won)
    :: else
    fi
}

// A thread of the giver passes it to the taker's method, which returns it. Twice.
proctype caller(byte known)
{
    byte before, seen, turn = 0;
    bool won;
    do
    :: turn < 2 ->
        turn++;
        pass(GIVER, known, before, seen, won);
        if
        :: won ->
            atomic { assert(truth == TAKER && generation == known) }; // and nobody takes it away
            pass(TAKER, known, before, seen, won);
            assert(won)
        :: else
        fi
    :: else -> break
    od;
    ended++
}

// Another lends it for a call.
proctype lender()
{
    byte before, seen;
    bool won;
    atomic {
        before = guard;
#ifdef SWAP_GUARD
        guard = TAKEN
#else
        guard = guard | TAKEN
#endif
    }
    if
    :: before != 0 -> guard_take(before, seen)
    :: else
    fi;
    won = (owner == GIVER && generation == 0);
    if
    :: won -> loans++
    :: else
    fi;
    guard = 0;
    if
    :: won ->
        atomic { assert(truth == GIVER && generation == 0) };
        guard_take(before, seen);
        loans--;
        guard = 0
    :: else
    fi;
    ended++
}

// Another frees it; the record is the giver's next RRef, which goes the same way.
proctype freer()
{
    byte before, seen;
    bool won;
    guard_take(before, seen);
    won = (owner == GIVER && generation == 0 && loans == 0);
    if
    :: won -> generation = 1
    :: else
    fi;
    guard = 0;
    if
    :: won -> run caller(1)
    :: else -> ended++
    fi
}

init {
    byte before, seen;
    charged[GIVER] = 1;
    atomic {
        run caller(0);
        run lender();
        run freer()
    }
    ended == 3;
    guard_take(before, seen);
    assert(owner == GIVER && loans == 0);
    assert(charged[GIVER] == 1 && charged[TAKER] == 0)
}
