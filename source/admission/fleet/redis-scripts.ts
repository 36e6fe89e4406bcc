import {membersLua} from './redis-members-lua.ts';
import {commonArguments, windowLua} from './redis-window-lua.ts';

/* The scripts of a ledger in Redis, one for each kind of step. What each gets beside the common arguments stands above it. */

const first = commonArguments + 1;
const script = (body: string): string => `${windowLua}${membersLua}local A = ${first}\n${body}`;

/** A request of a member wants to be sent: id, lane, tokens, reserved, headroom, limits, capacity, own part, may probe. */
export const reserveScript = script(`
-- What is asked this late, nobody waits for any more.
if not isKnown() or now - EXPECTED > 1000 then return forgotten() end
begin()
local id, lane, own = ARGV[A], tonumber(ARGV[A + 1]), tonumber(ARGV[A + 8])
local tokens, reserved, headroom = tonumber(ARGV[A + 2]), tonumber(ARGV[A + 3]), tonumber(ARGV[A + 4])
local mayProbe = ARGV[A + 9] == '1'
if inFlight(id) then return done('lease') end
if s.day > now then return done('day', s.day - now) end
if s.heal > now then return done('wait', s.awaited > 0 and POLL or s.heal - now, 'turn') end

local capacity = tonumber(ARGV[A + 7])
if capacity then
	s.capacity = capacity
	capacity = capacity - math.ceil(s.kept * capacity / WHOLE)
end
local maxRequests, maxTokens = leftOf(tonumber(ARGV[A + 5]), 'r'), leftOf(tonumber(ARGV[A + 6]), 't')
local maxEnded = s.from ~= 'first-byte' and leftOf(tonumber(ARGV[A + 6]), 'e') or nil
local requests, byFirst, byEnd = s.unheard + s.requests, s.held + s.tokens, s.held + s.ended
local needed = tokens + (s.unheard > 0 and headroom or 0)

local mine = {id = id, lane = lane, part = own, arrived = now, tokens = tokens}
local function isBefore(a, aMember, b, bMember)
	if a.lane ~= b.lane then return a.lane < b.lane end
	if a.part ~= b.part then return a.part < b.part end
	if a.arrived ~= b.arrived then return a.arrived < b.arrived end
	return aMember < bMember
end
local all, others, held = call('HGETALL', TICKETS), {}, nil
for i = 1, #all, 2 do
	local ticket = readTicket(all[i + 1])
	if ticket.till <= now then
		call('HDEL', TICKETS, all[i])
	elseif all[i] == ME and ticket.id == id then
		mine.arrived, held = ticket.arrived, id
	else
		others[#others + 1] = {ticket, all[i]}
		if all[i] == ME then held = ticket end
	end
end
local beforeRequests, beforeTokens = 0, 0
for _, other in ipairs(others) do
	if isBefore(other[1], other[2], mine, ME) then
		beforeRequests, beforeTokens = beforeRequests + 1, beforeTokens + other[1].tokens
	end
end

local isProbing = mayProbe and s.from == 'unknown'
local function fits(moreRequests, moreTokens)
	local isFree = not ((maxRequests and requests + moreRequests + 1 > maxRequests)
		or (maxTokens and byFirst + moreTokens + needed > maxTokens)
		or (capacity and tokens + s.held + moreTokens > capacity - s.debt))
	local isFreeByEnd = not (maxEnded and byEnd + moreTokens + needed > maxEnded)
	return isFree and (isFreeByEnd and 'lease' or isProbing and s.probe == '' and 'probe')
end

local kind = fits(beforeRequests, beforeTokens)
if kind then
	local reply
	if kind == 'probe' then
		s.probe = id
		local ended, flight = {}, {}
		window().eachSlot('e', s.passed, slotOf(now), function(slot, amount)
			ended[#ended + 1] = {math.ceil(now - slot * W / 600), amount}
		end)
		local open = call('HGETALL', OPEN)
		for i = 1, #open, 2 do
			local e = readOpen(open[i + 1])
			flight[#flight + 1] = {open[i], e.reserved, now - e.sent, e.heard == 0 and 0 or 1}
		end
		reply = {ended, flight}
	end
	hold(id, {number = me.number, tokens = tokens, reserved = reserved, sent = now, heard = 0})
	me.open = me.open + 1
	if held == id then call('HDEL', TICKETS, ME) end
	return reply and done('probe', reply[1], reply[2]) or done('lease')
end

-- What could never fit takes no turn.
if tokens <= (maxTokens or tokens) and 1 <= (maxRequests or 1) then
	if not held or held == id or isBefore(mine, ME, held, ME) then
		mine.till = now + TICKET
		call('HSET', TICKETS, ME, packTicket(mine))
		if not held and #others == 0 then touch(TICKETS) end
	end
end
if fits(0, 0) then return done('wait', POLL, 'turn') end

-- The slots by whose end at least so much is in: low and high, after a slot; nil where it never is.
local function reached(slotKind, after, low, high)
	local sum, atLow, atHigh = 0, nil, nil
	window().eachSlot(slotKind, after, slotOf(now), function(slot, amount)
		sum = sum + amount
		if not atLow and sum >= low then atLow = slot end
		if sum >= high then atHigh = slot end
		return atHigh
	end, function(amount)
		if sum + amount >= (atLow and high or low) then return false end
		sum = sum + amount
		return true
	end)
	return atLow, atHigh
end
-- From: the earliest that it can be; to: when it is for sure. Between them it depends on answers.
local function between(from, to) return math.max(from, math.min(to or POLL, POLL)) end
local function delayOf(slotKind, after, excess, free, leaves)
	local low, high = reached(slotKind, after, excess - free, excess)
	local to = high and leaves(high) - now
	if free == 0 and to then return to end
	return between(excess > free and low and leaves(low) - now or 0, to)
end

local delay, reason = 1, 'tokens'
if maxRequests and requests + 1 > maxRequests then
	reason = 'requests'
	delay = math.max(delay, delayOf('r', s.passed, requests + 1 - maxRequests, 0, leavesAt))
end
local free = s.held + needed - tokens
if maxTokens and byFirst + needed > maxTokens then
	delay = math.max(delay, delayOf('t', s.passed, byFirst + needed - maxTokens, free, leavesAt))
end
if maxEnded and byEnd + needed > maxEnded and not (isProbing and s.probe == '') then
	local function leaves(slot) return leavesAt(window().unmarkedUntil(slot)) end
	local atEnd = delayOf('e', s.faded, byEnd + needed - maxEnded, free, leaves)
	delay = math.max(delay, isProbing and math.min(atEnd, POLL) or atEnd)
end
if capacity and tokens + s.held > capacity - s.debt then
	local perMs = s.capacity * (WHOLE - s.kept) / WHOLE / W
	local missing = tokens + s.held - (capacity - s.debt)
	if perMs <= 0 then
		delay = math.max(delay, POLL)
	else
		local to = tokens + s.held <= capacity and missing / perMs or nil
		delay = math.max(delay, s.held == 0 and to or between(math.max(0, missing - s.held) / perMs, to))
	end
end
return done('wait', math.ceil(delay), reason)
`);

