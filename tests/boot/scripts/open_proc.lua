-- Openings of /proc: as many as one likes of reports; of the kernel log and of commands 64, of which
-- none gets lost by a crash of procfs in a close.
local function open(path, mode)
    return assert(io.open(path, mode))
end

local logs = {}
for i = 1, 62 do
    logs[i] = open("/proc/kmsg")
end
for i = 1, 6 do
    local command = open("/proc/sys/domain/command", "w")
    assert(command:write("fault procfs load\n"))
    command:close() -- here it is committed
    assert(open("/proc/uptime"):read("n"))
end
for i, log in ipairs(logs) do
    assert(log:read(1), "opening " .. i .. " of the log is lost")
end

local reports = {}
for i = 1, 100 do
    reports[i] = open("/proc/meminfo")
    assert(reports[i]:read("l"))
end
for i = 63, 80 do
    logs[i] = open("/proc/kmsg")
end
assert(logs[80]:read(1))
print("all openings of /proc are there")
