import {describe, expect, it} from 'vitest';
import {parseArguments} from '../../source/config/parse-arguments.ts';
import {resolveLedger} from '../../source/config/resolve-ledger.ts';
import {UserError} from '../../source/domain/user-error.ts';

const ledgerOf = (words: readonly string[], environment: Record<string, string> = {}, kept = new Map()) =>
	resolveLedger(parseArguments(['run', ...words], kept).flags, environment);

const faultOf = (words: readonly string[], environment: Record<string, string> = {}): UserError => {
	try {
		ledgerOf(words, environment);
	} catch (error) {
		if (error instanceof UserError) {
			return error;
		}
		throw error;
	}
	throw new Error('It was taken.');
};

describe('the ledger of a fleet', () => {
	it('is none where no URL is named', () => {
		expect(ledgerOf([])).toBeUndefined();
		expect(ledgerOf([], {BEDROCK_TOP_LEDGER: ''})).toBeUndefined();
	});

	it.each([
		[
			'redis://127.0.0.1',
			'redis://127.0.0.1:6379',
			{place: {host: '127.0.0.1', port: 6379}, isEncrypted: false, database: 0},
		],
		[
			'REDISS://app:p%40s%2Fs@ledger.internal:6380/2',
			'rediss://ledger.internal:6380/2',
			{
				place: {host: 'ledger.internal', port: 6380},
				isEncrypted: true,
				user: 'app',
				password: 'p@s/s',
				database: 2,
			},
		],
		[
			'redis://:word:with:colons@[::1]:7000/',
			'redis://[::1]:7000',
			{place: {host: '::1', port: 7000}, isEncrypted: false, password: 'word:with:colons', database: 0},
		],
		[
			'redis://app@host',
			'redis://host:6379',
			{place: {host: 'host', port: 6379}, isEncrypted: false, user: 'app', database: 0},
		],
		[
			'unix:///run/redis/redis.sock',
			'unix:///run/redis/redis.sock',
			{place: {path: '/run/redis/redis.sock'}, isEncrypted: false, database: 0},
		],
		[
			'unix://app:secret@/run/redis.sock?db=3',
			'unix:///run/redis.sock?db=3',
			{
				place: {path: '/run/redis.sock'},
				isEncrypted: false,
				user: 'app',
				password: 'secret',
				database: 3,
			},
		],
	])('reads %s', (url, name, address) => {
		expect(ledgerOf(['--ledger', url])).toEqual({name, address, whenLost: 'split', members: undefined});
	});

	it('takes what was typed before the environment, and that before what is kept', () => {
		const environment = {BEDROCK_TOP_LEDGER: 'redis://environment'};
		const kept = new Map([['ledger', ['redis://kept']]]);
		expect(ledgerOf(['--ledger', 'redis://typed'], environment, kept)?.name).toBe('redis://typed:6379');
		expect(ledgerOf([], environment, kept)?.name).toBe('redis://environment:6379');
		expect(ledgerOf([], {}, kept)?.name).toBe('redis://kept:6379');
	});

	it('joins a demo only to one that was typed', () => {
		const environment = {BEDROCK_TOP_LEDGER: 'redis://environment'};
		const kept = new Map([['ledger', ['redis://kept']]]);
		expect(ledgerOf(['--demo'], environment, kept)).toBeUndefined();
		expect(ledgerOf(['--demo', '--ledger', 'redis://typed'])?.name).toBe('redis://typed:6379');
	});

	it('reads what to do while it is lost', () => {
		const words = ['--ledger', 'redis://host', '--ledger-down', 'stop', '--members', '8'];
		expect(ledgerOf(words)).toMatchObject({whenLost: 'stop', members: 8});
	});

	it.each([
		['host:6379', '"host:6379" is not a URL.', 'Write redis://host'],
		['app:s3cret@host', '"[hidden]@host" is not a URL.', 'Write redis://host'],
		['https://app:s3cret@host', '"https://[hidden]@host" has the scheme "https".', 'Write redis://host'],
		['redis+sentinel://h', '"redis+sentinel://h" has the scheme "redis+sentinel".', 'Write redis://host'],
		['redis://', '"redis://" names no host.', 'redis://127.0.0.1'],
		['redis://:s3cret@', '"redis://[hidden]@" names no host.', 'redis://127.0.0.1'],
		['redis://:s3cret@:6379/1', '"redis://[hidden]@:6379/1" names no host.', 'redis://127.0.0.1'],
		['redis://a b', '"redis://a b" names no host.', 'redis://127.0.0.1'],
		['redis://host:0', '"redis://host:0" has no valid port.', 'from 1 to 65535'],
		['redis://host:65536', '"redis://host:65536" has no valid port.', 'from 1 to 65535'],
		['redis://app:s3cret', '"redis://app:[hidden]" has no valid port.', 'stand before the host'],
		['redis://[::1]:s3cret', '"redis://[::1]:[hidden]" has no valid port.', 'stand before the host'],
		['redis://:s3cret@host/x', '"redis://[hidden]@host/x" names no database.', 'a number such as 0'],
		['redis://host/-1', '"redis://host/-1" names no database.', 'a number such as 0'],
		['redis://host/12345', '"redis://host/12345" names no database.', 'a number such as 0'],
		[
			'redis://host/0?password=s3cret',
			'"redis://host/0?[hidden]" has more than a database behind its host.',
			'takes no parameters',
		],
		[
			'redis://:s3/cret@host',
			'"redis://[hidden]@host" has a sign in its user or password that ends the host.',
			'/ as %2F',
		],
		[
			'redis://:s3?cret@host',
			'"redis://[hidden]" has a sign in its user or password that ends the host.',
			'? as %3F',
		],
		['redis://:s3%zcret@host', '"redis://[hidden]@host" has a % that begins no code.', '%25'],
		['unix://run/redis.sock', '"unix://run/redis.sock" names no socket.', 'unix:///run'],
		['unix:///', '"unix:///" names no socket.', 'unix:///run'],
		['unix:///run/r.sock?db=x', '"unix:///run/r.sock?[hidden]" names no database.', '?db=0'],
		['unix:///run/r.sock?auth=s3cret', '"unix:///run/r.sock?[hidden]" names no database.', '?db=0'],
	])('refuses %s without repeating its secrets', (url, message, hint) => {
		for (const [source, fault] of [
			['--ledger', faultOf(['--ledger', url])],
			['BEDROCK_TOP_LEDGER', faultOf([], {BEDROCK_TOP_LEDGER: url})],
		] as const) {
			expect(fault.message).toBe(`${source}: ${message}`);
			expect(fault.hint).toContain(hint);
			expect(fault.exitCode).toBe(2);
			expect(`${fault.message} ${fault.hint}`).not.toMatch(/s3|cret/);
		}
	});

	it.each([
		[['--members', '2'], '--members needs --ledger.'],
		[['--ledger-down', 'stop'], '--ledger-down needs --ledger.'],
		[
			['--ledger', 'redis://h', '--ledger-down', 'spilt'],
			'--ledger-down: "spilt" is not one of: split, stop.',
		],
		[['--ledger', 'redis://h', '--members', '0'], '--members: "0" is not a whole number from 1 to 100000.'],
	])('refuses %j', (words, message) => {
		expect(faultOf(words).message).toBe(message);
	});

	it('lets what is kept stand where there is no ledger', () => {
		expect(ledgerOf([], {}, new Map([['members', ['4']]]))).toBeUndefined();
	});

	it('repeats no secret of a URL in the wrong place of the command line', () => {
		const url = 'redis://app:s3cret@host';
		for (const argv of [
			['run', '--ledger', url, '--ledger', url],
			['run', '--ledger', url, '--ledger=redis://:s3/cret@host'],
		]) {
			expect(() => parseArguments(argv)).toThrow(/is given 2 times: (?:(?!cret).)*$/);
		}
	});
});
