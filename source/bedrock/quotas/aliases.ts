/**
 * Labels of Service Quotas that no rule derives from the model ID: AWS left out a size, a version or a word, wrote a name of
 * its own, or mistyped. An aliased label belongs to its model alone, so that nothing else can claim it by its words.
 * Source: AWS General Reference, quotas of Amazon Bedrock, read 2026-11-22, beside the model IDs of ListFoundationModels.
 */
const labelsByModel: Readonly<Record<string, readonly string[]>> = {
	'ai21.j2-mid-v1': ['AI21 Labs Jurassic-2 Mid'],
	'ai21.j2-ultra-v1': ['AI21 Labs Jurassic-2 Ultra'],
	'amazon.titan-embed-image-v1': ['Amazon Titan Multimodal Embeddings G1'],
	'amazon.titan-embed-text-v1': ['Amazon Titan Text Embeddings'],
	'amazon.titan-embed-text-v2': ['Amazon Titan Text Embeddings V2'],
	'amazon.titan-image-generator-v1': ['Amazon Titan Image Generator G1'],
	'amazon.titan-image-generator-v2': ['Amazon Titan Image Generator G1 V2'],
	'anthropic.claude-sonnet-4-6': ['Anthropic Claude Sonnet 4.6'],
	'cohere.command-light-text-v14': ['Cohere Command Light'],
	'cohere.command-text-v14': ['Cohere Command'],
	'cohere.embed-english-v3': ['Cohere Embed English'],
	'cohere.embed-multilingual-v3': ['Cohere Embed Multilingual'],
	'meta.llama4-maverick-17b-instruct-v1': ['Meta Llama 4 Maverick V1'],
	'meta.llama4-scout-17b-instruct-v1': ['Meta Llama 4 Scout V1'],
	'mistral.magistral-small-2509': ['Magistral Small 1.2'],
	'mistral.mistral-7b-instruct-v0:2': ['Mistral 7B Instruct', 'Mistral AI Mistral 7B Instruct'],
	'mistral.mistral-large-2402-v1': ['Mistral Large', 'Mistral AI Mistral Large'],
	'mistral.mistral-large-3-675b-instruct': ['Mistral Large 3'],
	'mistral.mistral-small-2402-v1': ['Mistral AI Mistral Small'],
	'mistral.mixtral-8x7b-instruct-v0:1': [
		'Mistral Mixtral 8x7b Instruct',
		'Mistral AI Mixtral 8X7B Instruct',
		'Mistral AI Mixtral 8X7BB Instruct',
	],
	'mistral.voxtral-mini-3b-2507': ['Voxtral Mini 1.0'],
	'mistral.voxtral-small-24b-2507': ['Voxtral Small 1.0'],
	'moonshot.kimi-k2-thinking': ['Kimi K2 Thinking'],
	'nvidia.nemotron-nano-9b-v2': ['NVIDIA Nemotron Nano 2'],
	'nvidia.nemotron-super-3-120b': ['NVIDIA Nemotron 3 Super 120B A12B'],
	'stability.sd3-5-large-v1': ['Stability.ai Stable Diffusion 3.5 Large'],
	'stability.sd3-large-v1': ['Stability.ai Stable Diffusion 3 Large'],
	'stability.stable-conservative-upscale-v1': ['Stable Image Conservative Upscale'],
	'stability.stable-creative-upscale-v1': ['Stable Image Creative Upscale'],
	'stability.stable-diffusion-xl-v0': ['Stability.ai Stable Diffusion XL 0.8'],
	'stability.stable-diffusion-xl-v1': ['Stability.ai Stable Diffusion XL 1.0'],
	'stability.stable-fast-upscale-v1': ['Stable Image Fast Upscale'],
	'twelvelabs.marengo-embed-2-7-v1': ['Twelve Labs Marengo', 'TwelveLabs Marengo'],
	'twelvelabs.pegasus-1-2-v1': ['Twelve Labs Pegasus', 'TwelveLabs Pegasus'],
};

/** A first version at the end says nothing: it is appended to some labels and not to others. */
const plainLabel = (label: string): string => label.toLowerCase().replace(/ v1$/, '');

const modelsByLabel: ReadonlyMap<string, string> = new Map(
	Object.entries(labelsByModel).flatMap(([model, labels]) =>
		labels.map((label) => [plainLabel(label), model] as const),
	),
);

/**
 * The model that owns a label whatever its words say.
 * @returns a base model ID without revision `:0`; undefined for labels that follow the rule.
 */
export const aliasOwner = (label: string): string | undefined => modelsByLabel.get(plainLabel(label));
