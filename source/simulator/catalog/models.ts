import type {FamilyName, Model, Trait} from './model.ts';

const claude = (
	id: string,
	name: string,
	more: Partial<Model> & {readonly with?: readonly Trait[]},
): Model => ({
	id: `anthropic.${id}`,
	name,
	provider: 'Anthropic',
	family: 'anthropic',
	size: 'medium',
	maximumOutputTokens: 64_000,
	defaultOutputTokens: undefined,
	burndown: 5,
	isOnDemand: false,
	profiles: ['us', 'eu', 'global'],
	...more,
	traits: new Set(more.with ?? []),
});

const claude3Traits: readonly Trait[] = ['counts-tokens', 'legacy'];
const claude4Traits: readonly Trait[] = [
	'counts-tokens',
	'caches',
	'reports-cache',
	'reports-server-tools',
	'thinks',
	'since-2025',
];
const newestTraits: readonly Trait[] = [
	'no-sampling',
	'caches',
	'reports-cache',
	'reports-server-tools',
	'thinks',
	'since-2025',
];
/** Before Claude 3, gone from every Region. */
const beforeClaude3 = {maximumOutputTokens: 4096, burndown: 1, isOnDemand: true, profiles: []} as const;

/** Claude. Burndown as AWS's page on token burndown states it for "4.7 and below" (5), 4.8 (15), Sonnet 5, Opus 5 (10). */
const anthropicModels: readonly Model[] = [
	claude('claude-3-sonnet-20240229-v1:0', 'Claude 3 Sonnet', {
		maximumOutputTokens: 4096,
		burndown: 1,
		isOnDemand: true,
		profiles: ['us', 'eu', 'apac'],
		with: ['legacy'],
	}),
	claude('claude-3-haiku-20240307-v1:0', 'Claude 3 Haiku', {
		size: 'small',
		maximumOutputTokens: 4096,
		burndown: 1,
		isOnDemand: true,
		profiles: ['us', 'eu', 'apac'],
		with: claude3Traits,
	}),
	claude('claude-3-5-sonnet-20240620-v1:0', 'Claude 3.5 Sonnet', {
		maximumOutputTokens: 8192,
		burndown: 1,
		isOnDemand: true,
		profiles: ['us', 'eu', 'apac'],
		with: claude3Traits,
	}),
	claude('claude-3-5-haiku-20241022-v1:0', 'Claude 3.5 Haiku', {
		size: 'small',
		maximumOutputTokens: 8192,
		burndown: 1,
		isOnDemand: true,
		profiles: ['us'],
		with: [...claude3Traits, 'caches'],
	}),
	claude('claude-3-7-sonnet-20250219-v1:0', 'Claude 3.7 Sonnet', {
		profiles: ['us', 'eu', 'apac'],
		with: [...claude3Traits, 'caches', 'reports-cache', 'thinks', 'since-2025'],
	}),
	claude('claude-sonnet-4-20250514-v1:0', 'Claude Sonnet 4', {
		profiles: ['us', 'eu', 'apac', 'global'],
		with: [...claude4Traits, 'legacy'],
	}),
	claude('claude-sonnet-4-5-20250929-v1:0', 'Claude Sonnet 4.5', {
		profiles: ['us', 'eu', 'jp', 'global'],
		with: [...claude4Traits, 'one-sampling'],
	}),
	claude('claude-haiku-4-5-20251001-v1:0', 'Claude Haiku 4.5', {
		size: 'small',
		profiles: ['us', 'eu', 'jp', 'global'],
		with: [...claude4Traits, 'one-sampling'],
	}),
	claude('claude-opus-4-5-20251101-v1:0', 'Claude Opus 4.5', {size: 'large', with: claude4Traits}),
	claude('claude-sonnet-4-6', 'Claude Sonnet 4.6', {
		isOnDemand: true,
		profiles: ['us', 'eu', 'jp', 'global'],
		with: claude4Traits,
	}),
	claude('claude-opus-4-7', 'Claude Opus 4.7', {
		size: 'large',
		maximumOutputTokens: 128_000,
		with: [...newestTraits, 'counts-tokens'],
	}),
	claude('claude-opus-4-8', 'Claude Opus 4.8', {
		size: 'large',
		maximumOutputTokens: 128_000,
		burndown: 15,
		with: newestTraits,
	}),
	claude('claude-sonnet-5', 'Claude Sonnet 5', {
		maximumOutputTokens: 128_000,
		burndown: 10,
		with: newestTraits,
	}),
	claude('claude-opus-5', 'Claude Opus 5', {
		size: 'large',
		maximumOutputTokens: 128_000,
		burndown: 10,
		with: newestTraits,
	}),
	claude('claude-v2', 'Claude', {...beforeClaude3, with: ['end-of-life']}),
	claude('claude-v2:1', 'Claude', {...beforeClaude3, with: ['end-of-life']}),
	claude('claude-instant-v1', 'Claude Instant', {...beforeClaude3, size: 'small', with: ['end-of-life']}),
];

