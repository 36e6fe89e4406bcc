/*
 * The window of a bucket in Redis: what all scripts of its ledger begin with (`redis-scripts`).
 *
 * The keys of a bucket, in one slot of a cluster:
 *   state    hash: epoch, steps, sums of the window, and what follows from the members
 *   open     hash: requests in flight by id: number of the member, tokens, reserved, sent at, slot of its first byte or 0
 *   slots    hash: sums for each 600th of a window: r<slot> requests and t<slot> tokens from the first byte, e<slot> ended
 *   tickets  hash: whose turn it is, by member
 *   members  hash: figures of each member by id
 *   facts    hash: who each member is, as JSON
 *   notes    hash: what members say to each other, and tasks that one does for all
 *   ended    three hashes in turn, each for half a window: requests that ended, by id, so that each counts once
 *
 * All numbers are whole and written with `text`: Lua prints others with 14 digits, and -0 as such, which Redis refuses. A
 * slot counts until one window after its end: too long by one slot at most, never too short.
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

export const windowLua = `
local DAY = ${notesKeptMs}
local STATE, OPEN, SLOTS, TICKETS, MEMBERS, FACTS, NOTES = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local W, ME, EPOCH = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local STEPS, OWN, EXPECTED, PART = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local WHOLE = 1000000

local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

local touched = {}
local function call(command, key, ...)
	touched[key] = true
	return redis.call(command, key, ...)
end

local function text(n)
	if type(n) == 'string' then return n end
	if n == 0 then return '0' end
	return string.format(n == math.floor(n) and '%.0f' or '%.17g', n)
end

-- Calls with many fields in pieces: unpack has a limit.
local function inPieces(command, key, fields)
	for from = 1, #fields, 500 do
		call(command, key, unpack(fields, from, math.min(from + 499, #fields)))
	end
end

-- Records are numbers in a row.
local function pack(names, record)
	local parts = {}
	for i, name in ipairs(names) do parts[i] = text(record[name]) end
	return table.concat(parts, ' ')
end

local function parse(names, packed)
	local record, i = {}, 0
	for part in string.gmatch(packed, '%S+') do
		i = i + 1
		record[names[i]] = tonumber(part)
	end
	return record
end

local stateNames = {'epoch', 'probe', 'lumps', 'from', 'marks', 'steps', 'last', 'made', 'heal', 'hold', 'gap', 'passed',
	'faded', 'half', 'requests', 'tokens', 'ended', 'open', 'unheard', 'held', 'capacity', 'debt', 'drained', 'live', 'gone',
	'parts', 'kept', 'awaited', 'sweep', 'day', 'notes', 'numbers'}
local stored = redis.call('HMGET', STATE, unpack(stateNames))
local s, was = {}, {}
for i, name in ipairs(stateNames) do
	local value = stored[i]
	if i <= 5 then value = value or '' else value = tonumber(value or 0) end
	s[name], was[name] = value, stored[i] and value
end

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

-- Sums of slots after one and up to another, and their fields that are there.
local function slotSums(kinds, after, last)
	local sums, fields = {}, {}
	for _, kind in ipairs(kinds) do
		sums[kind] = 0
		for from = after + 1, last, 200 do
			local names = {}
			for slot = from, math.min(from + 199, last) do names[#names + 1] = kind .. text(slot) end
			for i, amount in ipairs(redis.call('HMGET', SLOTS, unpack(names))) do
				if amount then
					sums[kind] = sums[kind] + tonumber(amount)
					fields[#fields + 1] = names[i]
				end
			end
		end
	end
	return sums, fields
end

-- Ended tokens of slots up to this one do not count, for all that is known of the service's minutes.
local function fade()
	local last = unmarkedFrom(slotOf(now) - 600) - 1
	if last > s.faded then
		s.ended = s.ended - slotSums({'e'}, s.faded, last).e
		s.faded = last
	end
end
local function fadeAgain()
	s.faded = s.passed
	s.ended = slotSums({'e'}, s.passed, slotOf(now)).e
	fade()
end

local function adoptStamping(note)
	local at, json = string.match(note, '^(%d+) (.*)$')
	if now - tonumber(at) > DAY then return end
	local learnt = cjson.decode(json)
	s.from, s.marks = learnt.countsFrom, learnt.countsFrom == 'unknown' and #learnt.marks == 600 and learnt.marks or ''
	fadeAgain()
end

-- Takes what has left the window out of the sums.
local function advance()
	local passed = slotOf(now) - 601
	if passed >= s.passed + 601 then
		call('DEL', SLOTS)
		s.requests, s.tokens, s.ended, s.passed, s.faded = 0, 0, 0, passed, math.max(passed, s.faded)
	elseif passed > s.passed then
		local sums, fields = slotSums({'r', 't', 'e'}, s.passed, passed)
		local counted = s.faded >= passed and 0 or s.faded > s.passed and slotSums({'e'}, s.faded, passed).e or sums.e
		if #fields > 0 then inPieces('HDEL', SLOTS, fields) end
		s.requests, s.tokens, s.ended = s.requests - sums.r, s.tokens - sums.t, s.ended - counted
		s.faded = math.max(passed, s.faded)
		s.passed = passed
	end
	fade()
	local half = math.floor(now * 2 / W)
	for each = math.max(s.half + 1, half - 2), half do call('UNLINK', KEYS[8 + each % 3]) end
	s.half = half
end

-- Where the service refills a bucket: quota tokens that are still missing in it. Vanished members use their part of the refill.
local function drain()
	s.debt = math.max(0, s.debt - (now - s.drained) * s.capacity * (WHOLE - s.kept) / WHOLE / W)
	s.drained = now
end

local sumNames = {r = 'requests', t = 'tokens', e = 'ended'}
local function add(kind, slot, amount)
	if amount == 0 or slot <= s.passed then return end
	call('HINCRBY', SLOTS, kind .. text(slot), text(amount))
	if kind ~= 'e' or slot > s.faded then s[sumNames[kind]] = s[sumNames[kind]] + amount end
end

local openNames = {'number', 'tokens', 'reserved', 'sent', 'heard'}
-- kind: 0 settled, 1 kept, 2 given back; heard: slot of its first byte; from, first: tokens that count from there; slot: of its end.
local endedNames = {'number', 'kind', 'heard', 'from', 'first', 'slot', 'tokens'}

local function forget(id) if s.probe == id then s.probe = '' end end

local function hold(id, e)
	call('HSET', OPEN, id, pack(openNames, e))
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
		end
		count(past, 1)
	end
	call('HSET', KEYS[8 + s.half % 3], id, pack(endedNames, past))
	return past.tokens
end

local function endedAs(id)
	for key = 8, 10 do
		local packed = redis.call('HGET', KEYS[key], id)
		if packed then return parse(endedNames, packed), KEYS[key] end
	end
end

local function inFlight(id)
	local packed = redis.call('HGET', OPEN, id)
	return packed and parse(openNames, packed)
end

-- Takes back the end of a request that was kept because nothing was heard of it. Returns it as it was in flight.
local function reopen(id, past, key)
	call('HDEL', key, id)
	count(past, -1)
	add('r', past.heard, -1)
	local e = {number = past.number, tokens = past.tokens, reserved = past.first, sent = now, heard = 0}
	if past.heard < past.slot then e.heard = past.heard end
	hold(id, e)
	me.open = me.open + 1
	return e
end

-- Ends all requests in flight of a member; their fate is not known. unless: ids that are not meant.
local function keepAll(m, unless, before)
	local all = redis.call('HGETALL', OPEN)
	for i = 1, #all, 2 do
		local e = parse(openNames, all[i + 1])
		if e.number == m.number and not (unless and unless[all[i]]) and e.sent <= before then
			s.debt = s.debt + finish(all[i], e, m, now, 'kept')
		end
	end
end
`;
