import {scanLua, sumsLua} from './redis-sums-lua.ts';

/*
 * The window of a bucket in Redis: what all scripts of its ledger begin with (`redis-scripts`).
 *
 * The keys of a bucket, in one slot of a cluster:
 *   state    numbers and texts: epoch, steps, sums of the window, and what follows from the members
 *   open     hash: requests in flight by id, as records
 *   slots    a ring of sums, for each 600th of a window: requests and tokens from the first byte, tokens ended; then the same
 *            for blocks of slots, so that a sum over the window is read at once
 *   tickets  hash: whose turn it is, by member
 *   members  hash: figures of each member by id, as records
 *   facts    hash: who each member is, as JSON
 *   notes    hash: what members say to each other, tasks that one does for all, and what all had answered by minutes
 *   ended    three hashes in turn, each for half a window: requests that ended, by id, so that each counts once
 *
 * A record is an array of MessagePack: small hashes are searched field by field, and maps spell each name, which takes longer
 * than all else. Numbers in text are whole and written with `text`: Lua writes others with 14 digits, and -0 as such, which
 * Redis refuses. A slot counts until one window after its end: too long by one slot at most, never too short.
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

/** Lua that reads and packs a record by the names of its fields, in their order. */
const recordLua = (name: string, words: string, fields = words.split(' ')): string => `
local function read${name}(packed)
	local v = cmsgpack.unpack(packed)
	return {${fields.map((field, index) => `${field} = v[${index + 1}]`).join(', ')}}
end
local function pack${name}(r) return cmsgpack.pack({${fields.map((field) => `r.${field}`).join(', ')}}) end
`;

const texts = ['epoch', 'probe', 'lumps', 'from', 'marks'];
/**
 * slot: of the last step; lived: which half of a window has its ended requests in a key that expires; minute, answers,
 * answered: the minute of now, and what all had answered in it; today, used: the day of now, and what all had used of it.
 */
const numbers = [
	'steps last made heal hold gap passed faded slot half lived requests tokens ended open unheard held capacity debt drained',
	'live gone parts kept awaited sweep day notes numbers minute answers answered today used',
].flatMap((line) => line.split(' '));

/** gone: when it vanished; requests, tokens, ended: what it had in the ledger then; checked: when its requests in flight were. */
const memberFields =
	'number own seen part open checked gone awaited buried requests tokens ended usedRequests usedTokens waiting';
/** kind: 0 settled, 1 kept, 2 given back; heard: slot of its first byte; from, first: tokens that count from there; slot: of its end. */
const endedFields = 'number kind heard from first slot tokens';

/** The state: numbers at fixed places, which are written over where they lie, then texts, which seldom change. */
const stateLua = `
local function emptyState()
	return {${texts.map((name) => `${name} = '${name === 'from' ? 'unknown' : ''}'`).join(', ')}, ${numbers.map((name) => `${name} = 0`).join(', ')}}
end
local packedState, textsBefore, packedTexts = call('GET', STATE), {}, nil
local s
if not packedState then
	s = emptyState()
else
	local v = {struct.unpack('<${'d'.repeat(numbers.length + 1)}', packedState)}
	packedTexts = string.sub(packedState, v[${numbers.length + 2}], v[${numbers.length + 2}] + v[1] - 1)
	local t = cmsgpack.unpack(packedTexts)
	textsBefore = t
	s = {${texts.map((name, index) => `${name} = t[${index + 1}]`).join(', ')},
		${numbers.map((name, index) => `${name} = v[${index + 2}]`).join(', ')}}
end
local function saveState()
	local t = textsBefore
	local isSame = ${texts.map((name, index) => `s.${name} == t[${index + 1}]`).join(' and ')}
	local packed = isSame and packedTexts or cmsgpack.pack({${texts.map((name) => `s.${name}`).join(', ')}})
	local written = struct.pack('<${'d'.repeat(numbers.length + 1)}', #packed, ${numbers.map((name) => `s.${name}`).join(', ')})
	call('SETRANGE', STATE, 0, isSame and written or written .. packed)
	if not packedState then touch(STATE) end
end
`;

