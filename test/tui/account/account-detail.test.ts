import {expect, it} from 'vitest';
import {accountDayLines} from '../../../source/tui/account/account-detail.ts';
import {accountRegionFixture, fixtureMinute} from '../../helpers/account-fixture.ts';
import {limitFixture} from '../../helpers/snapshot-fixture.ts';

it('the day over all models is a row with its gauge, its burn and when it is used up', () => {
	const day = {
		limit: limitFixture(700_000_000),
		tokens: 380_000_000,
		perMinute: 1_000_000,
		wholeToMs: fixtureMinute + 60_000,
		newestTokens: 0,
		models: [],
	};
	const region = accountRegionFixture({day});
	const texts = (regions: Parameters<typeof accountDayLines>[0]) =>
		accountDayLines(regions, 120).map((line) =>
			line
				.map(({text}) => text)
				.join('')
				.trimEnd(),
		);
	expect(texts([region])).toEqual([
		'  █████····· day, all models  380M of 700M (54%, estimate) · 60M per hour · used up at about 17:18 UTC',
	]);
	expect(texts([accountRegionFixture()])).toEqual([]);
	const unknown = accountRegionFixture({day: {...day, tokens: null, perMinute: null}});
	expect(texts([unknown])[0]).toContain('– of 700M (–, estimate) · – per hour · used up at –');
});
