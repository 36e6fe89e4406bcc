import {z} from 'zod';
import {methods} from '../domain/backend.ts';
import {lanes} from '../domain/bucket-usage.ts';
import {bursts, goals, loadShapes, policies} from '../domain/run-config.ts';
import {compressions, expectedParts} from '../domain/task.ts';
import {verdictWords} from '../prompts/judge.ts';
import {bounds} from './defaults.ts';

/** The schema of a preset file (YAML). The JSON schema beside the presets is made from it. */

const text = z.string();
const positiveInteger = z.int().min(1);
const requestCount = z.int().min(bounds.requests.min).max(bounds.requests.max);
const concurrency = z.int().min(bounds.concurrency.min).max(bounds.concurrency.max);
const ratePerMinute = z.number().min(bounds.rate.min).max(bounds.rate.max);
const maxTokens = z.int().min(bounds.maxTokens.min).max(bounds.maxTokens.max);
const duration = z
	.union([
		z.string().regex(/^\d+(\.\d+)?(ms|s|m|h)?$/, 'is not a duration such as 500ms, 60s, 2m or 1h'),
		z.number().positive(),
	])
	.describe('500ms, 60s, 2m or 1h; a bare number is seconds');

const check = z
	.strictObject({
		contains: text.optional(),
		regex: text.optional(),
		oneOf: z.array(text).min(1).optional(),
		equals: text.optional(),
		jsonSchema: z.record(z.string(), z.unknown()).optional(),
		maxCharacters: positiveInteger.optional(),
		judge: z
			.strictObject({
				model: text.regex(/\S/, 'is empty: name the model that grades'),
				question: text.regex(/\S/, 'is empty: a judge needs a question'),
				passIf: z.enum(verdictWords).default('yes').describe('the word of the judge that passes'),
			})
			.optional()
			.describe('an LLM answers a question about the answer in one word; it is paid apart'),
	})
	.refine((value) => Object.keys(value).length === 1, 'must hold exactly one check')
	.describe('a condition that an answer must meet to be useful');

const ownVariant = z.strictObject({
	name: text.regex(
		/^[\w.-]{1,40}$/,
		'is not a name of 1 to 40 ASCII letters (a to z, A to Z), digits, dots, dashes or underscores',
	),
	instruction: text
		.min(1)
		.optional()
		.describe('template of the user message; {{task}} and {{input}} by default'),
	system: text.optional(),
	maxTokens: maxTokens.optional(),
	stop: z.array(text.min(1)).max(10).optional(),
	parameters: z
		.record(z.string(), z.unknown())
		.optional()
		.describe('sent as they are; nothing else is added'),
	itemsPerRequest: positiveInteger.max(100).optional(),
	cache: z.boolean().optional(),
	compress: z.array(z.enum(compressions)).optional(),
});

const lane = z.strictObject({
	variants: z.array(text).min(1),
	ratePerMinute: ratePerMinute.optional(),
});

const chat = z
	.strictObject({
		turns: z
			.array(text.regex(/\S/, 'is empty: a turn needs text'))
			.min(1)
			.max(100)
			.describe('what the person says, in order; may contain {{task}} and {{content}}'),
		thinkSeconds: z
			.number()
			.min(0)
			.max(86_400)
			.optional()
			.describe('seconds from the end of an answer to the next turn; 0 by default'),
		lane: z
			.enum(lanes)
			.optional()
			.describe(
				'lane of the conversation; the other lanes may have items; without a lane there are no items',
			),
	})
	.describe('a conversation that grows, instead of items or in one lane beside them');

/** Kept as written in the file; null is empty. */
const cell = z.union([text, z.number(), z.boolean(), z.null()]);

export const presetSchema = z
	.strictObject({
		name: text.min(1),
		description: text.optional(),
		task: text.min(1).describe('what the model should do'),
		content: text.optional(),
		items: z
			.union([
				z.strictObject({file: text.min(1)}),
				z.array(z.union([cell, z.record(z.string(), cell)])).min(1),
			])
			.optional(),
		expected: text.optional().describe('template of the expected answer of an item'),
		expectedIn: z
			.enum(expectedParts)
			.optional()
			.describe('what must equal it: the whole answer, or its last line, for variants that reason first'),
		system: text.optional(),
		variants: z
			.array(z.union([text, ownVariant]))
			.min(1)
			.optional(),
		models: z.array(text.min(1)).min(1).optional(),
		method: z.enum(methods).optional(),
		load: z
			.strictObject({
				shape: z.enum(loadShapes).optional(),
				requests: requestCount.optional(),
				duration: duration.optional(),
				concurrency: concurrency.optional(),
				ratePerMinute: ratePerMinute.optional(),
				arrival: z.enum(['constant', 'poisson']).optional(),
				warmUp: z
					.int()
					.min(bounds.warmUp.min)
					.max(bounds.warmUp.max)
					.optional()
					.describe('requests per variant that are sent first and not counted'),
				rampUp: duration
					.optional()
					.describe('ramp-up time: rate and concurrency rise linearly to their targets'),
			})
			.optional(),
		goal: z.enum(goals).optional(),
		maxTokens: maxTokens.optional(),
		checks: z.array(check).optional(),
		minQuality: z.number().min(0).max(1).optional(),
		share: z
			.number()
			.positive()
			.max(2)
			.optional()
			.describe('part of each quota that may be used; above 1 exceeds it on purpose'),
		burst: z.enum(bursts).optional(),
		policy: z.enum(policies).optional(),
		seed: z.int().nonnegative().optional(),
		lanes: z.partialRecord(z.enum(lanes), lane).optional(),
		chat: chat.optional(),
	})
	.describe('a task for bedrock-top');

export type Preset = z.infer<typeof presetSchema>;