/** What moves the window on, and what looks into it: what few steps need. */
const windowPartsLua = `${scanLua}
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
	if s.used > 0 then
		call('HSET', NOTES, 'today', text(s.today) .. ' ' .. text(s.used))
		touch(NOTES)
	end
	if math.floor(now / DAY) ~= s.today then s.today, s.used = math.floor(now / DAY), 0 end
end

-- Takes what has left the window out of the sums.
local function move()
	local passed = slotOf(now) - 601
	if passed >= s.passed + 601 then
		emptySlots()
		s.requests, s.tokens, s.ended, s.passed, s.faded = 0, 0, 0, passed, math.max(passed, s.faded)
	elseif passed > s.passed then
		clear(s.passed, passed)
		s.faded = math.max(passed, s.faded)
		s.passed = passed
	end
	fade()
	local half = math.floor(now * 2 / W)
	for each = math.max(s.half + 1, half - 2), half do call('UNLINK', KEYS[8 + each % 3]) end
	s.half, s.slot = half, slotOf(now)
	if math.floor(now / 60000) ~= s.minute then keepAnswers() end
end
`;

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

${recordLua('Member', memberFields)}${recordLua('Open', 'number tokens reserved sent heard')}${recordLua('Ticket', 'id lane part arrived tokens till')}${recordLua('Ended', endedFields)}${stateLua}
-- The member whose step it is; nil where the ledger does not know it.
local me

local function slotOf(at) return math.floor(at * 600 / W) end
-- When a slot has left the window.
local function leavesAt(slot) return (slot + 601) * W / 600 end

${sumsLua}
-- The window in time. Each step makes the functions that it may call: what few steps need is made when one does.
local made
local function window()
	if made then return made end
${windowPartsLua}
	made = {sumOf = sumOf, eachSlot = eachSlot, unmarkedUntil = unmarkedUntil, emptySlots = emptySlots, adoptStamping = adoptStamping,
		keepAnswers = keepAnswers, addAnswers = addAnswers, move = move}
	return made
end
local function advance()
	if slotOf(now) ~= s.slot then window().move() end
end

-- Where the service refills a bucket: quota tokens that are still missing in it. Vanished members use their part of the refill.
local function drain()
	s.debt = math.max(0, s.debt - (now - s.drained) * s.capacity * (WHOLE - s.kept) / WHOLE / W)
	s.drained = now
end

local function add(slot, r, t, e)
	if slot <= s.passed then return end
	plus(pending, slot, r, t, e)
	s.requests, s.tokens = s.requests + r, s.tokens + t
	if slot > s.faded then s.ended = s.ended + e end
end

local function forget(id) if s.probe == id then s.probe = '' end end

local function hold(id, e)
	call('HSET', OPEN, id, packOpen(e))
	if s.open == 0 then touch(OPEN) end
	s.open, s.held, s.unheard = s.open + 1, s.held + e.tokens, s.unheard + (e.heard == 0 and 1 or 0)
	if e.heard ~= 0 then add(e.heard, 1, 0, 0) end
end

local function hear(id, e, at)
	if e.heard == 0 then
		e.heard = slotOf(at)
		s.unheard = s.unheard - 1
		add(e.heard, 1, 0, 0)
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
	if e.first ~= 0 then add(e.from, 0, sign * e.first, 0) end
	if e.tokens ~= 0 then add(e.slot, 0, sign * (e.tokens - e.first), sign * e.tokens) end
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
			if math.floor(at / DAY) == s.today then s.used = s.used + how end
			if minute == s.minute then
				s.answers, s.answered = s.answers + 1, s.answered + how
			else
				window().addAnswers(minute, 1, how)
			end
		end
		count(past, 1)
	end
	local key = KEYS[8 + s.half % 3]
	call('HSET', key, id, packEnded(past))
	if s.lived ~= s.half then
		touch(key)
		s.lived = s.half
	end
	return past.tokens
end

local function endedAs(id)
	for key = 8, 10 do
		local packed = call('HGET', KEYS[key], id)
		if packed then return readEnded(packed), KEYS[key] end
	end
end

local function inFlight(id)
	local packed = call('HGET', OPEN, id)
	return packed and readOpen(packed)
end

-- Takes back the end of a request that was kept because nothing was heard of it. Returns it as it was in flight.
local function reopen(id, past, key)
	call('HDEL', key, id)
	count(past, -1)
	add(past.heard, -1, 0, 0)
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
		local e = readOpen(all[i + 1])
		if e.number == m.number and not (unless and unless[all[i]]) and e.sent <= before then
			s.debt = s.debt + finish(all[i], e, m, now, 'kept')
		end
	end
end
`;
