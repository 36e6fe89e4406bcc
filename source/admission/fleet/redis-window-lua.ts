/*
 * The window of a bucket in Redis: what all scripts of its ledger begin with (`redis-scripts`).
 *
 * The keys of a bucket, in one slot of a cluster:
 *   state    record: epoch, steps, sums of the window, and what follows from the members
 *   open     hash: requests in flight by id, as records
 *   slots    three rings of sums, one for each 600th of a window: requests and tokens from the first byte, tokens ended
 *   tickets  hash: whose turn it is, by member
 *   members  hash: figures of each member by id, as records
 *   facts    hash: who each member is, as JSON
 *   notes    hash: what members say to each other, tasks that one does for all, and what all had answered by minutes
 *   ended    three hashes in turn, each for half a window: requests that ended, by id, so that each counts once
 *
 * A record is an array of MessagePack: small hashes are searched field by field, which takes longer than all else. Numbers
 * in text are whole and written with `text`: Lua writes others with 14 digits, and -0 as such, which Redis refuses. A slot
 * counts until one window after its end: too long by one slot at most, never too short.
 */

/** Keys of a bucket by the ends of their names, in the order in which all scripts get them. */
export const keyEnds = [
	'state',
	'open',
	'slots',
	'tickets',
	'members',
	'facts',
	'notes',
	'ended:0',
	'ended:1',
	'ended:2',
] as const;

/** Arguments that all scripts begin with: window, member, epoch, steps, own steps, expected time, known part. */
export const commonArguments = 7;

/** Notes are kept for so long. */
export const notesKeptMs = 86_400_000;

/** Minutes of answers that are kept: more than the account's figures are late. */
const keptMinutes = 16;

