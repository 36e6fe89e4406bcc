import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {PutObjectCommand, S3Client} from '@aws-sdk/client-s3';
import {describe, expect, it, onTestFinished} from 'vitest';
import {UserError} from '../../source/domain/user-error.ts';
import {importedTemplates, readImported} from '../../source/optimize/imported-templates.ts';
import {credentials, startForTest} from '../simulator/harness.ts';

/** Tests source/optimize/imported-templates.ts: results of a job in any form that says what is before and after. */

const folder = mkdtempSync(path.join(tmpdir(), 'bedrock-top-import-'));

const nowhere = {region: 'us-east-1', profile: undefined, simulatorUrl: undefined};

const written = (name: string, text: string): string => {
	const file = path.join(folder, name);
	writeFileSync(file, text);
	return file;
};

const found = (value: unknown) =>
	importedTemplates(JSON.stringify(value), 'x.jsonl').map(({template, system, model}) => ({
		template,
		system,
		model,
	}));

const only = (template: string, model?: string, system?: string) => [{template, system, model}];

describe('the templates of a job', () => {
	it.each([
		[
			'a line',
			{modelId: 'm', originalPrompt: 'long {{a}}', optimizedPrompt: 'short {{a}}'},
			only('short {{a}}', 'm'),
		],
		[
			'a template with entries for each model',
			{
				promptTemplate: 'long',
				results: [
					{modelId: 'm1', before: {promptTemplate: 'long'}, after: {promptTemplate: 'short', score: 0.9}},
					{model: 'm2', before: {promptTemplate: 'long'}, after: {promptTemplate: 'shorter'}},
				],
			},
			[...only('short', 'm1'), ...only('shorter', 'm2')],
		],
		[
			'the form of a message',
			{
				targetModelId: 'm',
				optimizedTemplate: {
					system: [{text: 'be brief'}],
					messages: [{role: 'user', content: [{text: 'short {{a}}'}]}],
				},
			},
			only('short {{a}}', 'm', 'be brief'),
		],
		[
			'messages with a role of their own for the system',
			{
				optimized_prompt: {
					messages: [
						{role: 'system', content: 'be brief'},
						{role: 'user', content: 'short'},
					],
				},
			},
			only('short', undefined, 'be brief'),
		],
		['the form of OptimizePrompt', {optimizedPrompt: {textPrompt: {text: 'short'}}}, only('short')],
		[
			'samples and scores beside it',
			{
				optimizedPrompt: 'short',
				evaluationSamples: [{input: 'x', optimizedResponse: 'an answer'}],
				optimizedScore: 0.91,
				optimizedTimeToFirstToken: 120,
			},
			only('short'),
		],
	])('are found in %s', (_name, value, expected) => {
		expect(found(value)).toEqual(expected);
	});

	it('come once each, from every line, with the line that they are in', () => {
		const lines = [
			'{"optimizedPrompt": "one"}',
			'',
			'{"optimizedPrompt": "one"}',
			'{"optimizedPrompt": "two"}',
		];
		expect(
			importedTemplates(lines.join('\n'), 'x.jsonl').map(({template, where}) => [template, where]),
		).toEqual([
			['one', 'x.jsonl:1'],
			['two', 'x.jsonl:4'],
		]);
	});

	it('are never what the job began with', () => {
		expect(found({originalPrompt: 'long', inputTemplate: 'long', baseline: {optimizedPrompt: 'x'}})).toEqual(
			[],
		);
	});
});

describe('--import', () => {
	const faultOf = async (place: string): Promise<UserError> => {
		const error: unknown = await readImported(place, nowhere).catch((thrown: unknown) => thrown);
		expect(error).toBeInstanceOf(UserError);
		return error as UserError;
	};

	it('reads a file', async () => {
		const file = written('good.jsonl', '{"modelId": "m", "optimizedPrompt": "short"}\n');
		expect(await readImported(file, nowhere)).toEqual([
			{template: 'short', system: undefined, model: 'm', where: file},
		]);
	});

	it.each([
		['a form that it does not know', 'x.jsonl', '{"prompt": "long"}\n', /no optimized prompt was found/],
		[
			'a line that is not JSON',
			'y.jsonl',
			'{"optimizedPrompt": "a"}\nnonsense\n',
			/y\.jsonl:2: it is not JSON/,
		],
		['an empty file', 'z.jsonl', '', /no optimized prompt was found/],
	])('says what is wrong with %s', async (_name, name, text, expected) => {
		const {message, hint, exitCode} = await faultOf(written(name, text));
		expect(message).toMatch(expected);
		expect(hint).toContain('optimizedPrompt');
		expect(exitCode).toBe(2);
	});

	it('says so of a file that does not exist, and of a location that is none', async () => {
		expect((await faultOf(path.join(folder, 'nowhere.jsonl'))).message).toContain('it does not exist');
		expect((await faultOf('s3://UPPER/x')).message).toContain('"s3://UPPER/x" is not a location in S3');
	});

	it('reads the files of results below a location in S3', async () => {
		const {url} = await startForTest();
		const client = new S3Client({endpoint: url, region: 'us-east-1', credentials, forcePathStyle: true});
		onTestFinished(() => client.destroy());
		const put = async (Key: string, Body: string) =>
			client.send(new PutObjectCommand({Bucket: 'results-of-jobs', Key, Body}));
		await put('job/manifest.txt', 'no results');
		await put('job/part-1.jsonl', '{"optimizedPrompt": "one"}\n');
		await put('job/part-2.jsonl', '{"optimizedPrompt": "two"}\n');
		const connection = {...nowhere, simulatorUrl: url};
		expect(await readImported('s3://results-of-jobs/job/', connection)).toMatchObject([
			{template: 'one', where: 's3://results-of-jobs/job/part-1.jsonl'},
			{template: 'two'},
		]);
		await expect(readImported('s3://results-of-jobs/other/', connection)).rejects.toThrow(
			/there is no file of results/,
		);
	});
});
