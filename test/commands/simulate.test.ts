import {describe, expect, it} from 'vitest';
import {resolveSimulator} from '../../source/commands/simulate.ts';
import {parseArguments} from '../../source/config/parse-arguments.ts';

const resolve = (...argv: readonly string[]) =>
	resolveSimulator(parseArguments(['simulate', ...argv]).flags, () => undefined);

describe('the choices of the simulator', () => {
	it('counts from the first byte and serves the models of now by itself', () => {
		expect(resolve()).toMatchObject({countFrom: 'first-byte', reserve: 'with-cache-reads', era: 'now'});
	});

	it.each([
		[['--count-from', 'end'], {countFrom: 'end'}],
		[['--count-from=first-byte'], {countFrom: 'first-byte'}],
		[['--reserve', 'without-cache-reads'], {reserve: 'without-cache-reads'}],
		[['--era', '2024'], {era: '2024'}],
		[['--enforcement', 'refill'], {enforcement: 'refill'}],
	])('takes %j', (argv, expected) => {
		expect(resolve(...argv)).toMatchObject(expected);
	});

	it.each([
		[['--count-from', 'start'], /--count-from: "start"/],
		[['--reserve', 'with-cache-read'], /--reserve: "with-cache-read"/],
		[['--era', '2023'], /--era: "2023"/],
		[['--era', ''], /--era: "" is empty/],
	])('refuses %j', (argv, expected) => {
		expect(() => resolve(...argv)).toThrow(expected);
	});
});
