import {readdir, readFile} from 'node:fs/promises';
import path from 'node:path';

/** Folder of the package that a bundled file belongs to; undefined for a file of our own. */
const packageFolder = (file: string): string | undefined =>
	/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];

const licenceText = async (folder: string): Promise<string> => {
	const names = await readdir(folder);
	const name = names.find((candidate) => /^licen[cs]e/i.test(candidate));
	return name === undefined ? '' : (await readFile(path.join(folder, name), 'utf8')).trim();
};

type Notice = {readonly title: string; readonly text: string};

const noticeOf = async (folder: string): Promise<Notice> => {
	const {name, version, license} = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as {
		name: string;
		version: string;
		license?: string;
	};
	return {title: `${name} ${version} (${license ?? 'licence not stated'})`, text: await licenceText(folder)};
};

/**
 * Names and licences of all packages in the bundle; packages that share a licence text are listed above it together.
 * @param files Bundled files, relative to the root.
 */
export const thirdPartyNotices = async (root: string, files: readonly string[]): Promise<string> => {
	const folders = [...new Set(files.map(packageFolder).filter((folder) => folder !== undefined))].toSorted();
	const notices = await Promise.all(folders.map((folder) => noticeOf(path.join(root, folder))));
	const byText = Map.groupBy(notices, ({text}) => text);
	const blocks = [...byText].map(
		([text, group]) =>
			`${group.map(({title}) => title).join('\n')}\n\n${text === '' ? '(no licence file in the package)' : text}`,
	);
	return `bedrock-top contains the following packages.\n\n${blocks.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
};
