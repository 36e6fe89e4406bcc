import {describe, expect, it} from 'vitest';
import {auditFaults, linksOf, releaseFaults} from '../../source/build/release-check.ts';

const setting = 'https://github.com/someone/bedrock-top';

const ready = {
	manifest: {version: '1.2.0', config: {repository: setting}, ...linksOf(setting)},
	locked: '1.2.0',
	changelog: '# Changelog\n\n## 1.2.0\n\n- Something.\n',
	tags: ['v1.2.0'],
	changes: '',
};

describe('releaseFaults', () => {
	it('finds nothing where all is well, with a bracketed heading too', () => {
		expect(releaseFaults(ready)).toEqual([]);
		expect(releaseFaults({...ready, changelog: '## [1.2.0] - 2026-11-22'})).toEqual([]);
	});

	it.each([
		[{changelog: '## 11.2.0\n## 1x2.0\n## 1.2.0.1\n'}, /no section for 1\.2\.0/],
		[{tags: ['v1.1.0']}, /no tag v1\.2\.0/],
		[{changes: ' M README.md\n'}, /not committed/],
		[{locked: '1.1.0'}, /package-lock\.json is of version 1\.1\.0/],
		[{manifest: {version: '1.2.0', config: {repository: ''}}}, /no repository/],
		[{manifest: {...ready.manifest, homepage: 'elsewhere'}}, /do not follow from config\.repository/],
	] as const)('names what is missing in %j', (change, expected) => {
		expect(releaseFaults({...ready, ...change})).toEqual([expect.stringMatching(expected)]);
	});
});

it('all links follow from one setting', () => {
	const links = {
		repository: {type: 'git', url: `git+${setting}.git`},
		homepage: `${setting}#readme`,
		bugs: {url: `${setting}/issues`},
	};
	expect(linksOf(setting)).toEqual(links);
	expect(linksOf(`${setting}.git/`)).toEqual(links);
	expect(linksOf('')).toBeUndefined();
	expect(linksOf('OWNER/bedrock-top')).toBeUndefined();
});

it('of what npm audit finds, only what is in the bundle is a fault', () => {
	const bill = {components: [{group: '@some', name: 'part'}, {name: 'plain'}]};
	const audit = JSON.stringify({
		vulnerabilities: {
			'@some/part': {severity: 'high', range: '<2.0.0'},
			'only-a-tool': {severity: 'critical', range: '*'},
		},
	});
	expect(auditFaults(audit, bill)).toEqual(['npm audit: @some/part <2.0.0 is in the bundle (high).']);
	expect(auditFaults('{"error": {"summary": "no network"}}', bill)).toBeUndefined();
	expect(auditFaults('', bill)).toBeUndefined();
});
