import {expect, it} from 'vitest';
import {OwnUse} from '../../source/account/own-traffic-registry.ts';

it('what other programs of the user had answered is part of their minute, and replaced by what is known later', () => {
	const own = new OwnUse();
	const at = 1_700_000_040_000;
	own.add('bucket', {at: at + 5000, quotaTokens: 100});
	own.setElsewhere('bucket', [
		{process: 'a', at, requests: 20, tokens: 900},
		{process: 'b', at, requests: 1, tokens: 50},
		{process: 'a', at: at - 60_000, requests: 7, tokens: 70},
	]);
	expect(own.at('bucket', at)).toEqual({requests: 22, tokens: 1050});
	expect(own.at('bucket', at - 60_000)).toEqual({requests: 7, tokens: 70});
	expect(own.at('other', at)).toEqual({requests: 0, tokens: 0});
	own.setElsewhere('bucket', []);
	expect(own.at('bucket', at)).toEqual({requests: 1, tokens: 100});
});
