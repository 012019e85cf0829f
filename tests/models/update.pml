// SPDX-License-Identifier: MIT
//
// The gate and live update: nobody runs in an instance that was taken away.
//
// Readers count themselves into the version that they read from the proxy, in two counters a hart
// that only grow, and read the proxy again. Who does not go on from there may take the count back,
// where it was counted. The updater closes the gate, waits until the sum of all
// `left` (read first) equals the sum of all `entered`, takes the old instance away, and opens. A
// thread may be on another hart each time it counts. Version records are reused: the second update
// goes back to the first record.
//
// Source: kernel/gate.S (gate_enter to gate_pop), kernel/proxy.c (version_inside), kernel/update.c.
//
// Mutants, each of which must be refuted:
//   FLAG_THEN_COUNT   read the proxy once, then count in
//   RELAXED           the second read overtakes the count, as without .aqrl
//   UP_AND_DOWN       one counter a hart that goes up and down
//   ENTERED_FIRST     sum `entered` before `left`
//   BACK_ELSEWHERE    a count is taken back on the hart that the thread is on by then

#define READERS 2
#define HARTS 2
#define CLOSED 2 // the third version
#define CALLS 1
#ifndef UPDATES
#define UPDATES 2 // a shallow look needs 1
#endif

byte serving = 0;
bool alive[2];
short entered[6]; // version * HARTS + hart
byte left[6];

inline count_in(version, at)
{
    if // on whichever hart it runs
    :: at = version * HARTS
    :: at = version * HARTS + 1
    fi;
    entered[at]++
}

inline count_back(version, at)
{
#ifdef BACK_ELSEWHERE
    if
    :: at = version * HARTS
    :: at = version * HARTS + 1
    fi;
#endif
    entered[at]--;
    at = 0
}

inline count_out(version)
{
    if
#ifdef UP_AND_DOWN
    :: entered[version * HARTS]--
    :: entered[version * HARTS + 1]--
#else
    :: left[version * HARTS]++
    :: left[version * HARTS + 1]++
#endif
    fi
}

proctype reader(bool lends)
{
    byte version, again, at, calls = 0;
    do
    :: calls == CALLS -> break
    :: else ->
enter:
        version = serving;
#ifdef RELAXED
        again = serving;
        count_in(version, at);
#else
        count_in(version, at);
#ifdef FLAG_THEN_COUNT
        again = version;
#else
        again = serving;
#endif
#endif
        if
        :: again != version && !lends ->
            count_back(version, at);
            goto enter
        :: again != version && lends -> // gate_prepare_again leaves it as if it had been served
            at = 0;
            count_out(version);
            goto enter
        :: again == version && version == CLOSED ->
            at = 0;
            count_out(version);
            serving != CLOSED; // waits for the event `opened`
            goto enter
        :: else -> at = 0
        fi;
        assert(alive[version]); // the first instruction inside
        assert(alive[version]); // and the last one
        count_out(version);
        calls++
    od
}

#define ENTERED(hart) sum = sum + entered[version * HARTS + hart]
#define LEFT(hart) sum = sum - left[version * HARTS + hart]

// Waits until nobody is inside VERSION. Reads are apart, so that readers come between.
inline drain(version, sum)
{
    do
    ::  sum = 0;
#ifdef ENTERED_FIRST
        ENTERED(0);
        ENTERED(1);
        LEFT(0);
        LEFT(1);
#else
        LEFT(0);
        LEFT(1);
        ENTERED(0);
        ENTERED(1);
#endif
        if
        :: sum == 0 -> break
        :: else
        fi
    od
}

active proctype updater()
{
    byte old = 0, updates = 0;
    short sum;
    atomic {
        alive[0] = true;
        run reader(false);
        run reader(true)
    }
    do
    :: updates == UPDATES -> break
    :: else ->
        alive[1 - old] = true; // loaded beside the running one
        serving = CLOSED;
        drain(old, sum);
        alive[old] = false;
        atomic { old = 1 - old; updates++ }
        serving = old
    od
}
