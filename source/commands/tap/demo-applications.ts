/** Two simulated applications that send through a tap, so that `tap --demo` lives without an account. */

type Application = {
	readonly name: string;
	readonly sessions: readonly string[];
	readonly model: string;
	readonly operation: 'converse' | 'converse-stream';
	readonly perMinute: number;
	readonly maxTokens: number;
	readonly prompts: readonly string[];
};

const applications: readonly Application[] = [
	{
		name: 'support-chat',
		sessions: ['customer-1', 'customer-2'],
		model: 'us.amazon.nova-lite-v1:0',
		operation: 'converse-stream',
		perMinute: 40,
		maxTokens: 200,
		prompts: [
			'My parcel has not arrived. What can I do?',
			'How do I change the address of an order that was sent yesterday?',
			'Which of your lamps has warm light, and can it be dimmed?',
		],
	},
	{
		// Its answers need a fraction of what it asks for, and all of that is set aside while it waits for them.
		name: 'report-writer',
		sessions: ['nightly'],
		model: 'us.anthropic.claude-haiku-4-5-20251001-v1:0',
		operation: 'converse',
		perMinute: 20,
		maxTokens: 16_000,
		prompts: [
			'Sum up this week in one sentence: sales rose by 4%, returns fell by 2%, two shops were opened.',
		],
	},
];

/** Times between two requests differ by as much, so that the demo does not beat like a clock. */
const jitter = 0.4;

const ask = async (
	url: string,
	{name, sessions, model, operation, maxTokens, prompts}: Application,
	count: number,
	signal: AbortSignal,
): Promise<Response> =>
	fetch(`${url}/model/${encodeURIComponent(model)}/${operation}`, {
		method: 'POST',
		signal,
		headers: {
			'content-type': 'application/json',
			'x-bedrock-top-client': name,
			'x-bedrock-top-session': sessions[count % sessions.length] ?? '',
		},
		body: JSON.stringify({
			messages: [{role: 'user', content: [{text: prompts[count % prompts.length]}]}],
			inferenceConfig: {maxTokens},
		}),
	});

/** Sends until the tap ends or `signal` aborts. */
const run = (url: string, application: Application, signal: AbortSignal): void => {
	let count = 0;
	let timer: NodeJS.Timeout | undefined;
	const stop = (): void => clearTimeout(timer);
	signal.addEventListener('abort', stop);
	const send = async (): Promise<void> => {
		try {
			const answer = await ask(url, application, count++, signal);
			await answer.arrayBuffer();
			if (answer.headers.get('x-bedrock-top') === 'ending') {
				stop();
			}
		} catch {
			// The tap has ended, or cut the answer.
		}
	};
	const next = (): void => {
		const waitMs = (60_000 / application.perMinute) * (1 + jitter * Math.sin(count * 1.7));
		timer = setTimeout(() => {
			next();
			void send();
		}, waitMs);
	};
	next();
	void send();
};

/** Starts the applications. @returns Ends them, with what they have in flight. */
export function startDemoApplications(url: string): () => void {
	const abort = new AbortController();
	for (const application of applications) {
		run(url, application, abort.signal);
	}
	return () => abort.abort();
}
