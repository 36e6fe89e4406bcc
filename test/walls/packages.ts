import {readdirSync, readFileSync} from 'node:fs';
import {isBuiltin} from 'node:module';
import path from 'node:path';
import {type File, files, importsOf} from './house.ts';

/** The packages that the project imports, and those that package.json declares. */

const root = path.resolve(import.meta.dirname, '../..');

export type Manifest = {
	/** Of the package itself, which its users import. */
	readonly name?: string;
	readonly scripts: Readonly<Record<string, string>>;
	readonly devDependencies: Readonly<Record<string, string>>;
};

export const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Manifest;

/** Every file of `source/` and `test/`, by its path below the root, but the walls: their texts plant imports. */
export const allFiles: readonly File[] = [
	...files.map(({path: file, text}) => ({path: `source/${file}`, text})),
	...readdirSync(path.join(root, 'test'), {recursive: true, encoding: 'utf8'})
		.filter((file) => /\.tsx?$/.test(file) && !file.startsWith('walls/'))
		.toSorted()
		.map((file) => ({path: `test/${file}`, text: readFileSync(path.join(root, 'test', file), 'utf8')})),
];

const packagePattern = /^(?:@[a-z\d][\w.-]*\/)?[a-z\d][\w.-]*(?=\/|$)/;

/** The package that a specifier belongs to; undefined for files and for what Node brings along. */
function packageOf(specifier: string): string | undefined {
	return isBuiltin(specifier) ? undefined : packagePattern.exec(specifier)?.[0];
}

/** Imports of packages that package.json does not declare: they work only while another package installs them. */
export function undeclared(from: readonly File[], {name: own, devDependencies}: Manifest): readonly string[] {
	return from.flatMap((file) =>
		importsOf(file)
			// An import of a file is a path by now: with its ending, or of data.
			.filter(({target}) => !/\.tsx?$|^\.|^(?:source|test)\/|\$/.test(target))
			.map(({target}) => packageOf(target))
			.filter((name) => name !== undefined && name !== own && !(name in devDependencies))
			.map((name) => `${file.path} -> ${name}`),
	);
}

/**
 * Declared packages that no file imports and no script runs.
 * @param tools Packages that are used in another way, each with the reason.
 */
export function unused(
	from: readonly File[],
	{devDependencies, scripts}: Manifest,
	tools: Readonly<Record<string, string>>,
): readonly string[] {
	const imported = new Set(from.flatMap(importsOf).map(({target}) => packageOf(target)));
	const words = new Set(Object.values(scripts).flatMap((script) => script.split(/\s+/)));
	return Object.keys(devDependencies).filter(
		(name) => !imported.has(name) && !words.has(name) && !(name in tools),
	);
}
