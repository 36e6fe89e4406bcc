import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {describe, expect, it, onTestFinished} from 'vitest';
import {isBuilt, plainEnvironment, program, runProgram} from '../helpers/built-program.ts';
import {isSoak} from '../helpers/random-cases.ts';

/** The program as a client of its own simulator over HTTPS, led by the printed lines alone. */

const startTls = async (): Promise<{
	variables: Record<string, string>;
	end: () => Promise<number | null>;
}> => {
	const child = spawn(process.execPath, [program, 'simulate', '--tls', '--latency', '1'], {
		env: plainEnvironment(),
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	onTestFinished(() => void child.kill('SIGKILL'));
	let printed = '';
	for await (const chunk of child.stdout) {
		printed += String(chunk);
		if (printed.includes('until Ctrl+C')) {
			break;
		}
	}
	return {
		variables: Object.fromEntries(
			[...printed.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value ?? '']),
		),
		end: () =>
			new Promise((resolve) => {
				child.on('exit', resolve);
				child.kill('SIGINT');
			}),
	};
};

describe.skipIf(!isBuilt)('simulate --tls (skipped where dist/ is not built)', () => {
	it.each(isSoak ? ['NODE_EXTRA_CA_CERTS', 'AWS_CA_BUNDLE'] : ['AWS_CA_BUNDLE'])(
		'serves a run that trusts it by %s alone',
		async (name) => {
			const {variables, end} = await startTls();
			const {NODE_EXTRA_CA_CERTS: file = '', AWS_CA_BUNDLE: _bundle, ...others} = variables;
			const argv = ['run', 'classify', '--variants', 'concise', '--requests', '2', '--yes', '--json'];
			const run = await runProgram(argv, {environment: {...others, [name]: file}});
			expect(run.code).toBe(0);
			expect(JSON.parse(run.stdout)).toMatchObject({simulated: true, outcome: 'completed'});

			const stranger = await runProgram(argv.slice(0, -1), {environment: others});
			expect(stranger.code).toBe(1);
			expect(stranger.stdout).toContain('self-signed certificate in certificate chain');
			expect(stranger.stdout).toMatch(/AWS_CA_BUNDLE or\s+NODE_EXTRA_CA_CERTS/);

			expect(existsSync(file)).toBe(true);
			expect(await end()).toBe(0);
			expect(existsSync(file)).toBe(false);
		},
	);
});
