import {createHash} from 'node:crypto';
import {readdir, readFile} from 'node:fs/promises';
import path from 'node:path';

/** What the bundle contains of others: their licences and notices, and the software bill of materials. */

/** Folder of the package that a bundled file belongs to; undefined for a file of our own. */
const packageFolder = (file: string): string | undefined =>
	/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];

/** Folders of the packages in the bundle, in a fixed order. */
const packageFolders = (files: readonly string[]): readonly string[] =>
	[...new Set(files.map(packageFolder).filter((folder) => folder !== undefined))].toSorted();

/** A file of the package by the beginning of its name; empty where there is none. */
const fileText = async (folder: string, pattern: RegExp): Promise<string> => {
	const names = await readdir(folder);
	const name = names.find((candidate) => pattern.test(candidate));
	return name === undefined ? '' : (await readFile(path.join(folder, name), 'utf8')).trim();
};

/** The licence, and the notice that some licences ask to be passed on. */
const licenceText = async (folder: string): Promise<string> =>
	[await fileText(folder, /^licen[cs]e/i), await fileText(folder, /^notice/i)]
		.filter((text) => text !== '')
		.join('\n\n');

/** What the MIT licence grants, for packages that name it and leave its text out. */
const mitText = (
	author: string,
): string => `(no licence file in the package; its package.json names the MIT licence:)

Copyright (c) ${author}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

const nameOf = (author: string | {readonly name?: string} | undefined): string =>
	(typeof author === 'string' ? author : author?.name) ?? 'its authors';

/** For packages without a licence file: the text of the licence that they name, or where it is. */
const textFor = (license: string | undefined, author: Manifest['author']): string => {
	switch (license) {
		case 'MIT':
			return mitText(nameOf(author));
		case 'Apache-2.0':
			return '(no licence file in the package; its package.json names the Apache License 2.0, whose text is in the file LICENSE of this package)';
		default:
			return '';
	}
};

type Notice = {readonly title: string; readonly text: string};

type Manifest = {
	readonly name: string;
	readonly version: string;
	readonly license?: string;
	readonly author?: string | {readonly name?: string};
};

const manifestIn = async (folder: string): Promise<Manifest> =>
	JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as Manifest;

const noticeOf = async (folder: string): Promise<Notice> => {
	const {name, version, license, author} = await manifestIn(folder);
	const text = await licenceText(folder);
	return {
		title: `${name} ${version} (${license ?? 'licence not stated'})`,
		text: text === '' ? textFor(license, author) : text,
	};
};

/**
 * Names and licences of all packages in the bundle; packages that share a licence text are listed above it together.
 * @param files Bundled files, relative to the root.
 */
export async function thirdPartyNotices(root: string, files: readonly string[]): Promise<string> {
	const folders = packageFolders(files);
	const notices = await Promise.all(folders.map((folder) => noticeOf(path.join(root, folder))));
	const byText = Map.groupBy(notices, ({text}) => text);
	const blocks = [...byText].map(
		([text, group]) =>
			`${group.map(({title}) => title).join('\n')}\n\n${text === '' ? '(no licence file in the package)' : text}`,
	);
	return `bedrock-top contains the following packages.\n\n${blocks.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

/** Package URL, as bills of materials and advisories name a package. */
const purlOf = (name: string, version: string): string =>
	`pkg:npm/${name.replace('@', '%40')}@${version.replace('+', '%2B')}`;

type Lockfile = {readonly packages: Readonly<Record<string, {readonly integrity?: string}>>};

/** The digest of a package's tarball from the lockfile; none for a package that has none there. */
const hashesOf = (integrity: string | undefined) => {
	const [algorithm = '', digest = ''] = integrity?.split('-') ?? [];
	return algorithm === 'sha512'
		? {hashes: [{alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex')}]}
		: {};
};

const licencesOf = (license: string | undefined) =>
	license === undefined
		? {}
		: {licenses: [/ (?:OR|AND|WITH) /.test(license) ? {expression: license} : {license: {id: license}}]};

/** A package with its licence, as CycloneDX has it. */
const componentOf = ({name, version, license}: Manifest, type: 'library' | 'application') => {
	const [, group, own = name] = /^(@[^/]+)\/(.+)$/.exec(name) ?? [];
	const purl = purlOf(name, version);
	return {
		type,
		'bom-ref': purl,
		...(group === undefined ? {} : {group}),
		name: own,
		version,
		purl,
		...licencesOf(license),
	};
};

/**
 * The bill of materials (CycloneDX 1.6, JSON): every package in the bundle. It has neither a time nor a random number, so
 * that two builds of one commit are equal.
 * @param files Bundled files, relative to the root.
 */
export async function billOfMaterials(root: string, files: readonly string[]): Promise<string> {
	const {packages} = JSON.parse(await readFile(path.join(root, 'package-lock.json'), 'utf8')) as Lockfile;
	const found = await Promise.all(
		packageFolders(files).map(async (folder) => ({
			...componentOf(await manifestIn(path.join(root, folder)), 'library'),
			...hashesOf(packages[folder.slice(folder.indexOf('node_modules/'))]?.integrity),
		})),
	);
	// One version may lie in several folders.
	const components = [...new Map(found.map((each) => [each['bom-ref'], each])).values()];
	const application = componentOf(await manifestIn(root), 'application');
	const digest = createHash('sha256')
		.update(JSON.stringify([application, components]))
		.digest('hex');
	const serial = [
		digest.slice(0, 8),
		digest.slice(8, 12),
		`5${digest.slice(13, 16)}`,
		`8${digest.slice(17, 20)}`,
		digest.slice(20, 32),
	];
	const bill = {
		$schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
		bomFormat: 'CycloneDX',
		specVersion: '1.6',
		serialNumber: `urn:uuid:${serial.join('-')}`,
		version: 1,
		metadata: {component: application},
		components,
		// All of them are inside: nothing is installed beside the package.
		dependencies: [{ref: application['bom-ref'], dependsOn: components.map((each) => each['bom-ref'])}],
	};
	return `${JSON.stringify(bill, null, '\t')}\n`;
}
