/** Which commands a flag belongs to: `run` is the screen and `run`; `account` are the commands that ask AWS. */
type FlagScope =
	| 'all'
	| 'run'
	| 'account'
	| 'quotas'
	| 'simulate'
	| 'prompt'
	| 'report'
	| 'compare'
	| 'runs'
	| 'watch'
	| 'tap'
	| 'optimize'
	| 'presets'
	| 'batch';

/** One flag of the command line. This table makes parsing, help, README and completion. */
export type Flag = {
	readonly name: string;
	readonly short?: string;
	/** `optional`: a value only with `=`. */
	readonly kind: 'boolean' | 'value' | 'repeated' | 'optional';
	/** Placeholder of the value in the help. */
	readonly value?: string;
	/** The default in words. */
	readonly default?: string;
	/** The help shows `--no-NAME`, because it is on by default. */
	readonly isOnByDefault?: boolean;
	readonly choices?: readonly string[];
	readonly help: string;
	/** For the first page of the help, which has those that matter most. */
	readonly brief?: string;
	readonly scopes: readonly FlagScope[];
};

const names = [
	'screen',
	'run',
	'tap',
	'optimize',
	'quotas',
	'models',
	'watch',
	'batch',
	'runs',
	'prompt',
	'report',
	'compare',
	'simulate',
	'presets',
	'completion',
	'help',
] as const;
type CommandName = (typeof names)[number];

/** One command of the command line. This table makes help and completion. */
export type Command = {
	readonly name: CommandName;
	/** The words after the name. */
	readonly synopsis: string;
	readonly help: string;
	/** For the first page of the help; absent: it only names the command. */
	readonly brief?: string;
	/** Number of these words. */
	readonly words: {readonly min: number; readonly max: number};
	/** What completion offers for these words; absent: nothing. */
	readonly offers?: 'presets' | 'files' | 'shells' | 'topics';
	readonly scopes: readonly FlagScope[];
};

export const commands: readonly Command[] = [
	{
		name: 'screen',
		synopsis: '[preset]',
		help: 'the screen: live quota use, variants, verdict',
		brief: 'the screen: your account, or a run of a preset',
		words: {min: 0, max: 1},
		offers: 'presets',
		scopes: ['run'],
	},
	{
		name: 'run',
		synopsis: '[preset]',
		help: 'the same run without the screen',
		brief: 'the same run without the screen',
		words: {min: 0, max: 1},
		offers: 'presets',
		scopes: ['run'],
	},
	{
		name: 'tap',
		synopsis: '[-- COMMAND...]',
		help: "a local endpoint in front of Bedrock that meters one's own applications; with a command it starts that with the variables set, and exits with its code",
		brief: 'what your applications use, and no throttles: --pace',
		words: {min: 0, max: 0},
		scopes: ['tap'],
	},
	{
		name: 'optimize',
		synopsis: '<preset>',
		help: 'rewrites variants for fewer quota tokens per useful item, proven on held-out items',
		brief: 'a prompt rewritten for fewer quota tokens, with proof',
		words: {min: 1, max: 1},
		offers: 'presets',
		scopes: ['optimize'],
	},
	{
		name: 'quotas',
		synopsis: '[model...]',
		help: 'resolved quotas: applied, default, measured, code, scope; --request asks AWS to raise one',
		brief: 'what your account may do; --request raises a quota',
		words: {min: 0, max: 100},
		scopes: ['account', 'quotas'],
	},
	{
		name: 'models',
		synopsis: '',
		help: 'models and profiles that can be run in the Region, on both endpoints',
		words: {min: 0, max: 0},
		scopes: ['account'],
	},
	{
		name: 'watch',
		synopsis: '',
		help: "the account's use against its quotas, one block per minute; --alert ends it",
		brief: 'use against the quotas, per minute, or --since 14d',
		words: {min: 0, max: 0},
		scopes: ['watch'],
	},
	{
		name: 'batch',
		synopsis: '[preset]',
		help: 'a batch inference job over S3: submit, watch, fetch; --plan says whether it is worth it',
		brief: 'a batch job: --plan, submit, watch, fetch',
		words: {min: 0, max: 1},
		offers: 'presets',
		scopes: ['batch'],
	},
	{
		name: 'runs',
		synopsis: '[DIR]',
		help: 'earlier runs: the list, --last, reopened on the screen',
		brief: 'earlier runs: list, --last, reopen',
		words: {min: 0, max: 1},
		offers: 'files',
		scopes: ['runs'],
	},
	{
		name: 'prompt',
		synopsis: '<results.json>',
		help: "the winning variant's request, for new content with --content",
		brief: 'the winning request, for new content',
		words: {min: 1, max: 1},
		offers: 'files',
		scopes: ['prompt'],
	},
	{
		name: 'report',
		synopsis: '<results.json>',
		help: 'draw the reports again',
		brief: 'the charts and pages of a run, again',
		words: {min: 1, max: 1},
		offers: 'files',
		scopes: ['report'],
	},
	{
		name: 'compare',
		synopsis: '<a> <b> [...]',
		help: 'runs side by side: results files or folders of runs',
		brief: 'runs side by side; --fail-if worse',
		words: {min: 2, max: 20},
		offers: 'files',
		scopes: ['report', 'compare'],
	},
	{
		name: 'simulate',
		synopsis: '',
		help: 'a local Bedrock for any SDK',
		brief: 'a local Bedrock for any SDK',
		words: {min: 0, max: 0},
		scopes: ['simulate'],
	},
	{
		name: 'presets',
		synopsis: '',
		help: 'shipped presets; --copy NAME to start from one',
		words: {min: 0, max: 0},
		scopes: ['presets'],
	},
	{
		name: 'completion',
		synopsis: 'bash|zsh|fish',
		help: 'completion for a shell, to source',
		words: {min: 1, max: 1},
		offers: 'shells',
		scopes: [],
	},
	{
		name: 'help',
		synopsis: '[command|flags|keys]',
		help: 'a command with its flags, all flags, or the keys of the screen',
		words: {min: 0, max: 1},
		offers: 'topics',
		scopes: [],
	},
];

/** Shells that `completion` writes for. */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];
