-- Closes of files without a name, each meeting a crash of the service: lua close_files.lua SERVICE FOLDER.
-- Prints, in KiB, what of the files' space did not come back.
local service, folder = arg[1], arg[2]
local MEBIBYTE = string.rep("x", 1 << 20)

local function free()
    if service == "ramfs" then
        local text = io.open("/proc/meminfo"):read("a")
        return 4 * (text:match("PagesFree: +(%d+)") + text:match("PagesKept: +(%d+)"))
    end
    return tonumber(io.popen("df"):read("a"):match("\n%S+ +%d+ +%d+ +(%d+)[^\n]* " .. folder .. "\n"))
end

local function crash()
    local command = assert(io.open("/proc/sys/domain/command", "w"))
    assert(command:write("fault " .. service .. " load\n"))
    command:close()
end

local function round(name, mode)
    local path = folder .. "/" .. name
    local writer = assert(io.open(path, mode))
    assert(writer:write(MEBIBYTE) and writer:flush())
    local reader = assert(io.open(path))
    assert(os.remove(path))
    crash()
    writer:close() -- meets it
    assert(reader:read(1) == "x", "what another has open is gone")
    crash()
    reader:close() -- and so does this one
end

round("first", "w")
local before = free()
for i = 1, 4 do
    round("file" .. i, i % 2 == 0 and "a" or "w")
end

-- What the last crash left is taken apart in its own time, and so is what the first round left.
local missing, looks = before - free(), 0
while missing >= 1024 and looks < 100 do
    os.execute("sleep 0.1")
    missing, looks = before - free(), looks + 1
end
print("missing: " .. missing .. " KiB")
