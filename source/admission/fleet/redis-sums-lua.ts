/**
 * The sums of a window in Redis, by slots of a 600th of it: what is added in a step is written at its end. Blocks of slots have
 * sums of their own, so that a sum over the window, or the slot at which one is reached, needs not each slot.
 */
export const sumsLua = `
-- A ring of 640 slots, more than a window has, and its 32 blocks of 20: each three sums of 8 bytes.
local RING, BLOCK, BYTES, BLOCKS = 640, 20, 24, 640 * 24

-- Sums of this step that are not written yet, by slot.
local pending = {}
local function write(from, sums)
	local bytes = call('GETRANGE', SLOTS, from, from + BYTES - 1)
	local r, t, e = 0, 0, 0
	if #bytes == BYTES then r, t, e = struct.unpack('<ddd', bytes) end
	call('SETRANGE', SLOTS, from, struct.pack('<ddd', r + sums[1], t + sums[2], e + sums[3]))
end
local function blockFrom(slot) return BLOCKS + math.floor(slot % RING / BLOCK) * BYTES end
local function plus(all, key, r, t, e)
	local sums = all[key]
	if sums then
		sums[1], sums[2], sums[3] = sums[1] + r, sums[2] + t, sums[3] + e
	else
		all[key] = {r, t, e}
	end
end
local function writeSums()
	if not next(pending) then return end
	local blocks = {}
	for slot, sums in pairs(pending) do
		write(slot % RING * BYTES, sums)
		plus(blocks, blockFrom(slot), sums[1], sums[2], sums[3])
	end
	pending = {}
	for from, sums in pairs(blocks) do write(from, sums) end
end
`;

/** What looks at many slots at once. */
export const scanLua = `
local kinds = {r = 1, t = 2, e = 3}
local one = {'d' .. string.rep('x', 16), string.rep('x', 8) .. 'd' .. string.rep('x', 8), string.rep('x', 16) .. 'd'}

-- At its full length at once: one that grows takes twice as much.
local function emptySlots()
	call('SET', SLOTS, string.rep('\\0', BLOCKS + RING / BLOCK * BYTES))
	touch(SLOTS)
end

-- Sums of one kind of so many slots or blocks that lie in a row.
local function sumsFrom(kind, from, count)
	local bytes = call('GETRANGE', SLOTS, from, from + count * BYTES - 1)
	if #bytes < count * BYTES then bytes = bytes .. string.rep('\\0', count * BYTES - #bytes) end
	return {struct.unpack('<' .. string.rep(one[kinds[kind]], count), bytes)}
end
-- Calls with each slot that has a sum, after one and up to another, until it returns true. isPassed: whether a whole block
-- of that sum is not looked into.
local function eachSlot(kind, after, last, visit, isPassed)
	writeSums()
	local blocks
	local slot = after + 1
	while slot <= last do
		local count = math.min(BLOCK - slot % BLOCK, last - slot + 1)
		local isOver = false
		if count == BLOCK then
			blocks = blocks or sumsFrom(kind, BLOCKS, RING / BLOCK)
			local sum = blocks[math.floor(slot % RING / BLOCK) + 1]
			isOver = sum == 0 or (isPassed and isPassed(sum))
		end
		if not isOver then
			for i, sum in ipairs(sumsFrom(kind, slot % RING * BYTES, count)) do
				if i <= count and sum ~= 0 and visit(slot + i - 1, sum) then return end
			end
		end
		slot = slot + count
	end
end
local function sumOf(kind, after, last)
	local sum = 0
	local function take(amount)
		sum = sum + amount
		return true
	end
	eachSlot(kind, after, last, function(_, amount) take(amount) end, take)
	return sum
end
-- Takes slots out of the sums, after one and up to another.
local function clear(after, last)
	local slot, blocks = after + 1, {}
	while slot <= last do
		local count, from = math.min(BLOCK - slot % BLOCK, last - slot + 1), slot % RING * BYTES
		local bytes = call('GETRANGE', SLOTS, from, from + count * BYTES - 1)
		local none = string.rep('\\0', count * BYTES)
		if #bytes == #none and bytes ~= none then
			local sums = {struct.unpack('<' .. string.rep('d', 3 * count), bytes)}
			for i = 0, count - 1 do
				local r, t, e = sums[3 * i + 1], sums[3 * i + 2], sums[3 * i + 3]
				s.requests, s.tokens = s.requests - r, s.tokens - t
				if slot + i > s.faded then s.ended = s.ended - e end
				plus(blocks, blockFrom(slot), -r, -t, -e)
			end
			call('SETRANGE', SLOTS, from, none)
		end
		slot = slot + count
	end
	for from, sums in pairs(blocks) do write(from, sums) end
end
`;
