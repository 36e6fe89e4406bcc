#!/usr/bin/env node
// React and Ink choose their faster build by this, and they read it while they are being loaded.
process.env.NODE_ENV ??= 'production';

const oldestMajor = 22;
const major = Number(process.versions.node.split('.')[0]);

if (major < oldestMajor) {
	process.stderr.write(
		`bedrock-top needs Node ${oldestMajor} or newer; this is Node ${process.versions.node}.\n`,
	);
	process.exitCode = 2;
} else {
	const {keepCompiled} = await import('./threads/compile-cache.ts');
	keepCompiled();
	const {dispatch} = await import('./commands/dispatch.ts');
	process.exitCode = await dispatch(process.argv.slice(2));
}
