import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe, expect, it, vi} from 'vitest';
import {UserError} from '../../source/domain/user-error.ts';
import {readResults} from '../../source/reports/results-schema.ts';
import {call, useAccount} from '../account/call.ts';
import {newFolder} from '../helpers/built-program.ts';
import {type Asked, type Said, startModelFront} from '../helpers/model-front.ts';

/** The whole way over HTTP: a model and a rewriter that answer by rule, in front of a simulated account. */

const model = 'us.amazon.nova-lite-v1:0';
const rewriter = 'us.amazon.nova-pro-v1:0';
const labels = ['red', 'green', 'blue'];
const count = 100;

/** Every item has words of its own. */
const textOf = (index: number): string =>
	`case ${index} about zebra${index} and quartz${index} wants help with matter${index} today please`;
const labelOf = (index: number): string => labels[index % labels.length] ?? '';

/** A preset with items, their right answers, and one verbose variant. @returns Its path. */
const writePreset = (more = ''): string => {
	const folder = newFolder();
	const rows = Array.from(
		{length: count},
		(_, index) => `  - {text: "${textOf(index)}", label: ${labelOf(index)}}`,
	);
	const file = path.join(folder, 'colours.yaml');
	writeFileSync(
		file,
		[
			'# colours of cases',
			'name: colours',
			'task: Say the colour.',
			'expected: "{{item.label}}"',
			'variants:',
			'  - name: verbose',
			`    instruction: "Think about it at length, then say the colour, one of ${labels.join(', ')}. The case is this: {{item.text}}"`,
			'maxTokens: 200',
			'items:',
			...rows,
			more,
		].join('\n'),
	);
	return file;
};

const rewritesOf = (user: string): readonly object[] => {
	const kind = /<kind>(.*)<\/kind>/.exec(user)?.[1];
	const item = /<text>(.*)<\/text>/.exec(user)?.[1];
	const names = labels.join(', ');
	switch (kind) {
		case 'stricter-output':
			return [
				{kind, template: `One word of ${names}: {{item.text}}`, maxTokens: 20, why: 'one word is enough'},
			];
		case 'shorter-instruction':
			return [
				{kind, template: `The colour, one of ${names}`, why: 'it lost its placeholder'},
				{kind, template: `The colour, one of ${names}, as in ${item}: {{item.text}}`},
			];
		case 'fewer-examples':
			return [{kind, template: 'Say it: {{item.text}}'}];
		default:
			return [];
	}
};

/** Answers with the right colour, at length only where it is asked to. */
const answer = ({system, user}: Asked): Said => {
	if (system.startsWith('You rewrite prompt templates')) {
		return {text: `Here they are:\n${JSON.stringify({rewrites: rewritesOf(user)})}`};
	}
	const colours = [...user.matchAll(/case (\d+) about/g)].map(([, index]) => labelOf(Number(index)));
	return colours.length === 1
		? {text: colours[0] ?? '', outputTokens: user.startsWith('Think') ? 60 : 2}
		: {
				text: JSON.stringify(Object.fromEntries(colours.map((colour, place) => [place + 1, colour]))),
				// More than alone: packing saves nothing here.
				outputTokens: 80 * colours.length,
			};
};

const start = async (say: (asked: Asked) => Said = answer) => {
	const account = await useAccount({}, {requestsPerMinute: 100_000, tokensPerMinute: 100_000_000});
	const asked: Asked[] = [];
	const url = await startModelFront(account, (each) => {
		asked.push(each);
		return say(each);
	});
	vi.stubEnv('AWS_ENDPOINT_URL', url);
	return asked;
};

const flags = (out: string, requests = 220, maxCost = 'none'): readonly string[] => [
	...['-m', model, '--rewriter', rewriter, '--requests', String(requests), '--method', 'converse'],
	...['--max-cost', maxCost, '--yes', '--out', out],
];

const finished = async (...argv: readonly string[]) => {
	const called = call('optimize', ...argv);
	const code = await called.ended;
	return {code, stdout: called.stdout(), stderr: called.stderr()};
};

const faultOf = async (...argv: readonly string[]): Promise<UserError> => {
	const error = await call('optimize', ...argv).ended.then(
		() => undefined,
		(fault: unknown) => fault,
	);
	expect(error).toBeInstanceOf(UserError);
	return error as UserError;
};

const resultsIn = (out: string) =>
	readResults(readFileSync(path.join(out, 'results.json'), 'utf8'), 'results.json');

