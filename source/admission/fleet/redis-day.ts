import type {DayExchange} from '../day-member.ts';
import type {ScriptStore} from './redis-ledger.ts';
import {notesKeptMs} from './redis-window-lua.ts';

/**
 * A member says what it used of the day that all models of its account and Region share, and hears what all others used.
 * One hash: of each member the day and its tokens. What a member that has gone used stays until the day is over.
 */
const dayScript = `
local day, own, all = tonumber(ARGV[2]), ARGV[2] .. ' ' .. ARGV[3], 0
redis.call('HSET', KEYS[1], ARGV[1], own)
redis.call('PEXPIRE', KEYS[1], ${2 * notesKeptMs})
local members = redis.call('HGETALL', KEYS[1])
for i = 1, #members, 2 do
	local on, tokens = string.match(members[i + 1], '^(%d+) (%d+)$')
	if tonumber(on) < day - 1 then
		redis.call('HDEL', KEYS[1], members[i])
	elseif tonumber(on) == day and members[i] ~= ARGV[1] then
		all = all + tonumber(tokens)
	end
end
return string.format('%.0f', all)
`;

/** The day of an account and Region in Redis or Valkey. @param id Of this member: no other ever has the same. */
export function redisDay(
	store: ScriptStore,
	{account, region, id}: {readonly account: string; readonly region: string; readonly id: string},
): DayExchange {
	const place = `${account}/${region}`.replaceAll(/[{}]/g, '_');
	return async ({day, tokens}) => {
		const others = Number(
			await store.eval(dayScript, [`bt:{${place}}:day`], [id, String(day), String(Math.ceil(tokens))]),
		);
		if (!Number.isFinite(others)) {
			throw new Error('The store answered something else than a number of tokens.');
		}
		return others;
	};
}
