import {readdir, readFile} from 'node:fs/promises';
import path from 'node:path';

/** Folder of the package that a bundled file belongs to; undefined for a file of our own. */
const packageFolder = (file: string): string | undefined =>
	/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];

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

type Notice = {readonly title: string; readonly text: string};

const noticeOf = async (folder: string): Promise<Notice> => {
	const {name, version, license, author} = JSON.parse(
		await readFile(path.join(folder, 'package.json'), 'utf8'),
	) as {
		name: string;
		version: string;
		license?: string;
		author?: string | {readonly name?: string};
	};
	const text = await licenceText(folder);
	return {
		title: `${name} ${version} (${license ?? 'licence not stated'})`,
		text: text === '' && license === 'MIT' ? mitText(nameOf(author)) : text,
	};
};

/**
 * Names and licences of all packages in the bundle; packages that share a licence text are listed above it together.
 * @param files Bundled files, relative to the root.
 */
export async function thirdPartyNotices(root: string, files: readonly string[]): Promise<string> {
	const folders = [...new Set(files.map(packageFolder).filter((folder) => folder !== undefined))].toSorted();
	const notices = await Promise.all(folders.map((folder) => noticeOf(path.join(root, folder))));
	const byText = Map.groupBy(notices, ({text}) => text);
	const blocks = [...byText].map(
		([text, group]) =>
			`${group.map(({title}) => title).join('\n')}\n\n${text === '' ? '(no licence file in the package)' : text}`,
	);
	return `bedrock-top contains the following packages.\n\n${blocks.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
