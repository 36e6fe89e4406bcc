/** Paths that clients send, as they are on the wire, and what botocore signs them with. */

const runtimeModels = [
	'amazon.nova-lite-v1%3A0',
	'us.amazon.nova-lite-v1%3A0',
	'anthropic.claude-3-5-sonnet-20241022-v2%3A0',
	'global.anthropic.claude-sonnet-4-5-20250929-v1%3A0',
	'arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.anthropic.claude-haiku-4-5-20251001-v1%3A0',
	'arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fab12cd34ef56',
	'arn%3Aaws-us-gov%3Abedrock%3Aus-gov-west-1%3A123456789012%3Aprovisioned-model%2Fxyz',
	'm%C3%B6del-%E6%97%A5%E6%9C%AC-%F0%9F%98%80',
	'plain.model-v1:0',
	'with%20space%2Bplus%25percent',
];

const operations = ['converse', 'converse-stream', 'invoke', 'invoke-with-response-stream'];

export const signedPaths: ReadonlyArray<readonly [method: 'POST' | 'GET', target: string]> = [
	...runtimeModels.flatMap((model) =>
		operations.map((operation) => ['POST', `/model/${model}/${operation}`] as const),
	),
	['POST', '/model/anthropic.claude-haiku-4-5-20251001-v1%3A0/count-tokens'],
	['GET', '/inference-profiles'],
	['GET', '/inference-profiles?type=SYSTEM_DEFINED'],
	['GET', '/inference-profiles?type=SYSTEM_DEFINED&maxResults=100&nextToken=AbC%2Bd%2F%3D%3D'],
	['GET', '/inference-profiles?b=2&a=1&a=0&empty=&c=%C3%BC%20~'],
	['GET', '/inference-profiles/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0'],
	['GET', '/inference-profiles/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.x'],
	['POST', '/guardrail/gr-1%3Ax/version/DRAFT/apply'],
	['GET', '/async-invoke?statusEquals=Completed&sortBy=SubmissionTime'],
	['GET', '/async-invoke/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aasync-invoke%2Fabc'],
];
