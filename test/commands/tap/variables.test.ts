/** Tests source/commands/tap/child.ts: the variables of the command. */
import {describe, expect, it} from 'vitest';
import {childEnvironment, tapLines} from '../../../source/commands/tap/child.ts';

const url = 'http://127.0.0.1:8089/secret';

describe('the lines of a tap', () => {
	it('set four variables, and say how to undo them', () => {
		expect(tapLines(url, {HOME: '/home/ada'})).toEqual([
			`export AWS_ENDPOINT_URL_BEDROCK_RUNTIME=${url}`,
			`export ANTHROPIC_BEDROCK_BASE_URL=${url}`,
			`export ANTHROPIC_BEDROCK_MANTLE_BASE_URL=${url}/anthropic`,
			`export AWS_BEDROCK_BASE_URL=${url}/openai/v1`,
			'# To undo:',
			'# unset AWS_ENDPOINT_URL_BEDROCK_RUNTIME ANTHROPIC_BEDROCK_BASE_URL ANTHROPIC_BEDROCK_MANTLE_BASE_URL AWS_BEDROCK_BASE_URL',
		]);
	});

	it('unset what hinders, except this machine from a proxy, and undo both', () => {
		expect(
			tapLines(url, {
				AWS_USE_FIPS_ENDPOINT: 'true',
				AWS_ENDPOINT_URL_BEDROCK_RUNTIME: 'https://vpce-1.example/a b',
				HTTP_PROXY: 'http://proxy:3128',
				no_proxy: '.example',
			}),
		).toEqual([
			'unset AWS_USE_FIPS_ENDPOINT',
			`export AWS_ENDPOINT_URL_BEDROCK_RUNTIME=${url}`,
			`export ANTHROPIC_BEDROCK_BASE_URL=${url}`,
			`export ANTHROPIC_BEDROCK_MANTLE_BASE_URL=${url}/anthropic`,
			`export AWS_BEDROCK_BASE_URL=${url}/openai/v1`,
			'export NO_PROXY=.example,127.0.0.1',
			'export no_proxy=.example,127.0.0.1',
			'# To undo:',
			'# unset ANTHROPIC_BEDROCK_BASE_URL ANTHROPIC_BEDROCK_MANTLE_BASE_URL AWS_BEDROCK_BASE_URL NO_PROXY',
			'# export AWS_USE_FIPS_ENDPOINT=true',
			"# export AWS_ENDPOINT_URL_BEDROCK_RUNTIME='https://vpce-1.example/a b'",
			'# export no_proxy=.example',
		]);
	});

	it.each([
		[{HTTP_PROXY: 'http://proxy', NO_PROXY: '*'}],
		[{HTTP_PROXY: 'http://proxy', NO_PROXY: 'localhost, 127.0.0.1'}],
		[{HTTPS_PROXY: 'http://proxy'}],
	])('leave exceptions alone that are enough: %o', (environment) => {
		expect(tapLines(url, environment).join('\n')).not.toContain('export NO_PROXY');
	});
});

it('the environment of a program is that of the tap, with the variables', () => {
	expect(
		childEnvironment(
			url,
			{
				HOME: '/home/ada',
				AWS_USE_DUALSTACK_ENDPOINT: 'true',
				ALL_PROXY: 'socks://p',
				BEDROCK_TOP_LEDGER: 'redis://:secret@host',
			},
			'eu-west-1',
		),
	).toEqual({
		HOME: '/home/ada',
		ALL_PROXY: 'socks://p',
		AWS_ENDPOINT_URL_BEDROCK_RUNTIME: url,
		ANTHROPIC_BEDROCK_BASE_URL: url,
		ANTHROPIC_BEDROCK_MANTLE_BASE_URL: `${url}/anthropic`,
		AWS_BEDROCK_BASE_URL: `${url}/openai/v1`,
		AWS_REGION: 'eu-west-1',
		AWS_DEFAULT_REGION: 'eu-west-1',
		NO_PROXY: '127.0.0.1',
		no_proxy: '127.0.0.1',
	});
});

it.each([
	[{AWS_REGION: 'us-west-2'}, 'us-west-2', 'us-west-2'],
	[{AWS_DEFAULT_REGION: 'us-west-2'}, 'us-west-2', 'us-west-2'],
	[{AWS_REGION: 'us-west-2', AWS_DEFAULT_REGION: 'us-east-2'}, 'us-west-2', 'us-east-2'],
	[{AWS_REGION: ''}, 'eu-west-1', 'eu-west-1'],
])('a program with the Region %o keeps it', (environment, one, other) => {
	expect(childEnvironment(url, environment, 'eu-west-1')).toMatchObject({
		AWS_REGION: one,
		AWS_DEFAULT_REGION: other,
	});
});