describe('optimize', () => {
	it('proves a shorter answer on items that the rewriter never saw, and leaves a preset with it', async () => {
		const asked = await start();
		const out = path.join(newFolder(), 'out');
		const preset = writePreset();
		const {code, stdout, stderr} = await finished(preset, ...flags(out));
		expect(code).toBe(0);
		expect(stderr).toMatch(new RegExp(`^rewriter +${rewriter} in us-east-1: `, 'm'));
		const {optimize, verdict, costUsd} = resultsIn(out);
		expect(optimize?.heldOut).toMatchObject({candidate: 'stricter-output-1', isProven: true, margin: 0.1});
		expect(optimize?.heldOut?.saving.low).toBeGreaterThan(0.4);
		expect(stdout).toContain('Use stricter-output-1');
		expect(verdict?.find(({goal}) => goal === 'efficiency')).toMatchObject({
			recommended: 'stricter-output-1',
			basis: 'winner',
		});

		// No text of a select or held-out item was in any prompt to the rewriter.
		const prompts = asked.filter(({system}) => system.startsWith('You rewrite')).map(({user}) => user);
		const hidden = [...(optimize?.split.select ?? []), ...(optimize?.split.heldOut ?? [])];
		expect(prompts.length).toBeGreaterThanOrEqual(5);
		expect(hidden).toHaveLength(80);
		expect(hidden.filter((index) => prompts.some((text) => text.includes(`zebra${index} `)))).toEqual([]);
		expect(asked.filter(({model: of}) => of === rewriter)).toHaveLength(prompts.length);

		// What was dropped, and why.
		expect(optimize?.dropped.map(({reason}) => reason)).toEqual(
			expect.arrayContaining([
				'it lost the placeholder {{item.text}}',
				'it holds the text of an item',
				'the checks need "red", which it no longer names',
				'the rewriter offered none',
			]),
		);

		// Requests and cost are those of all steps.
		const spent = (optimize?.spend.model.requests ?? 0) + (optimize?.spend.rewriter.requests ?? 0);
		expect(spent).toBe(asked.length);
		expect(asked.length).toBeLessThanOrEqual(220);
		expect(optimize?.spend.rewriter.requests).toBe(prompts.length);
		expect(costUsd).toBeCloseTo(
			(optimize?.spend.model.costUsd ?? 0) + (optimize?.spend.rewriter.costUsd ?? 0),
		);

		// The preset has the variant; the one that was named is as it was.
		const written = path.join(out, 'colours-optimized.yaml');
		expect(readFileSync(written, 'utf8')).toMatch(
			/^# colours of cases[\s\S]*name: verbose[\s\S]*name: stricter-output-1/,
		);
		expect(readFileSync(preset, 'utf8')).not.toContain('stricter-output-1');
		expect(
			await call('run', written, '-m', model, '--variants', 'stricter-output-1', '--dry-run').ended,
		).toBe(0);
		expect(readdirSync(out)).toEqual(
			expect.arrayContaining(['best-request.json', 'optimize-front.svg', 'summary.md', 'optimize.json']),
		);
		expect(readFileSync(path.join(out, 'summary.md'), 'utf8')).toContain(
			'+ One word of red, green, blue: {{item.text}}',
		);
		const best = JSON.parse(readFileSync(path.join(out, 'best-request.json'), 'utf8'));
		expect(best.requests[0]).toMatchObject({variant: 'stricter-output-1'});
	});

	it('goes on after an interrupt, and pays for no answer twice', async () => {
		let stop = (): void => {};
		const asked = await start((each) => {
			if (asked.length === 70) {
				stop();
			}
			return answer(each);
		});
		const out = path.join(newFolder(), 'out');
		const preset = writePreset();
		const called = call('optimize', preset, ...flags(out));
		stop = () => called.abort(130);
		expect(await called.ended).toBe(130);
		expect(resultsIn(out).optimize?.heldOut).toBeNull();
		const before = asked.length;
		expect(before).toBeLessThan(100);
		const again = flags(out).filter((_, index, all) => all[index] !== '--out' && all[index - 1] !== '--out');
		const {code} = await finished(preset, ...again, '--resume', out);
		expect(code).toBe(0);
		const {optimize} = resultsIn(out);
		expect(optimize?.heldOut).toMatchObject({candidate: 'stricter-output-1', isProven: true});
		expect((optimize?.spend.model.requests ?? 0) + (optimize?.spend.rewriter.requests ?? 0)).toBe(
			asked.length,
		);
		expect(asked.length).toBeLessThanOrEqual(220);
		expect(existsSync(path.join(out, 'results-1.json'))).toBe(true);
		const answered = asked.map(({model: of, user}) => `${of} ${user}`);
		const twice = answered.filter((each, index) => answered.indexOf(each) !== index);
		// It has its verdict: another one sends nothing, and leaves it as it is.
		const over = await finished(preset, ...again, '--resume', out);
		expect(over.stderr).toContain('Nothing is missing');
		expect(resultsIn(out).optimize?.heldOut?.isProven).toBe(true);
		// What was on its way at the signal was not heard to its end.
		expect(twice.length).toBeLessThanOrEqual(10);
	});

	it('tries what OptimizePrompt makes of it, and what a job wrote, too', async () => {
		const asked = await start((each) => (each.model === rewriter ? {text: 'No.'} : answer(each)));
		const [out, folder] = [path.join(newFolder(), 'out'), newFolder()];
		const job = path.join(folder, 'job.jsonl');
		const lines = [
			{modelId: model, optimizedPrompt: `One word of ${labels.join(', ')}: {{item.text}}`},
			{modelId: model, optimizedPrompt: 'One word, please.'},
			{
				modelId: 'amazon.titan-text-express-v1',
				optimizedPrompt: `For another model, ${labels.join(', ')}: {{item.text}}`,
			},
		];
		writeFileSync(job, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
		const sources = ['--import', job, '--via', 'optimize-prompt', '--rounds', '1'];
		const {code} = await finished(writePreset(), ...flags(out), ...sources);
		expect(code).toBe(0);
		const {optimize} = resultsIn(out);
		const kinds = [...(optimize?.candidates ?? []), ...(optimize?.dropped ?? [])].map(({kind}) => kind);
		expect(kinds.filter((kind) => kind === 'imported')).toHaveLength(2);
		expect(kinds).toContain('optimize-prompt');
		expect(optimize?.heldOut).toMatchObject({candidate: 'imported', isProven: true});
		// One request went to OptimizePrompt.
		expect((optimize?.spend.model.requests ?? 0) + (optimize?.spend.rewriter.requests ?? 0)).toBe(
			asked.length + 1,
		);
	});

	it('counts requests that are sent again, and keeps a typed limit to the cent', async () => {
		let number = 0;
		const asked = await start((each) => {
			number++;
			return number % 40 === 0 ? {status: 500, type: 'InternalServerException'} : answer(each);
		});
		const out = path.join(newFolder(), 'out');
		const limit = 0.08;
		await finished(writePreset(), ...flags(out, 160, String(limit)), '--rounds', '1');
		expect(asked.length).toBeLessThanOrEqual(160);
		const {optimize, costUsd} = resultsIn(out);
		expect(costUsd).toBeLessThanOrEqual(limit);
		expect(optimize?.budget.costUsd).toBe(limit);
		expect((optimize?.spend.model.requests ?? 0) + (optimize?.spend.rewriter.requests ?? 0)).toBe(
			asked.length,
		);
	});

	it('keeps what was paid for when the rewriter is refused by the service', async () => {
		const said = {status: 403, type: 'AccessDeniedException'};
		const reason = 'the rewriter gave no answer';
		await start((each) => (each.model === rewriter ? said : answer(each)));
		const out = path.join(newFolder(), 'out');
		const {stdout} = await finished(writePreset(), ...flags(out, 160));
		const {optimize} = resultsIn(out);
		expect(stdout).toContain('No rewrite is proven');
		expect(optimize?.dropped.every((each) => each.reason.includes(reason))).toBe(true);
		expect(new Set(optimize?.dropped.map(({kind}) => kind)).size).toBe(5);
		expect(optimize?.spend.model.requests).toBeGreaterThan(0);
	});
});

describe('what optimize says before it sends anything', () => {
	it('prints where items go and what margin they can prove', async () => {
		const asked = await start();
		const {code, stdout} = await finished(
			writePreset(),
			...flags(path.join(newFolder(), 'out')),
			'--dry-run',
		);
		expect(code).toBe(0);
		expect(asked).toEqual([]);
		expect(stdout).toMatch(new RegExp(`rewriter +${rewriter} in us-east-1: .*go there`));
		expect(stdout).toContain('20 train, 40 select, 40 held out; only train items go to the rewriter');
		expect(stdout).toContain('40 held-out items can prove "at most 10.4 points worse" with 90% power');
	});

	it('sends nothing where a typed limit does not pay for a verdict', async () => {
		const asked = await start();
		const {message, exitCode} = await faultOf(
			writePreset(),
			...flags(path.join(newFolder(), 'out'), 220, '0.001'),
		);
		expect(exitCode).toBe(2);
		expect(message).toContain('nothing was sent');
		expect(asked).toEqual([]);
	});

	it('refuses a rewriter in another account', async () => {
		const asked = await start();
		const other = 'arn:aws:bedrock:us-east-1:999999999999:inference-profile/us.amazon.nova-pro-v1:0';
		const {message} = await faultOf(
			writePreset(),
			'-m',
			model,
			'--rewriter',
			other,
			'--yes',
			'--out',
			path.join(newFolder(), 'out'),
		);
		expect(message).toContain('account 999999999999');
		expect(asked).toEqual([]);
	});

	it.each([
		[['summarize'], 'at least 60'],
		[['high-volume', '--requests', '20'], '--requests: 20 is too few'],
		[['high-volume', '--margin', '2'], '2'],
		[['high-volume', '-m', 'amazon.nova-micro-v1:0', '-m', model], 'one model, not 2'],
		[['chat'], 'only a task with items'],
		[['nowhere.yaml'], 'nowhere.yaml'],
		[['high-volume', '--via', 'magic'], '"magic"'],
		[['high-volume', '--max-tokens', 'auto'], '--max-tokens auto'],
	])('refuses %j', async (argv, words) => {
		await start();
		expect((await faultOf(...argv)).message).toContain(words);
	});

	it('refuses items without right answers and checks', async () => {
		await start();
		const file = path.join(newFolder(), 'bare.yaml');
		const rows = Array.from({length: 70}, (_, index) => `  - "text ${index}"`);
		writeFileSync(file, ['name: bare', 'task: Say it.', 'items:', ...rows].join('\n'));
		expect((await faultOf(file, '-m', model)).message).toContain('neither right answers nor checks');
	});
});
