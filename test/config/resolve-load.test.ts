import {expect, it} from 'vitest';
import {resolveLoad} from '../../source/config/resolve-run.ts';

const noFlags = {isSet: () => undefined, text: () => undefined, texts: () => []};

it('warm-up and ramp-up come from the preset, and are none without one', () => {
	expect(resolveLoad(noFlags, {shape: 'concurrency', warmUp: 3, rampUp: '2m'})).toMatchObject({
		warmUpRequests: 3,
		rampUpMs: 120_000,
	});
	expect(resolveLoad(noFlags, undefined)).toMatchObject({warmUpRequests: 0, rampUpMs: 0});
});
