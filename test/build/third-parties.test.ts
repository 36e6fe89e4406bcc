import {mkdirSync, mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {expect, it} from 'vitest';
import {billOfMaterials, thirdPartyNotices} from '../../source/build/third-parties.ts';

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

it('lists every package of the bundle in a bill of materials that is the same each time', async () => {
	const root = mkdtempSync(path.join(tmpdir(), 'bedrock-top-bill-'));
	const put = (file: string, value: unknown): void => {
		mkdirSync(path.dirname(path.join(root, file)), {recursive: true});
		writeFileSync(path.join(root, file), JSON.stringify(value));
	};
	put('package.json', {name: 'bedrock-top', version: '0.2.0', license: 'Apache-2.0'});
	put('package-lock.json', {
		packages: {'node_modules/plain': {integrity: `sha512-${Buffer.from('digest').toString('base64')}`}},
	});
	put('node_modules/plain/package.json', {name: 'plain', version: '1.0.0', license: 'MIT'});
	put('node_modules/@some/part/package.json', {name: '@some/part', version: '2.0.0', license: 'MIT OR ISC'});
	put('node_modules/plain/node_modules/@some/part/package.json', {
		name: '@some/part',
		version: '2.0.0',
		license: 'MIT OR ISC',
	});
	const files = [
		'node_modules/plain/node_modules/@some/part/index.js',
		'node_modules/plain/a.js',
		'node_modules/plain/b.js',
		'node_modules/@some/part/index.js',
		'source/cli.ts',
	];
	const text = await billOfMaterials(root, files);
	expect(await billOfMaterials(root, files.toReversed())).toBe(text);
	const bill = JSON.parse(text);
	expect(bill).toMatchObject({bomFormat: 'CycloneDX', specVersion: '1.6', version: 1});
	expect(bill.serialNumber).toMatch(/^urn:uuid:[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/);
	expect(bill.metadata.component.purl).toBe('pkg:npm/bedrock-top@0.2.0');
	expect(bill.components).toEqual([
		{
			type: 'library',
			'bom-ref': 'pkg:npm/%40some/part@2.0.0',
			group: '@some',
			name: 'part',
			version: '2.0.0',
			purl: 'pkg:npm/%40some/part@2.0.0',
			licenses: [{expression: 'MIT OR ISC'}],
		},
		{
			type: 'library',
			'bom-ref': 'pkg:npm/plain@1.0.0',
			name: 'plain',
			version: '1.0.0',
			purl: 'pkg:npm/plain@1.0.0',
			licenses: [{license: {id: 'MIT'}}],
			hashes: [{alg: 'SHA-512', content: Buffer.from('digest').toString('hex')}],
		},
	]);
});
