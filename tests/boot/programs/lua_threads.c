// SPDX-License-Identifier: MIT
// Lua interpreters, one in each thread, all working at a time. Prints what each has computed.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

#define THREADS 4

static const char script[] =
    "local n = ... ; local t = {}\n"
    "for i = 1, 2000 do t[#t + 1] = ('%d:%s'):format(i, ('x'):rep(i % 7)) end\n"
    "local s = table.concat(t, ',')\n"
    "local sum = 0\n"
    "for number in s:gmatch('(%d+):') do sum = sum + number * n end\n"
    "local co = coroutine.wrap(function() for i = 1, 100 do coroutine.yield(i) end end)\n"
    "for i = 1, 100 do sum = sum + co() end\n"
    "local ok, message = pcall(error, 'thrown by ' .. n)\n"
    "assert(not ok and message == 'thrown by ' .. n)\n"
    "return ('%d %d %.2f'):format(n, sum, math.sqrt(n))\n";

static void *interpret(void *argument)
{
    lua_State *state = luaL_newstate();
    luaL_openlibs(state);
    if (luaL_loadstring(state, script) != LUA_OK)
        abort();
    lua_pushinteger(state, (long)argument);
    if (lua_pcall(state, 1, 1, 0) != LUA_OK)
        printf("error: ");
    char *result = malloc(100);
    snprintf(result, 100, "%s", lua_tostring(state, -1));
    lua_close(state);
    return result;
}

int main(void)
{
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, interpret, (void *)(i + 1)) != 0)
            abort();
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        puts(result);
        free(result);
    }
    return 0;
}
