/** Which commands a flag belongs to: `run` is the screen and `run`; `account` are the commands that ask AWS. */
export type FlagScope =
	| 'all'
	| 'run'
	| 'account'
	| 'simulate'
	| 'prompt'
	| 'report'
	| 'watch'
	| 'presets'
	| 'batch';

/** One flag of the command line. This table makes parsing, help, README and completion. */
export type Flag = {
	readonly name: string;
	readonly short?: string;
	/** `optional`: a value only with `=`. */
	readonly kind: 'boolean' | 'value' | 'repeated' | 'optional';
	/** What stands for the value in the help. */
	readonly value?: string;
	/** The default in words; none where there is none. */
	readonly default?: string;
	/** Written as `--no-NAME` in the help, because it is on by default. */
	readonly isOnByDefault?: boolean;
	readonly choices?: readonly string[];
	readonly help: string;
	readonly scopes: readonly FlagScope[];
};