/** Requests end: of each its id, its first byte, its end, and how. One that waits gives up its turn. */
export const endScript = script(`
if not isKnown() then return forgotten() end
begin()
for i = A, #ARGV, 4 do
	local id, heard, how = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 3]
	local at = now - tonumber(ARGV[i + 2])
	how = tonumber(how) or how
	local e = inFlight(id)
	if e and e.number == me.number then
		if heard then hear(id, e, now - heard) end
		s.debt = s.debt + finish(id, e, me, at, how)
	elseif not e then
		local past, key = endedAs(id)
		if past and past.kind == 1 and how ~= 'kept' then
			e = reopen(id, past, key)
			if heard then hear(id, e, now - heard) end
			finish(id, e, me, at, how)
		elseif not past and how == 'given-back' then
			local ticket = call('HGET', TICKETS, ME)
			if ticket and readTicket(ticket).id == id then call('HDEL', TICKETS, ME) end
		end
	end
end
return done('done')
`);

/** A member comes: new epoch, whether the clock jumped, capacity, facts, when it saw last what all had used of the day, that, ids that it saw, its entries with seven fields each. */
export const enterScript = script(`
local capacity, seen = tonumber(ARGV[A + 2]), tonumber(ARGV[A + 6])
local entries = A + 7 + seen
local hasGap = now - s.last >= VANISH or now < s.last or now - s.gap < AWAITED
local isOther = EPOCH ~= s.epoch
local isLost = s.epoch == '' or (not isOther and (s.steps < STEPS or (me and me.own < OWN) or (ARGV[A + 1] == '1' and hasGap)))
local knowsPast = (isLost or isOther) and (EPOCH ~= '' or seen > 0 or entries <= #ARGV)
-- What it brings goes back one window: what was answered before that without the ledger, nobody counted.
local lacksAnswers = (isLost and knowsPast) or (EPOCH ~= '' and not (me and now - me.seen <= W))

if isLost then
	for _, key in ipairs({OPEN, TICKETS, KEYS[8], KEYS[9], KEYS[10]}) do call('UNLINK', key) end
	window().emptySlots()
	local all = call('HGETALL', MEMBERS)
	for i = 1, #all, 2 do
		local m = readMember(all[i + 1])
		m.requests, m.tokens, m.ended, m.open = 0, 0, 0, 0
		-- Where the ledger had expired, who was silent has vanished.
		if m.gone == 0 then m.gone, m.awaited = now, (s.epoch ~= '' or now - m.seen < VANISH) and 1 or 0 end
		if all[i] == ME then me = m end
		writeMember(all[i], m)
	end
	local notes = call('HMGET', NOTES, 'number', 'stamping', 'day', 'today')
	local numbers = s.numbers
	s = emptyState()
	s.epoch, s.numbers, s.capacity, s.notes = ARGV[A], numbers, capacity or 0, tonumber(notes[1] or 0)
	s.made, s.heal, s.hold, s.drained, s.last = now, now + PROBATION, now + PROBATION, now, now
	s.passed = slotOf(now) - 601
	s.faded, s.half = s.passed, math.floor(now * 2 / W)
	if notes[2] then window().adoptStamping(notes[2]) end
	for day, used in string.gmatch(notes[4] or '', '(%d+) (%d+)') do s.today, s.used = tonumber(day), tonumber(used) end
	if notes[3] then s.day = cjson.decode(string.match(notes[3], ' (.*)$'))['until'] end
end
now = math.max(now, s.last)
noteGap()
advance()
drain()
if knowsPast and math.floor(tonumber(ARGV[A + 4]) / DAY) == s.today then s.used = math.max(s.used, tonumber(ARGV[A + 5])) end
if lacksAnswers then
	call('HSET', NOTES, 'since', text(now))
	touch(NOTES)
end

local isAwaiting, isStranger = now < s.made + AWAITED, not me
me = me or newMember({checked = now})
-- What it had in the ledger it brings again.
me.seen, me.gone, me.awaited, me.buried, me.requests, me.tokens, me.ended = now, 0, 0, 0, 0, 0, 0
writeMember(ME, me)
call('HSET', FACTS, ME, ARGV[A + 3])
touch(MEMBERS)
touch(FACTS)
if knowsPast and isAwaiting then
	for i = A + 7, entries - 1 do
		if ARGV[i] ~= ME and call('HEXISTS', MEMBERS, ARGV[i]) == 0 then
			local part = PART > 0 and PART or math.floor(WHOLE / (seen + 1))
			writeMember(ARGV[i], newMember({gone = now, awaited = 1, part = part}))
		end
	end
end
sweep()
if s.awaited > 0 then
	s.heal = math.max(s.heal, s.made + AWAITED + W)
elseif knowsPast and (isAwaiting or isStranger) then
	s.heal = math.max(s.heal, now + W)
end

-- What had ended before the ledger knew of it: quota tokens by when.
local late = {}
for i = entries, #ARGV, 7 do
	local id, heard, ended = ARGV[i], tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5])
	local how = tonumber(ARGV[i + 6]) or ARGV[i + 6]
	local e, isNew, past, key = inFlight(id), false, nil, nil
	if not e then past, key = endedAs(id) end
	local isReopened = past and past.kind == 1 and how ~= 'kept'
	if isReopened then
		e = reopen(id, past, key)
	elseif not e and not past then
		isNew, e = true, {number = me.number, tokens = tonumber(ARGV[i + 1]), reserved = tonumber(ARGV[i + 2]),
			sent = now - tonumber(ARGV[i + 3]), heard = 0}
		hold(id, e)
		me.open = me.open + 1
	end
	if e and e.number == me.number then
		if heard and e.heard == 0 then
			hear(id, e, now - heard)
			call('HSET', OPEN, id, packOpen(e))
		end
		if ended then
			local tokens = finish(id, e, me, now - ended, how)
			if isNew then
				late[#late + 1] = {now - ended, tokens}
			elseif not isReopened then
				s.debt = s.debt + tokens
			end
		end
	end
end
table.sort(late, function(a, b) return a[1] < b[1] end)
local debt, perMs = 0, s.capacity * (WHOLE - s.kept) / WHOLE / W
for i, each in ipairs(late) do
	local till = late[i + 1] and late[i + 1][1] or now
	debt = math.max(0, debt + each[2] - (till - each[1]) * perMs)
end
s.debt = s.debt + debt
return done('done')
`);

