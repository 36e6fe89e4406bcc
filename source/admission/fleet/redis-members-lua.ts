import {
	awaitedMs,
	clockJumpMs,
	longestPollMs,
	partKeptMs,
	probationMs,
	ticketMs,
	vanishedAfterMs,
} from './shared-ledger.ts';

/** The members of a bucket in Redis: who lives, whose part is kept, and how each step begins and ends. */
export const membersLua = `
local POLL, TICKET, VANISH, KEPT = ${longestPollMs}, ${ticketMs}, ${vanishedAfterMs}, ${partKeptMs}
local PROBATION, AWAITED, JUMP = ${probationMs}, ${awaitedMs}, ${clockJumpMs}

local function newMember(fields)
	s.numbers = s.numbers + 1
	local m = {number = s.numbers, own = 0, seen = 0, part = 0, open = 0, checked = 0, gone = 0, awaited = 0, buried = 0,
		requests = 0, tokens = 0, ended = 0, usedRequests = 0, usedTokens = 0, waiting = 0}
	for name, value in pairs(fields) do m[name] = value end
	return m
end
local function writeMember(id, m) call('HSET', MEMBERS, id, packMember(m)) end
local function removeMember(id)
	call('HDEL', MEMBERS, id)
	call('HDEL', FACTS, id)
	call('HDEL', TICKETS, id)
end
local packedMe = call('HGET', MEMBERS, ME)
me = packedMe and readMember(packedMe)

-- What vanished members have in the ledger becomes one sum each: their part of the quota, which they keep, covers it.
local function vanish(silent)
	local all = call('HGETALL', OPEN)
	for i = 1, #all, 2 do
		local e = readOpen(all[i + 1])
		local m = silent[e.number]
		if m then
			local counts = e.heard == 0 or e.heard > s.passed
			m.requests, m.tokens, m.ended = m.requests + (counts and 1 or 0), m.tokens + e.tokens, m.ended + e.tokens
			release(all[i], e, m)
			if e.heard == 0 then s.unheard = s.unheard - 1 else add(e.heard, -1, 0, 0) end
			s.debt = s.debt + e.tokens
		end
	end
	for key = 8, 10 do
		all = call('HGETALL', KEYS[key])
		local fields = {}
		for i = 1, #all, 2 do
			local e = readEnded(all[i + 1])
			local m = silent[e.number]
			if m then
				m.requests = m.requests + (e.heard > s.passed and 1 or 0)
				m.tokens = m.tokens + (e.from > s.passed and e.first or 0)
				if e.slot > s.passed then
					m.tokens, m.ended = m.tokens + e.tokens - e.first, m.ended + e.tokens
				end
				add(e.heard, -1, 0, 0)
				count(e, -1)
				fields[#fields + 1] = all[i]
			end
		end
		if #fields > 0 then inPieces('HDEL', KEYS[key], fields) end
	end
end

-- Who lives, who has vanished, and what these keep.
local function sweep()
	local all, awaited = call('HGETALL', MEMBERS), s.awaited
	local members, silent, isAny = {}, {}, false
	for i = 1, #all, 2 do
		local m = all[i] == ME and me or readMember(all[i + 1])
		members[all[i]] = m
		if m.gone == 0 and now - m.seen >= VANISH then
			m.gone, silent[m.number], isAny = now, m, true
			call('HDEL', TICKETS, all[i])
			writeMember(all[i], m)
		end
	end
	if isAny then vanish(silent) end
	s.live, s.gone, s.parts, s.kept, s.awaited, s.sweep = 0, 0, 0, 0, 0, now + VANISH
	local lumps = {}
	for i = 1, #all, 2 do
		local id = all[i]
		local m = members[id]
		if m.gone == 0 then
			s.live = s.live + 1
			s.sweep = math.min(s.sweep, m.seen + VANISH)
		else
			local hasLump = m.requests + m.tokens + m.ended > 0
			local isOver = now >= m.gone + W
			if m.awaited == 1 and now >= s.made + AWAITED then m.awaited = 0 end
			if hasLump and isOver then m.requests, m.tokens, m.ended, hasLump = 0, 0, 0, false end
			if now >= m.gone + KEPT then m.buried, m.part = 1, 0 end
			if m.buried == 1 and not hasLump then
				removeMember(id)
			else
				writeMember(id, m)
				s.awaited = s.awaited + m.awaited
				s.kept = s.kept + m.part
				s.gone = s.gone + 1 - m.buried
				if hasLump then
					lumps[#lumps + 1] = table.concat({text(m.part), text(m.requests), text(m.tokens), text(m.ended)}, ':')
					s.sweep = math.min(s.sweep, m.gone + W)
				end
			end
		end
		s.parts = s.parts + m.part
	end
	if s.awaited > 0 then
		s.sweep = math.min(s.sweep, s.made + AWAITED)
	elseif awaited > 0 then
		s.heal = math.max(s.made + PROBATION, math.min(s.heal, now + W))
	end
	table.sort(lumps)
	s.lumps = table.concat(lumps, ' ')
end

-- A limit less what vanished members keep: their part, or what they had in the ledger where that is more.
local function leftOf(limit, kind)
	if not limit then return nil end
	if s.lumps == '' then return limit - math.ceil(s.kept * limit / WHOLE) end
	local kept, lumped = s.kept, 0
	for part, requests, tokens, ended in string.gmatch(s.lumps, '(%d+):(%d+):(%d+):(%d+)') do
		local lump = tonumber(kind == 'r' and requests or kind == 't' and tokens or ended)
		kept = kept - tonumber(part)
		lumped = lumped + math.max(math.ceil(tonumber(part) * limit / WHOLE), lump)
	end
	return limit - math.ceil(kept * limit / WHOLE) - lumped
end

-- What counts of vanished members.
local function lumpOf(kind)
	local sum = 0
	if s.lumps == '' then return sum end
	for requests, tokens, ended in string.gmatch(s.lumps, '%d+:(%d+):(%d+):(%d+)') do
		sum = sum + tonumber(kind == 'r' and requests or kind == 't' and tokens or ended)
	end
	return sum
end

-- The part of this member. It holds what it knows until it has heard of less, so that all together know of no more than 1.
local function partOfMe()
	local fair = math.floor((WHOLE - s.kept) / math.max(1, s.live))
	local part = math.max(0, math.min(fair, WHOLE - (s.parts - me.part)))
	if now < s.hold or s.awaited > 0 then part = math.min(part, PART) end
	local held = math.max(part, PART)
	s.parts = s.parts + held - me.part
	me.part = held
	return part
end

-- Without news of anybody for so long, the ledger may lack what members sent meanwhile.
local function noteGap()
	local others = s.live - ((me and me.gone == 0) and 1 or 0)
	if others > 0 and now - s.last >= VANISH then
		s.gap, s.hold, s.heal = now, now + PROBATION, math.max(s.heal, now + PROBATION)
	end
end

local function isKnown()
	return EPOCH ~= '' and s.epoch == EPOCH and s.steps >= STEPS and me and me.gone == 0 and me.own >= OWN
		and math.abs(now - EXPECTED) <= JUMP
end

local function forgotten() return {'forgotten', {now}} end

-- Begins a step of a member that the ledger knows.
local function begin()
	now = math.max(now, s.last)
	noteGap()
	me.seen = now
	advance()
	drain()
	if now >= s.sweep then sweep() end
end

-- The ledger as all see it.
local function figures(part)
	local tokens = s.held + s.tokens + lumpOf('t')
	if s.from == 'end' then tokens = math.max(tokens, s.held + s.ended + lumpOf('e')) end
	return {s.epoch, now, s.steps, me and me.own or 0, s.unheard + s.requests + lumpOf('r'), tokens, s.held, s.open, s.live, s.gone,
		math.max(0, s.heal - now), s.notes, part, s.used}
end

local function done(kind, ...)
	s.steps, s.last = s.steps + 1, now
	local part = 0
	if me then
		me.own, part = me.own + 1, partOfMe()
		writeMember(ME, me)
	end
	writeSums()
	saveState()
	local short = math.max(2 * W, 2 * VANISH)
	for key in pairs(touched) do
		local life = (key == MEMBERS or key == FACTS) and KEPT + 2 * W or key == NOTES and DAY + 3600000 or short
		call('PEXPIRE', key, text(life))
	end
	return {kind, figures(part), ...}
end
`;
