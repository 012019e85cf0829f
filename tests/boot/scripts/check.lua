-- SPDX-License-Identifier: MIT
-- What Lua programs rely on, each line checked; the last line says that all of it was right.

local function same(got, wanted, what)
    if got ~= wanted then
        error(("%s: got %s, wanted %s"):format(what, tostring(got), tostring(wanted)), 2)
    end
end

-- Closures share their variables, and each turn of a loop has its own.
local counters = {}
for i = 1, 3 do
    local n = 0
    counters[i] = { add = function(k) n = n + i * k end, get = function() return n end }
end
counters[2].add(5)
counters[2].add(1)
same(counters[2].get() + counters[3].get(), 12, "closures")

-- Coroutines: values both ways, errors, closing.
local squares = coroutine.wrap(function(from)
    while true do from = coroutine.yield(from * from) end
end)
same(squares(3) + squares(4) + squares(12), 169, "coroutine")
local broken = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() closed = true end })
    error({ code = 7 }) end)
local ok, failure = coroutine.resume(broken)
same(ok, false, "resume of a failing coroutine")
same(failure.code, 7, "its error")
coroutine.close(broken)
same(closed, true, "to-be-closed variable")

-- Strings: patterns, formats, packing, UTF-8.
same(("key = value; other=3"):gsub("(%w+)%s*=%s*(%w+)", "%2:%1"), "value:key; 3:other", "gsub")
same(("%5.2f|%x|%q|%-4s|"):format(2 / 3, 255, "a\n", "b"), ' 0.67|ff|"a\\\n"|b   |', "format")
same(string.unpack("<i4", string.pack("<i4", -2)), -2, "pack")
same(utf8.len("grüße"), 5, "utf8")
local words = {}
for word in ("the quick brown fox"):gmatch("%a+") do words[#words + 1] = word end
table.sort(words, function(a, b) return #a < #b or (#a == #b and a < b) end)
same(table.concat(words, ","), "fox,the,brown,quick", "sort")

-- Numbers: integers wrap, floats do not, both convert.
same(math.maxinteger + 1, math.mininteger, "integer overflow")
same(7 // 2 + 7 % -3 + 2 ^ 0.5 // 1, 2.0, "arithmetic")
same(math.tointeger("8") or math.tointeger(8.0), 8, "conversion")
same(("%.3f"):format(math.sin(1) ^ 2 + math.cos(1) ^ 2), "1.000", "math")

-- Files, pipes, the system.
local name = os.tmpname()
local file = assert(io.open(name, "w"))
for i = 1, 5000 do file:write(i, " ", i * i, "\n") end
file:close()
local sum = 0
for a, b in io.lines(name, "n", "n") do
    if not a then break end
    sum = sum + b - a
end
same(sum, 41666665000, "lines")
assert(os.remove(name))
same(select(3, io.open(name)), 2, "errno of a file that is gone")
local pipe = assert(io.popen("echo to the shell; exit 3"))
same(pipe:read("a"), "to the shell\n", "popen")
same(select(3, pipe:close()), 3, "status of popen")
same(select(3, os.execute("exit 4")), 4, "status of execute")
same(os.getenv("NO_SUCH"), nil, "getenv")

-- The collector gives back: a great many tables, few at a time.
for i = 1, 200000 do local t = { i, tostring(i) } end
collectgarbage()
assert(collectgarbage("count") < 2000, "garbage is left over")
print("all of Lua's checks passed")