/** A member lives: what it uses, how many wait, and of each request in flight its id and when its first byte came. */
export const renewScript = script(`
if not isKnown() then return forgotten() end
begin()
me.usedRequests, me.usedTokens, me.waiting = tonumber(ARGV[A]), tonumber(ARGV[A + 1]), tonumber(ARGV[A + 2])
if me.waiting == 0 then call('HDEL', TICKETS, ME) end
for _, key in ipairs(KEYS) do if key ~= NOTES then touch(key) end end
local named, count = {}, 0
for i = A + 3, #ARGV, 2 do
	named[ARGV[i]], count = true, count + 1
	local heard = tonumber(ARGV[i + 1])
	local e = heard and inFlight(ARGV[i])
	if e and e.heard == 0 and e.number == me.number then
		hear(ARGV[i], e, now - heard)
		call('HSET', OPEN, ARGV[i], packOpen(e))
	end
end
if me.open ~= count and now - me.checked >= VANISH then
	me.checked = now
	keepAll(me, named, now - VANISH)
end
return done('done')
`);

/** A word to all: what it is, and a name and a text or time, or the id of a member. */
export const wordScript = script(`
if not isKnown() then return forgotten() end
begin()
local what, name, value = ARGV[A], ARGV[A + 1], ARGV[A + 2]
touch(NOTES)
if what == 'note' then
	local note = text(now) .. ' ' .. value
	call('HSET', NOTES, name, note)
	s.notes = call('HINCRBY', NOTES, 'number', 1)
	if name == 'stamping' then window().adoptStamping(note) end
	if name == 'day' then s.day = cjson.decode(value)['until'] end
elseif what == 'task' then
	local till, who = string.match(call('HGET', NOTES, 'task:' .. name) or '', '^(%d+) (.*)$')
	local holder = till and tonumber(till) > now and who ~= ME and call('HGET', MEMBERS, who)
	if holder and readMember(holder).gone == 0 then return done('done', 0) end
	call('HSET', NOTES, 'task:' .. name, text(now + tonumber(value)) .. ' ' .. ME)
	return done('done', 1)
elseif what == 'leave' then
	window().keepAnswers()
	keepAll(me, nil, now)
	removeMember(ME)
	s.parts, s.live, me = s.parts - me.part, s.live - 1, nil
elseif name ~= ME then
	local packed = call('HGET', MEMBERS, name)
	local m = packed and readMember(packed)
	if m and m.gone == 0 then
		keepAll(m, nil, now)
		removeMember(name)
	elseif m then
		m.buried, m.part, m.awaited = 1, 0, 0
		writeMember(name, m)
	end
	sweep()
end
return done('done')
`);

