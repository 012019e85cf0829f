// SPDX-License-Identifier: MIT
//
// RRefs: owner and borrow count are one word, changed by compare-and-swap. Of several domains' threads
// that move, lend, and free the same RRef at the same time, each either wins whole or is refused.
//
// Source: kernel/rref.c.
//
// Mutants, each of which must be refuted:
//   TWO_WORDS      owner and borrow count are checked and changed one after the other
//   MOVE_BORROWED  a move does not look at the borrow count
//   NO_GENERATION  a freed entry is used again under the same number

#define FREE 0
#define GIVER 1
#define TAKER 2

byte owner = GIVER;
byte borrows = 0;
byte generation = 0;
byte lent = 0;     // ghost: calls that run with the bytes lent
byte moved = 0;    // ghost: moves and frees by the giver that went through
bool fresh = false; // ghost: the entry was given to somebody else

#ifdef NO_GENERATION
#define SAME true
#else
#define SAME (generation == known)
#endif

// A thread of the giver lends it for a call.
proctype lender()
{
    byte known = 0;
    bool won;
#ifdef TWO_WORDS
    won = (owner == GIVER && SAME);
    if
    :: won -> borrows++
    :: else
    fi;
#else
    atomic {
        won = (owner == GIVER && SAME);
        if
        :: won -> borrows++
        :: else
        fi
    }
#endif
    if
    :: won ->
        lent++;
        assert(!fresh);         // never another's bytes
        assert(owner == GIVER); // nobody takes it away during the call
        lent--;
        atomic { borrows-- }
    :: else
    fi
}

// Another thread of the giver moves it to the taker, who frees it; the entry is used again.
proctype mover()
{
    byte known = 0;
    bool won;
#ifdef MOVE_BORROWED
#define UNUSED true
#else
#define UNUSED (borrows == 0)
#endif
#ifdef TWO_WORDS
    won = (owner == GIVER && UNUSED && SAME);
    if
    :: won -> owner = TAKER
    :: else
    fi;
#else
    atomic {
        won = (owner == GIVER && UNUSED && SAME);
        if
        :: won -> owner = TAKER
        :: else
        fi
    }
#endif
    if
    :: won ->
        moved++;
        assert(moved == 1); // one of those who move it wins
        owner = FREE;
        atomic { generation++; owner = GIVER; fresh = true }
    :: else
    fi
}

init {
    run lender();
    run mover();
    run mover()
}
