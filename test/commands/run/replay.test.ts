import {expect, it} from 'vitest';
import {call, useAccount} from '../../account/call.ts';
import {recordedCall, writeRecording} from '../../helpers/recording-fixture.ts';

/** Tests `run --replay` against the simulator: source/commands/run/run-setup.ts to the summary. */

it('sends a recording and says how long its answers came out', async () => {
	await useAccount({});
	const file = writeRecording([
		...[...Array(6).keys()].map((index) => recordedCall(index * 500, {inputTokens: 200, outputTokens: 12})),
		recordedCall(4000, {model: 'us.amazon.nova-pro-v1:0', inputTokens: 1000, outputTokens: 9000}),
	]);
	const words = [
		'--replay',
		file,
		'--speed',
		'100',
		'-m',
		'us.amazon.nova-lite-v1:0',
		'-m',
		'us.amazon.nova-pro-v1:0',
	];
	const called = call('run', ...words, '--no-reports', '--yes', '--json');
	expect(await called.ended, called.stderr()).toBe(0);
	const {plan, variants, events} = JSON.parse(called.stdout());
	expect(plan).toMatchObject({load: 'replay', preset: null});
	expect(variants).toMatchObject([
		{name: 'recorded', requests: {succeeded: 6}, items: {useful: 6}, tokens: {output: 72}},
		{name: 'recorded', requests: {succeeded: 1}, items: {useful: 1}},
	]);
	expect(events.map(({text}: {text: string}) => text)).toContainEqual(
		expect.stringMatching(/of 7 answers \(\d+%\) were shorter than recorded/),
	);
});