const listLua = `
-- All that are not buried: id, who it is, figures.
local function membersNow()
	local all, members = call('HGETALL', MEMBERS), {}
	for i = 1, #all, 2 do
		local m = all[i] == ME and me or readMember(all[i + 1])
		if m.buried == 0 then
			local gone = m.gone > 0 and m.gone or now - m.seen >= VANISH and now or 0
			members[#members + 1] = {all[i], call('HGET', FACTS, all[i]) or '', gone, now - m.seen, m.usedRequests,
				m.usedTokens, m.open, m.waiting}
		end
	end
	return members
end
`;

/** Reads: 'members', 'notes', or 'fates' and ids. */
export const readScript = script(`${listLua}
if not isKnown() then return forgotten() end
begin()
if ARGV[A] == 'notes' then return done('done', call('HGETALL', NOTES)) end
if ARGV[A] == 'fates' then
	local fates = {}
	for i = A + 1, #ARGV do
		local e = inFlight(ARGV[i])
		local past = not e and endedAs(ARGV[i])
		if e then
			fates[#fates + 1] = {ARGV[i], e.heard > 0 and 1 or 0}
		elseif past then
			local isHeard = past.kind == 0 or past.heard < past.slot
			local how = past.kind == 0 and text(past.tokens) or past.kind == 1 and 'kept' or 'given-back'
			fates[#fates + 1] = {ARGV[i], isHeard and 1 or 0, math.max(0, math.ceil(now - past.slot * W / 600)), how}
		end
	end
	return done('done', fates)
end
return done('done', membersNow())
`);

/** The ledger as a program reads it that has not joined: nothing is written. */
export const glanceScript = script(`${listLua}
if s.epoch == '' then return {'none', {'', now}, {}, call('HGETALL', NOTES)} end
now = math.max(now, s.last)
local passed = math.min(slotOf(now), s.passed + 1202) - 601
s.requests = s.requests - window().sumOf('r', s.passed, passed)
s.tokens = s.tokens - window().sumOf('t', s.passed, passed)
s.ended = s.ended - window().sumOf('e', math.max(s.passed, s.faded), passed)
local members = membersNow()
s.live, s.gone = 0, 0
for _, member in ipairs(members) do
	if member[3] == 0 then s.live = s.live + 1 else s.gone = s.gone + 1 end
end
return {'done', figures(0), members, call('HGETALL', NOTES)}
`);
