import {readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {z} from 'zod';
import {commandMarkdown, flagMarkdown} from '../config/help.ts';
import {presetSchema} from '../config/preset-schema.ts';
import {requestsCsvMarkdown} from '../reports/requests-csv.ts';
import {keyMarkdownTable} from '../view/keymap.ts';
import {manPages} from './published.ts';
import {linksOf, type Manifest} from './release-check.ts';
import {routeTickets} from './route-tickets.ts';

/**
 * `npm run docs`: renews what is made from data: tables of the pages, the JSON schema of presets, the tickets of `route`,
 * parts of package.json.
 */

/** The JSON schema of preset files for editors, from the schema that presets are checked with. */
export function presetJsonSchema(): string {
	const schema = {
		title: 'bedrock-top preset',
		...z.toJSONSchema(presetSchema, {io: 'input'}),
		// Users' keys for parts that anchors share.
		patternProperties: {'^x-': {}},
	};
	return `${JSON.stringify(schema, null, '\t')}\n`;
}

/** Pages with tables that are made from data, between their markers. */
export const pages = ['source/commands/README.md', 'source/reports/README.md'].map((page) =>
	path.resolve(import.meta.dirname, '../..', page),
);

const between = (text: string, marker: string, content: string): string =>
	text.replace(
		new RegExp(`<!-- ${marker} -->[\\s\\S]*<!-- /${marker} -->`),
		() => `<!-- ${marker} -->\n${content}\n<!-- /${marker} -->`,
	);

const tables: ReadonlyArray<readonly [marker: string, content: string]> = [
	['commands', commandMarkdown().join('\n')],
	['keys', keyMarkdownTable().trim()],
	['flags', flagMarkdown().join('\n')],
	['columns', requestsCsvMarkdown().join('\n')],
];

/** A page with its tables renewed. */
export function freshPage(text: string): string {
	return tables.reduce((page, [marker, content]) => between(page, marker, content), text);
}

/** package.json with its man pages, and with the links that follow from `config.repository`. */
export function freshManifest(text: string): string {
	const {
		name,
		version,
		description,
		license,
		repository: _repository,
		homepage: _homepage,
		bugs: _bugs,
		...rest
	} = JSON.parse(text) as Manifest & Readonly<Record<string, unknown>>;
	const man = Object.keys(manPages(version)).map((file) => `./dist/${file}`);
	const fresh = {name, version, description, license, ...linksOf(rest.config?.repository), ...rest, man};
	return `${JSON.stringify(fresh, null, '\t')}\n`;
}

const root = path.resolve(import.meta.dirname, '../..');

if (process.argv[1] === import.meta.filename) {
	await writeFile(path.join(root, 'presets/schema.json'), presetJsonSchema());
	await writeFile(path.join(root, 'presets/route-tickets.csv'), routeTickets());
	const manifest = path.join(root, 'package.json');
	await writeFile(manifest, freshManifest(await readFile(manifest, 'utf8')));
	for (const page of pages) {
		await writeFile(page, freshPage(await readFile(page, 'utf8')));
	}
}
