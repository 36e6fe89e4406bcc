import {execFile} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';
import {describe, expect, it, onTestFinished} from 'vitest';
import {burndownOf} from '../../source/bedrock/quotas/burndown.ts';
import {isAccountTokensPerDay, parseQuotaName} from '../../source/bedrock/quotas/quota-name.ts';
import {type DataFile, refreshData, renewed} from '../../source/build/refresh-data.ts';
import {startForTest} from '../simulator/harness.ts';

/** Tests source/build/refresh-data.ts and the data in source/bedrock/data/. */

type Row = {readonly source: string; readonly code: string; readonly name: string};

const root = path.resolve(import.meta.dirname, '../..');
const dataOf = <Each extends {readonly source: string}>(name: string): DataFile<Each> =>
	JSON.parse(readFileSync(path.join(root, 'source/bedrock/data', name), 'utf8')) as DataFile<Each>;

const newFolder = async (): Promise<string> => {
	const folder = await mkdtemp(path.join(tmpdir(), 'refresh-data-'));
	onTestFinished(async () => rm(folder, {recursive: true}));
	return folder;
};

describe('the data', () => {
	it.each(['burndown.json', 'quotas.json', 'models.json'])(
		'%s names a source with its day for each row',
		(name) => {
			const {sources, rows} = dataOf(name);
			expect(rows.length).toBeGreaterThan(5);
			expect(rows.filter(({source}) => sources[source] === undefined)).toEqual([]);
			for (const {what, asOf, simulated} of Object.values(sources)) {
				expect(what).not.toBe('');
				expect(asOf).toMatch(/^20\d\d-\d\d-\d\d$/);
				expect(simulated).toBeUndefined();
			}
		},
	);

	it('has each code once, with a name that the program understands', () => {
		const {rows} = dataOf<Row>('quotas.json');
		expect(new Set(rows.map(({code}) => code)).size).toBe(rows.length);
		expect(
			rows.filter(({name}) => parseQuotaName(name) === undefined && !isAccountTokensPerDay(name)),
		).toEqual([]);
		expect(rows.find(({code}) => code === 'L-E3F10727')?.name).toBe('Cross-Model Max Tokens Per Day');
	});

	it('has each model once, with an output multiplier', () => {
		const {rows} = dataOf<{readonly source: string; readonly id: string}>('models.json');
		expect(new Set(rows.map(({id}) => id)).size).toBe(rows.length);
		for (const {id} of rows) {
			expect(burndownOf({baseModel: id, scope: 'on-demand'}).value).toBeGreaterThanOrEqual(1);
		}
	});
});

describe('renewed data', () => {
	const row = (code: string, name: string, source: string): Row => ({code, name, source});
	const old: DataFile<Row> = {
		sources: {page: {what: 'a page', asOf: '2026-01-01'}, other: {what: 'another', asOf: '2026-01-02'}},
		rows: [row('a', 'old', 'page'), row('b', 'kept', 'other')],
	};
	const today = {what: 'a list', asOf: '2026-11-30'};

	it('has the rows of the list, and what is not listed as it was', () => {
		const listed = [row('c', 'more', 'list'), row('a', 'new', 'list')];
		const {file, added} = renewed(old, listed, ['list', today], ({code}) => code);
		expect(file).toEqual({
			sources: {other: {what: 'another', asOf: '2026-01-02'}, list: today},
			rows: [row('a', 'new', 'list'), row('b', 'kept', 'other'), row('c', 'more', 'list')],
		});
		expect(added).toEqual(['c']);
	});

	it('loses what was simulated to a real list', () => {
		const simulated = renewed(
			old,
			[row('x', 'made up', 'sim')],
			['sim', {...today, simulated: true}],
			({code}) => code,
		).file;
		expect(simulated.rows.map(({code}) => code)).toEqual(['a', 'b', 'x']);
		const real = renewed(simulated, [row('a', 'new', 'list')], ['list', today], ({code}) => code).file;
		expect(real.rows.map(({code}) => code)).toEqual(['a', 'b']);
		expect(Object.keys(real.sources)).toEqual(['other', 'list']);
	});
});

describe('npm run refresh-data', () => {
	const today = '2026-11-30';

	it('takes quotas and models from the lists of the account, with source and day', async () => {
		const {url} = await startForTest({});
		const folder = await newFolder();
		const lines = await refreshData(
			{region: 'us-east-1', profile: undefined, simulatorUrl: url},
			{folder, today},
		);
		expect(lines[0]).toMatch(/^SIMULATED/);
		expect(lines.at(-1)).toMatch(
			/^burndown\.json .* Assumed, because the page does not name them: .*claude-3-haiku/,
		);
		const quotas = JSON.parse(await readFile(path.join(folder, 'quotas.json'), 'utf8')) as DataFile<Row>;
		expect(quotas.rows.find(({code}) => code === 'L-15B8E632')).toEqual({
			code: 'L-15B8E632',
			name: 'Cross-region model inference tokens per minute for Anthropic Claude Sonnet 4.6',
			adjustable: true,
			source: 'us-east-1 simulated',
		});
		expect(quotas.sources['us-east-1 simulated']).toEqual({
			what: 'ListServiceQuotas and ListAWSDefaultServiceQuotas in us-east-1',
			asOf: today,
			simulated: true,
		});
		// What the account does not list is kept.
		expect(quotas.rows.find(({code}) => code === 'L-A4430697')?.source).toBe('collected');
		const models = JSON.parse(await readFile(path.join(folder, 'models.json'), 'utf8')) as DataFile<
			Row & {readonly id: string}
		>;
		expect(models.rows.find(({id}) => id === 'amazon.nova-lite-v1:0')).toMatchObject({
			name: 'Nova Lite',
			provider: 'Amazon',
			source: 'us-east-1 simulated',
		});
	});

	it('writes nothing where a list cannot be read', async () => {
		const {url} = await startForTest({scenario: {denied: ['servicequotas:ListAWSDefaultServiceQuotas']}});
		const folder = await newFolder();
		await expect(
			refreshData({region: 'us-east-1', profile: undefined, simulatorUrl: url}, {folder, today}),
		).rejects.toMatchObject({exitCode: 1, hint: expect.stringContaining('ListAWSDefaultServiceQuotas')});
		await expect(readFile(path.join(folder, 'quotas.json'))).rejects.toThrow();
	});

	it('goes to the endpoint and the account of the environment', async () => {
		const {url} = await startForTest({});
		const folder = await newFolder();
		const script = path.join(root, 'source/build/refresh-data.ts');
		const {stdout} = await promisify(execFile)(
			path.join(root, 'node_modules/node/bin/node'),
			[script, '--out', folder],
			{
				env: {
					PATH: process.env.PATH,
					HOME: folder,
					AWS_ENDPOINT_URL: url,
					AWS_REGION: 'eu-west-1',
					AWS_ACCESS_KEY_ID: 'simulated',
					AWS_SECRET_ACCESS_KEY: 'simulated',
				},
			},
		);
		expect(stdout).toMatch(/^quotas\.json: \d+ codes, \d+ of them new: /m);
		const {sources} = JSON.parse(await readFile(path.join(folder, 'models.json'), 'utf8')) as DataFile<Row>;
		expect(sources['eu-west-1 simulated']?.what).toBe('ListFoundationModels in eu-west-1');
	});
});
