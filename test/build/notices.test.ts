import {mkdirSync, mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {expect, it} from 'vitest';
import {thirdPartyNotices} from '../../source/build/notices.ts';

it('passes on the notice of a package beside its licence', async () => {
	const root = mkdtempSync(path.join(tmpdir(), 'bedrock-top-notices-'));
	for (const [name, files] of Object.entries({
		plain: {LICENSE: 'Do as you like.'},
		noted: {'LICENSE.md': 'Do as you like.', 'NOTICE.txt': 'Made by many.'},
		bare: {},
		odd: {},
	})) {
		const folder = path.join(root, 'node_modules', name);
		mkdirSync(folder, {recursive: true});
		writeFileSync(
			path.join(folder, 'package.json'),
			JSON.stringify({name, version: '1.0.0', license: name === 'odd' ? 'X' : 'MIT', author: {name: 'Ann'}}),
		);
		for (const [file, text] of Object.entries(files)) {
			writeFileSync(path.join(folder, file), text);
		}
	}
	const files = ['plain', 'noted', 'bare', 'odd'].map((name) => `node_modules/${name}/index.js`);
	const notices = await thirdPartyNotices(root, files);
	expect(notices).toContain('noted 1.0.0 (MIT)\n\nDo as you like.\n\nMade by many.\n');
	expect(notices).toContain('plain 1.0.0 (MIT)\n\nDo as you like.\n');
	expect(notices).toMatch(
		/bare 1\.0\.0 \(MIT\)\n\n\(no licence file in the package; .*\n\nCopyright \(c\) Ann\n\nPermission/,
	);
	expect(notices).toContain('odd 1.0.0 (X)\n\n(no licence file in the package)\n');
});
