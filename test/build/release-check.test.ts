import {describe, expect, it} from 'vitest';
import {releaseFaults} from '../../source/build/release-check.ts';

const ready = {
	version: '1.2.0',
	changelog: '# Changelog\n\n## 1.2.0\n\n- Something.\n',
	tags: ['v1.2.0'],
	changes: '',
	repository: 'github:someone/bedrock-top',
};

describe('releaseFaults', () => {
	it('finds nothing where all is well, with a bracketed heading too', () => {
		expect(releaseFaults(ready)).toEqual([]);
		expect(releaseFaults({...ready, changelog: '## [1.2.0] - 2026-11-22'})).toEqual([]);
	});

	it.each([
		[{changelog: '## 11.2.0\n## 1x2.0\n'}, /no section for 1\.2\.0/],
		[{tags: ['v1.1.0']}, /no tag v1\.2\.0/],
		[{changes: ' M README.md\n'}, /not committed/],
		[{repository: undefined}, /no repository/],
	] as const)('names what is missing in %j', (change, expected) => {
		expect(releaseFaults({...ready, ...change})).toEqual([expect.stringMatching(expected)]);
	});
});