type ModelRow = Partial<Omit<Model, 'traits'>> & {readonly with?: readonly Trait[]};

const modelOf = (id: string, name: string, provider: string, family: FamilyName, row: ModelRow): Model => ({
	id,
	name,
	provider,
	family,
	size: 'medium',
	maximumOutputTokens: 8192,
	defaultOutputTokens: undefined,
	burndown: 1,
	isOnDemand: true,
	profiles: [],
	...row,
	traits: new Set(row.with ?? []),
});

const nova = (id: string, name: string, row: ModelRow): Model =>
	modelOf(`amazon.${id}`, name, 'Amazon', 'nova', {
		maximumOutputTokens: 10_000,
		profiles: ['us', 'eu', 'apac'],
		...row,
		with: ['caches', 'reports-server-tools', ...(row.with ?? [])],
	});

const llama = (id: string, name: string, row: ModelRow): Model =>
	modelOf(`meta.${id}`, name, 'Meta', 'llama', {defaultOutputTokens: 512, ...row});

/** Jurassic-2 answers whole only, through Converse too, and has no system prompt. */
const jurassic = (id: string, name: string, row: ModelRow): Model =>
	modelOf(`ai21.${id}`, name, 'AI21 Labs', 'jurassic', {
		maximumOutputTokens: 8191,
		defaultOutputTokens: 200,
		...row,
		with: ['legacy', 'no-streaming', 'no-system', 'no-tools'],
	});

const openAiStyle = (id: string, name: string, provider: string, row: ModelRow = {}): Model =>
	modelOf(id, name, provider, 'openai', {
		maximumOutputTokens: 32_768,
		...row,
		with: ['reports-server-tools', 'since-2025', ...(row.with ?? [])],
	});

