import {describe, expect, it} from 'vitest';
import {allFiles, type Manifest, manifest, undeclared, unused} from './packages.ts';

/** What is used is declared, and the other way round. */

/** Packages that no file imports and no script names. */
const tools: Readonly<Record<string, string>> = {
	'@biomejs/biome': 'the scripts lint and format run it as biome',
	'@types/asciichart': 'types of asciichart, which brings none',
	'@types/node': 'types of Node',
	'@types/node-forge': 'types of node-forge, which brings none',
	'@types/react': 'types of react, which brings none',
	typescript: 'the script types runs it as tsc',
};

const planted: Manifest = {
	scripts: {lint: 'publint --strict'},
	devDependencies: {publint: '^1.0.0', left: '^1.0.0', '@scope/used': '^1.0.0', '@types/x': '^1.0.0'},
};
const text = [
	"import {a} from '@scope/used/deep';",
	"import type {B} from '@scope/types';",
	"import {readFile} from 'node:fs';",
	"import {c} from './c.ts';",
	"const d = await import('lazy');",
	"const e = require('needed/dist/e.js');",
].join('\n');

describe('packages', () => {
	it('are declared where they are imported', () => {
		expect(undeclared(allFiles, manifest)).toEqual([]);
	});

	it('are used where they are declared', () => {
		expect(unused(allFiles, manifest, tools)).toEqual([]);
	});

	it('has no tool on its list that is not declared, or that is imported', () => {
		expect(Object.keys(tools).filter((name) => !unused(allFiles, manifest, {}).includes(name))).toEqual([]);
	});

	it('would see one that is missing, and one too many', () => {
		const files = [{path: 'source/planted.ts', text}];
		expect(undeclared(files, planted)).toEqual([
			'source/planted.ts -> @scope/types',
			'source/planted.ts -> lazy',
			'source/planted.ts -> needed',
		]);
		expect(unused(files, planted, {'@types/x': 'types'})).toEqual(['left']);
	});
});
