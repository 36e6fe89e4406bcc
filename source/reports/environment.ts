import {readFileSync} from 'node:fs';
import type {Environment} from './results.ts';

/** Version of this program, from its package.json. */
export function toolVersion(): string {
	const file = new URL(
		import.meta.url.endsWith('.ts') ? '../../package.json' : '../package.json',
		import.meta.url,
	);
	return (JSON.parse(readFileSync(file, 'utf8')) as {version: string}).version;
}

/** Versions and platform, for results. */
export function environmentOf(): Environment {
	return {
		toolVersion: toolVersion(),
		nodeVersion: process.version,
		platform: `${process.platform}-${process.arch}`,
	};
}