/** Every model of the simulated account. */
export const models: readonly Model[] = [
	...anthropicModels,
	nova('nova-micro-v1:0', 'Nova Micro', {size: 'small'}),
	nova('nova-lite-v1:0', 'Nova Lite', {size: 'small'}),
	nova('nova-pro-v1:0', 'Nova Pro', {}),
	nova('nova-premier-v1:0', 'Nova Premier', {
		size: 'large',
		isOnDemand: false,
		profiles: ['us'],
		with: ['legacy', 'since-2025'],
	}),
	nova('nova-2-lite-v1:0', 'Nova 2 Lite', {
		size: 'small',
		maximumOutputTokens: 65_535,
		isOnDemand: false,
		profiles: ['us', 'eu', 'jp', 'global'],
		with: ['thinks', 'since-2025'],
	}),
	modelOf('amazon.titan-text-express-v1', 'Titan Text G1 - Express', 'Amazon', 'titan', {
		maximumOutputTokens: 8192,
		defaultOutputTokens: 512,
		with: ['no-system', 'no-tools', 'legacy'],
	}),
	modelOf('amazon.titan-text-lite-v1', 'Titan Text G1 - Lite', 'Amazon', 'titan', {
		size: 'small',
		maximumOutputTokens: 4096,
		defaultOutputTokens: 512,
		with: ['no-system', 'no-tools', 'legacy'],
	}),
	llama('llama2-13b-chat-v1', 'Llama 2 Chat 13B', {
		size: 'small',
		maximumOutputTokens: 2048,
		with: ['no-tools', 'legacy'],
	}),
	llama('llama2-70b-chat-v1', 'Llama 2 Chat 70B', {
		maximumOutputTokens: 2048,
		with: ['no-tools', 'legacy'],
	}),
	llama('llama3-8b-instruct-v1:0', 'Llama 3 8B Instruct', {
		size: 'small',
		maximumOutputTokens: 2048,
		with: ['no-tools'],
	}),
	llama('llama3-1-8b-instruct-v1:0', 'Llama 3.1 8B Instruct', {
		size: 'small',
		profiles: ['us'],
		with: ['no-streamed-tools'],
	}),
	llama('llama3-3-70b-instruct-v1:0', 'Llama 3.3 70B Instruct', {
		profiles: ['us'],
		with: ['no-streamed-tools'],
	}),
	llama('llama4-scout-17b-instruct-v1:0', 'Llama 4 Scout 17B Instruct', {
		size: 'small',
		isOnDemand: false,
		profiles: ['us'],
		with: ['reports-server-tools', 'no-streamed-tools', 'since-2025'],
	}),
	llama('llama4-maverick-17b-instruct-v1:0', 'Llama 4 Maverick 17B Instruct', {
		isOnDemand: false,
		profiles: ['us'],
		with: ['reports-server-tools', 'no-streamed-tools', 'since-2025'],
	}),
	modelOf('mistral.mistral-7b-instruct-v0:2', 'Mistral 7B Instruct', 'Mistral AI', 'mistral-prompt', {
		size: 'small',
		defaultOutputTokens: 512,
		with: ['no-system', 'no-tools'],
	}),
	modelOf('mistral.mistral-small-2402-v1:0', 'Mistral Small (24.02)', 'Mistral AI', 'mistral-prompt', {}),
	modelOf('mistral.mistral-large-2407-v1:0', 'Mistral Large (24.07)', 'Mistral AI', 'mistral-chat', {
		size: 'large',
	}),
	modelOf('mistral.mistral-large-3-675b-instruct', 'Mistral Large 3', 'Mistral AI', 'mistral-chat', {
		size: 'large',
		with: ['reports-server-tools', 'since-2025'],
	}),
	modelOf('mistral.pixtral-large-2502-v1:0', 'Pixtral Large (25.02)', 'Mistral AI', 'mistral-chat', {
		isOnDemand: false,
		profiles: ['us', 'eu'],
		with: ['no-access', 'since-2025'],
	}),
	modelOf('cohere.command-text-v14', 'Command', 'Cohere', 'command', {
		maximumOutputTokens: 4096,
		with: ['no-system', 'no-tools', 'legacy'],
	}),
	modelOf('cohere.command-r-v1:0', 'Command R', 'Cohere', 'command-r', {
		maximumOutputTokens: 4096,
		with: ['legacy'],
	}),
	modelOf('cohere.command-r-plus-v1:0', 'Command R+', 'Cohere', 'command-r', {
		size: 'large',
		maximumOutputTokens: 4096,
		with: ['legacy'],
	}),
	jurassic('j2-mid-v1', 'Jurassic-2 Mid', {}),
	jurassic('j2-ultra-v1', 'Jurassic-2 Ultra', {size: 'large'}),
	modelOf('ai21.jamba-1-5-mini-v1:0', 'Jamba 1.5 Mini', 'AI21 Labs', 'jamba', {
		size: 'small',
		maximumOutputTokens: 4096,
		with: ['legacy'],
	}),
	modelOf('ai21.jamba-1-5-large-v1:0', 'Jamba 1.5 Large', 'AI21 Labs', 'jamba', {
		size: 'large',
		maximumOutputTokens: 4096,
		with: ['legacy'],
	}),
	modelOf('deepseek.r1-v1:0', 'DeepSeek-R1', 'DeepSeek', 'deepseek', {
		size: 'large',
		maximumOutputTokens: 32_768,
		isOnDemand: false,
		profiles: ['us'],
		with: ['reasons', 'no-tools', 'since-2025'],
	}),
	openAiStyle('deepseek.v3.2', 'DeepSeek V3.2', 'DeepSeek', {size: 'large'}),
	openAiStyle('openai.gpt-oss-20b-1:0', 'gpt-oss-20b', 'OpenAI', {size: 'small', with: ['reasons']}),
	openAiStyle('openai.gpt-oss-120b-1:0', 'gpt-oss-120b', 'OpenAI', {with: ['reasons']}),
	openAiStyle('qwen.qwen3-32b-v1:0', 'Qwen3 32B (dense)', 'Qwen', {with: ['reasons']}),
	openAiStyle('google.gemma-3-27b-it', 'Gemma 3 27B IT', 'Google'),
	openAiStyle('minimax.minimax-m2', 'MiniMax M2', 'MiniMax', {with: ['reasons']}),
	openAiStyle('moonshot.kimi-k2-thinking', 'Kimi K2 Thinking', 'Moonshot AI', {
		size: 'large',
		with: ['reasons'],
	}),
	openAiStyle('zai.glm-4.7-flash', 'GLM 4.7 Flash', 'Z.AI', {size: 'small'}),
];

const modelsById = new Map(models.map((entry) => [entry.id, entry]));

/** A model by its base ID. */
export function findModel(id: string): Model | undefined {
	return modelsById.get(id);
}
