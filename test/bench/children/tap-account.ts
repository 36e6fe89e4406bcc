import {startTappedSimulator} from '../../helpers/tapped-simulator.ts';
import {modelPath, readStats} from '../../simulator/harness.ts';

/** Sends mixed requests of several clients through a tap; prints by how much its account of each differs from the service's. */

const total = Number(process.argv[2]);
const claude = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const nova = 'us.amazon.nova-lite-v1:0';
const cut = 'us.meta.llama3-1-8b-instruct-v1:0';
const unlimited = 1_000_000_000;

const tapped = await startTappedSimulator({
	latencyMs: 20,
	requestsPerMinute: unlimited,
	tokensPerMinute: unlimited,
	faults: {
		faults: [
			{kind: 'throttle-requests', probability: 0.05, model: 'nova'},
			{kind: 'validation', probability: 0.05, model: 'nova'},
			{kind: 'cut', probability: 0.2, model: 'llama3-1', afterRequests: 96},
			{kind: 'stream-error', probability: 0.2, model: 'llama3-1', afterRequests: 96},
		],
	},
});

const long = 'Always answer in the style of an encyclopedia. '.repeat(250);
const topics = ['rivers', 'mountains', 'long lists of cities', 'colours of the rainbow, a sentence for each'];

const converse = (about: string, maxTokens: number, more: object = {}) => ({
	messages: [{role: 'user', content: [{text: `Name ${about}.`}]}],
	inferenceConfig: {maxTokens},
	...more,
});
const anthropic = (about: string, maxTokens: number, more: object = {}) => ({
	anthropic_version: 'bedrock-2023-05-31',
	max_tokens: maxTokens,
	messages: [{role: 'user', content: `Name ${about}.`}],
	...more,
});
const cached = {system: [{text: long}, {cachePoint: {type: 'default'}}]};
const cachedText = {system: [{type: 'text', text: long, cache_control: {type: 'ephemeral'}}]};

type Kind = {
	readonly client: string;
	readonly path: string;
	readonly body: (about: string, maxTokens: number) => object;
	readonly isGivenUp?: boolean;
};

const kinds: readonly Kind[] = [
	{client: 'whole', path: modelPath(nova, 'converse'), body: converse},
	{client: 'streams', path: modelPath(nova, 'converse-stream'), body: converse},
	{client: 'whole', path: modelPath(claude, 'invoke'), body: anthropic},
	{client: 'streams', path: modelPath(claude, 'invoke-with-response-stream'), body: anthropic},
	{client: 'caches', path: modelPath(claude, 'converse'), body: (...of) => converse(...of, cached)},
	{
		client: 'caches',
		path: modelPath(claude, 'invoke-with-response-stream'),
		body: (...of) => anthropic(...of, cachedText),
	},
	{client: 'is-cut', path: modelPath(cut, 'converse-stream'), body: converse},
	{client: 'gives-up', path: modelPath(claude, 'converse-stream'), body: converse, isGivenUp: true},
];

const sent = new Map<string, number>();

const ask = async ({client, path, body, isGivenUp}: Kind, number: number): Promise<void> => {
	const abort = new AbortController();
	const count = (sent.get(client) ?? 0) + 1;
	sent.set(client, count);
	try {
		const response = await fetch(`${tapped.url}${path}`, {
			method: 'POST',
			headers: {'content-type': 'application/json', 'user-agent': `${client}/1.0`},
			body: JSON.stringify(body(topics[number % topics.length] ?? '', 20 + (number % 5) * 40)),
			signal: abort.signal,
		});
		// What each prompt costs is known once it was answered twice.
		if (isGivenUp === true && count > 20) {
			await response.body?.getReader().read();
			abort.abort();
		} else {
			await response.arrayBuffer();
		}
	} catch {
		// Cut.
	}
};

// Each prompt of each kind three times one after the other, then all at once.
for (let number = 0; number < topics.length * 3; number++) {
	await Promise.all(kinds.map(async (kind) => ask(kind, number)));
}
let next = topics.length * 3;
await Promise.all(
	Array.from({length: 16}, async () => {
		while (next * kinds.length < total) {
			const number = next++;
			for (const kind of kinds) {
				await ask(kind, number);
			}
		}
	}),
);

const rowsOf = (client: string) =>
	(tapped.tap.snapshot().tap?.clients ?? []).filter(({name}) => name === client);

const names = [...sent.keys()];
const isOver = async (): Promise<boolean> => {
	const {requests} = await readStats(tapped.simulator);
	return names.every(
		(name) =>
			requests.byUserAgent[`${name}/1.0`] === sent.get(name) &&
			rowsOf(name).every(({inFlight}) => inFlight === 0),
	);
};
while (!(await isOver())) {
	await new Promise((resolve) => setTimeout(resolve, 100));
}

const {tokensByUserAgent} = await readStats(tapped.simulator);
const figures = ['input', 'output', 'cacheRead', 'cacheWrite', 'quota', 'reserved'] as const;
const clients = names.map((name) => {
	const rows = rowsOf(name);
	const isEstimated = rows.some(({tokens}) => tokens.estimated);
	const charged = tokensByUserAgent[`${name}/1.0`];
	const compared = isEstimated ? (['reserved'] as const) : figures;
	const sum = (figure: (typeof figures)[number]): number =>
		rows.reduce((all, {tokens}) => all + tokens[figure], 0);
	return {
		name: isEstimated ? `${name} (reserved only: its settlement is estimated)` : name,
		isEstimated,
		differences: Object.fromEntries(
			compared.map((figure) => [figure, sum(figure) - (charged?.[figure] ?? 0)]),
		),
	};
});
await tapped.stop();
process.stdout.write(JSON.stringify({requests: total, clients}));
