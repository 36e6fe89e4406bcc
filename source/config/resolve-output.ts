import {UserError} from '../domain/user-error.ts';
import {type ColorCount, type ThemeName, themeNames} from '../text/themes.ts';
import type {FlagValues} from './parse-arguments.ts';
import {readChoice} from './values.ts';

/** Where results go: into a file, else to stdout. */
type Place = {readonly file: string | undefined};

/** How a run is shown, and what it writes. */
export type OutputConfig = {
	/** Folder typed by the user; undefined for the default one. */
	readonly folder: string | undefined;
	readonly isWritingReports: boolean;
	/** Undefined: on when the preset has items. */
	readonly isWritingAnswers: boolean | undefined;
	readonly isWritingRequests: boolean;
	readonly isForced: boolean;
	readonly json: Place | undefined;
	/** The page for a pull request. */
	readonly markdown: Place | undefined;
	/** JSON or Markdown is alone on stdout. */
	readonly isStdoutTaken: boolean;
	/** The file of test cases. */
	readonly junit: string | undefined;
	readonly isPlain: boolean;
	readonly colors: ColorCount;
	readonly isAscii: boolean;
	readonly theme: ThemeName;
	readonly hasMouse: boolean;
	readonly hasBell: boolean;
	readonly logFile: string | undefined;
	readonly isDryRun: boolean;
};

/**
 * Reads the flags of the output.
 * @param environment For NO_COLOR, TERM and INK_SCREEN_READER.
 * @throws UserError (exit 2) where JSON and Markdown would mix on stdout.
 */
export function resolveOutput(
	flags: FlagValues,
	environment: Readonly<Record<string, string | undefined>>,
): OutputConfig {
	const [json, markdown] = [placeOf(flags.text('json')), placeOf(flags.text('markdown'))];
	const onStdout = [json, markdown].filter((place) => place !== undefined && place.file === undefined);
	if (onStdout.length > 1) {
		throw new UserError('--json and --markdown cannot both go to stdout.', {
			exitCode: 2,
			hint: 'Give one of them a file: --markdown=FILE.',
		});
	}
	const isDumb = environment.TERM === 'dumb';
	const isColored = (flags.isSet('color') ?? true) && (environment.NO_COLOR ?? '') === '' && !isDumb;
	const colors = hasPalette(environment) ? 256 : 16;
	return {
		folder: flags.text('out'),
		isWritingReports: flags.isSet('reports') ?? true,
		isWritingAnswers: flags.isSet('answers'),
		isWritingRequests: flags.isSet('csv') ?? false,
		isForced: flags.isSet('force') ?? false,
		json,
		markdown,
		isStdoutTaken: onStdout.length > 0,
		junit: flags.text('junit'),
		isPlain: (flags.isSet('plain') ?? false) || isDumb || environment.INK_SCREEN_READER === 'true',
		colors: isColored ? colors : 0,
		isAscii: flags.isSet('ascii') ?? false,
		theme: readChoice('theme', flags.text('theme') ?? 'auto', themeNames),
		hasMouse: flags.isSet('mouse') ?? false,
		hasBell: flags.isSet('bell') ?? true,
		logFile: flags.text('log-file'),
		isDryRun: flags.isSet('dry-run') ?? false,
	};
}

const placeOf = (typed: string | undefined): Place | undefined =>
	typed === undefined ? undefined : {file: typed === '' ? undefined : typed};

/** Terminals with 256 colours whose TERM does not say so. */
const richTerms = /256|direct|truecolor|kitty|alacritty|foot|ghostty|wezterm|iterm/i;

/** Whether the terminal has 256 colours. */
function hasPalette({
	TERM = '',
	COLORTERM = '',
	WT_SESSION,
}: Readonly<Record<string, string | undefined>>): boolean {
	return richTerms.test(TERM) || /^(?:truecolor|24bit)$/i.test(COLORTERM) || WT_SESSION !== undefined;
}