export const windowLua = `
local DAY = ${notesKeptMs}
local STATE, OPEN, SLOTS, TICKETS, MEMBERS, FACTS, NOTES = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local W, ME, EPOCH = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local STEPS, OWN, EXPECTED, PART = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local WHOLE = 1000000

local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

local call = redis.call
-- Keys that this step may have made: they are given a time to live. Each sign of life gives one to all.
local touched = {}
local function touch(key) touched[key] = true end

local function text(n)
	if type(n) == 'string' then return n end
	if n == 0 then return '0' end
	return string.format('%.0f', n)
end

-- Calls with many fields in pieces: unpack has a limit.
local function inPieces(command, key, fields)
	for from = 1, #fields, 500 do
		call(command, key, unpack(fields, from, math.min(from + 499, #fields)))
	end
end

-- Of records that are many only the values are kept.
local function pack(names, record)
	local values = {}
	for i = 1, #names do values[i] = record[names[i]] end
	return cmsgpack.pack(values)
end
local function parse(names, packed)
	local record, values = {}, cmsgpack.unpack(packed)
	for i = 1, #names do record[names[i]] = values[i] end
	return record
end

local function emptyState()
	return {epoch = '', probe = '', lumps = '', from = 'unknown', marks = '', steps = 0, last = 0, made = 0, heal = 0, hold = 0,
		gap = 0, passed = 0, faded = 0, half = 0, requests = 0, tokens = 0, ended = 0, open = 0, unheard = 0, held = 0,
		capacity = 0, debt = 0, drained = 0, live = 0, gone = 0, parts = 0, kept = 0, awaited = 0, sweep = 0, day = 0, notes = 0,
		numbers = 0, minute = 0, answers = 0, answered = 0}
end
local packedState = call('GET', STATE)
local s = packedState and cmsgpack.unpack(packedState) or emptyState()

-- The member whose step it is; nil where the ledger does not know it.
local me

local function slotOf(at) return math.floor(at * 600 / W) end
-- When a slot has left the window.
local function leavesAt(slot) return (slot + 601) * W / 600 end

-- The next unmarked place in the minute from a slot on; itself where all are marked.
local function unmarkedFrom(slot)
	if s.from ~= 'unknown' or s.marks == '' then return slot end
	local place = slot % 600
	local at = string.find(s.marks, '0', place + 1, true)
	if at then return slot + at - 1 - place end
	at = string.find(s.marks, '0', 1, true)
	return at and slot + 600 - place + at - 1 or slot
end
local function unmarkedUntil(slot)
	if s.from ~= 'unknown' or s.marks == '' then return slot end
	for back = 0, 599 do
		if string.byte(s.marks, (slot - back) % 600 + 1) == 48 then return slot - back end
	end
	return slot
end

-- Rings of 640 sums: more than a window has slots.
local RING = 640
local kinds = {r = 0, t = RING, e = 2 * RING}
local sumNames = {r = 'requests', t = 'tokens', e = 'ended'}

-- At its full length at once: one that grows takes twice as much.
local function emptySlots()
	call('SET', SLOTS, string.rep('\\0', 3 * RING * 8))
	touch(SLOTS)
end

-- Sums of up to 120 slots from one on that lie in a row in the ring, and how many; nil where all are 0.
local function slotsFrom(kind, slot, last)
	local place = slot % RING
	local count = math.min(120, RING - place, last - slot + 1)
	local from = (kinds[kind] + place) * 8
	local bytes = call('GETRANGE', SLOTS, from, from + count * 8 - 1)
	if #bytes < count * 8 then bytes = bytes .. string.rep('\\0', count * 8 - #bytes) end
	if bytes == string.rep('\\0', count * 8) then return nil, count end
	return {struct.unpack('<' .. string.rep('d', count), bytes)}, count
end
-- Calls with each slot that has a sum, after one and up to another, until it returns true.
local function eachSlot(kind, after, last, visit)
	local slot = after + 1
	while slot <= last do
		local sums, count = slotsFrom(kind, slot, last)
		if sums then
			for i = 1, count do
				if sums[i] ~= 0 and visit(slot + i - 1, sums[i]) then return end
			end
		end
		slot = slot + count
	end
end
local function sumOf(kind, after, last)
	local sum = 0
	eachSlot(kind, after, last, function(_, amount) sum = sum + amount end)
	return sum
end
local function clear(kind, after, last)
	local slot = after + 1
	while slot <= last do
		local count = math.min(RING - slot % RING, last - slot + 1)
		call('SETRANGE', SLOTS, (kinds[kind] + slot % RING) * 8, string.rep('\\0', count * 8))
		slot = slot + count
	end
end

-- Ended tokens of slots up to this one do not count, for all that is known of the service's minutes.
local function fade()
	local last = unmarkedFrom(slotOf(now) - 600) - 1
	if last > s.faded then
		s.ended = s.ended - sumOf('e', s.faded, last)
		s.faded = last
	end
end
local function fadeAgain()
	s.faded = s.passed
	s.ended = sumOf('e', s.passed, slotOf(now))
	fade()
end

local function adoptStamping(note)
	local at, json = string.match(note, '^(%d+) (.*)$')
	if now - tonumber(at) > DAY then return end
	local learnt = cjson.decode(json)
	s.from, s.marks = learnt.countsFrom, learnt.countsFrom == 'unknown' and #learnt.marks == 600 and learnt.marks or ''
	fadeAgain()
end

-- Requests and quota tokens that were answered in a minute, for all.
local function addAnswers(minute, requests, tokens)
	if requests == 0 then return end
	local field = 'minute:' .. minute % ${keptMinutes}
	local known, more, moreTokens = string.match(call('HGET', NOTES, field) or '', '^(%d+) (%d+) (%d+)$')
	if known and tonumber(known) > minute then return end
	if known and tonumber(known) == minute then requests, tokens = requests + more, tokens + moreTokens end
	call('HSET', NOTES, field, table.concat({text(minute), text(requests), text(tokens)}, ' '))
	touch(NOTES)
end
local function keepAnswers()
	addAnswers(s.minute, s.answers, s.answered)
	s.minute, s.answers, s.answered = math.floor(now / 60000), 0, 0
end

-- Takes what has left the window out of the sums.
local function advance()
	local passed = slotOf(now) - 601
	if passed >= s.passed + 601 then
		emptySlots()
		s.requests, s.tokens, s.ended, s.passed, s.faded = 0, 0, 0, passed, math.max(passed, s.faded)
	elseif passed > s.passed then
		s.requests = s.requests - sumOf('r', s.passed, passed)
		s.tokens = s.tokens - sumOf('t', s.passed, passed)
		s.ended = s.ended - sumOf('e', math.max(s.passed, s.faded), passed)
		for kind in pairs(kinds) do clear(kind, s.passed, passed) end
		s.faded = math.max(passed, s.faded)
		s.passed = passed
	end
	fade()
	local half = math.floor(now * 2 / W)
	for each = math.max(s.half + 1, half - 2), half do call('UNLINK', KEYS[8 + each % 3]) end
	s.half = half
	if math.floor(now / 60000) ~= s.minute then keepAnswers() end
end

-- Where the service refills a bucket: quota tokens that are still missing in it. Vanished members use their part of the refill.
local function drain()
	s.debt = math.max(0, s.debt - (now - s.drained) * s.capacity * (WHOLE - s.kept) / WHOLE / W)
	s.drained = now
end

local function add(kind, slot, amount)
	if amount == 0 or slot <= s.passed then return end
	local from = (kinds[kind] + slot % RING) * 8
	local bytes = call('GETRANGE', SLOTS, from, from + 7)
	local sum = #bytes == 8 and struct.unpack('<d', bytes) or 0
	call('SETRANGE', SLOTS, from, struct.pack('<d', sum + amount))
	if kind ~= 'e' or slot > s.faded then s[sumNames[kind]] = s[sumNames[kind]] + amount end
end

local openNames = {'number', 'tokens', 'reserved', 'sent', 'heard'}
-- kind: 0 settled, 1 kept, 2 given back; heard: slot of its first byte; from, first: tokens that count from there; slot: of its end.
local endedNames = {'number', 'kind', 'heard', 'from', 'first', 'slot', 'tokens'}

local function forget(id) if s.probe == id then s.probe = '' end end

local function hold(id, e)
	call('HSET', OPEN, id, pack(openNames, e))
	if s.open == 0 then touch(OPEN) end
	s.open, s.held, s.unheard = s.open + 1, s.held + e.tokens, s.unheard + (e.heard == 0 and 1 or 0)
	if e.heard ~= 0 then add('r', e.heard, 1) end
end

local function hear(id, e, at)
	if e.heard == 0 then
		e.heard = slotOf(at)
		s.unheard = s.unheard - 1
		add('r', e.heard, 1)
		forget(id)
	end
end

local function release(id, e, m)
	call('HDEL', OPEN, id)
	forget(id)
	s.open, s.held = s.open - 1, s.held - e.tokens
	if m then m.open = m.open - 1 end
end

local function count(e, sign)
	add('t', e.from, sign * e.first)
	add('t', e.slot, sign * (e.tokens - e.first))
	add('e', e.slot, sign * e.tokens)
end

-- Ends a request in flight. how: tokens, 'kept' or 'given-back'. Returns the tokens that count.
local function finish(id, e, m, at, how)
	local past = {number = e.number, kind = 0, slot = slotOf(at)}
	if how == 'given-back' then
		release(id, e, m)
		if e.heard == 0 then
			s.unheard = s.unheard - 1
			return 0
		end
		past.kind, past.heard, past.from, past.first, past.tokens = 2, e.heard, e.heard, 0, 0
	else
		hear(id, e, at)
		release(id, e, m)
		past.heard = e.heard
		if how == 'kept' then
			past.kind, past.from, past.first, past.tokens = 1, past.slot, e.reserved, e.tokens
		else
			past.from, past.first, past.tokens = e.heard, math.min(how, e.reserved), how
			local minute = math.floor(at / 60000)
			if minute == s.minute then
				s.answers, s.answered = s.answers + 1, s.answered + how
			else
				addAnswers(minute, 1, how)
			end
		end
		count(past, 1)
	end
	local key = KEYS[8 + s.half % 3]
	call('HSET', key, id, pack(endedNames, past))
	touch(key)
	return past.tokens
end

local function endedAs(id)
	for key = 8, 10 do
		local packed = call('HGET', KEYS[key], id)
		if packed then return parse(endedNames, packed), KEYS[key] end
	end
end

local function inFlight(id)
	local packed = call('HGET', OPEN, id)
	return packed and parse(openNames, packed)
end

-- Takes back the end of a request that was kept because nothing was heard of it. Returns it as it was in flight.
local function reopen(id, past, key)
	call('HDEL', key, id)
	count(past, -1)
	add('r', past.heard, -1)
	local e = {number = me.number, tokens = past.tokens, reserved = past.first, sent = now, heard = 0}
	if past.heard < past.slot then e.heard = past.heard end
	hold(id, e)
	me.open = me.open + 1
	return e
end

-- Ends all requests in flight of a member; their fate is not known. unless: ids that are not meant.
local function keepAll(m, unless, before)
	local all = call('HGETALL', OPEN)
	for i = 1, #all, 2 do
		local e = parse(openNames, all[i + 1])
		if e.number == m.number and not (unless and unless[all[i]]) and e.sent <= before then
			s.debt = s.debt + finish(all[i], e, m, now, 'kept')
		end
	end
end
`;
