import {describe, expect, it} from 'vitest';
import {reasonOf} from '../../source/domain/user-error.ts';
import {crashLines, executeWills, leaveWill, stackLines} from '../../source/terminal/signals.ts';

/** Tests source/terminal/signals.ts: what is still done when the program ends at once. */

const systemError = (code: string, more: object = {}): Error =>
	Object.assign(new Error(`${code}: it failed, write`), {code, ...more});

describe('what is said when the program breaks', () => {
	it.each([
		[
			'any error',
			new Error('no \u001B[31mway\nat line 2'),
			/^bedrock-top ended by a fault of the program: no .*way\.$/,
		],
		['what is no error', 'thrown text', /thrown text\.$/],
		[
			'a full disk',
			systemError('ENOSPC', {path: '/full/a'}),
			/the system: \/full\/a: no space left on the disk\.$/,
		],
		['a full quota', systemError('EDQUOT'), /your quota of the disk is used up\.$/],
		['a bounded file', systemError('EFBIG'), /the file would be larger than is allowed\.$/],
		['no descriptors', systemError('EMFILE'), /too many files and connections open\.$/],
		[
			'a folder that is gone',
			Object.assign(new Error('ENOENT: process.cwd failed, uv_cwd'), {code: 'ENOENT'}),
			/the current folder is gone\.$/,
		],
		[
			'a thread that cannot start',
			Object.assign(new Error('Worker initialization failure: EMFILE'), {code: 'ERR_WORKER_INIT_FAILED'}),
			/too many files and connections open\.$/,
		],
	])('%s is one sentence with a way out, without a stack', (_name, error, sentence) => {
		const [first = '', ...rest] = crashLines(error, ['run'], ['kept: here']);
		expect(first).toMatch(sentence);
		expect(first).not.toContain('\u001B');
		expect(rest).toEqual(['kept: here', expect.stringMatching(/\.$/)]);
		expect(rest.join('\n')).not.toMatch(/^\s+at /m);
	});

	it('is followed by the stack, and that of its cause, with --debug alone', () => {
		const error = new Error('outer', {cause: new Error('inner')});
		expect(stackLines(error, ['run', '--', '--debug'])).toEqual([]);
		const text = stackLines(error, ['run', '--debug']).join('\n');
		expect(text).toMatch(/outer[\s\S]*at [\s\S]*inner[\s\S]*at /);
	});

	it('keeps the words of an error that the system did not give', () => {
		expect(reasonOf(new Error('odd'))).toBe('odd');
		expect(reasonOf('odd')).toBe('odd');
	});
});

describe('last wills', () => {
	it('are executed once, each whether or not others fail, and not when revoked', () => {
		const revoke = leaveWill(() => ['taken back']);
		leaveWill(() => {
			throw new Error('full');
		});
		leaveWill(() => ['second']);
		revoke();
		expect(executeWills()).toEqual(['The results could not be kept: full', 'second']);
		expect(executeWills()).toEqual([]);
	});
});
