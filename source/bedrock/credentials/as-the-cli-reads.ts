/**
 * The AWS CLI reads configuration files that the SDK does not: quoted names of profiles, blanks around them, keys in capitals,
 * colons. These are written down again in the form that the SDK reads.
 */

/** Sections of the configuration file that have a name of their own. */
const namedKinds = new Set(['profile', 'sso-session', 'services']);

/** The words of a section's header, as a shell would split them; undefined where a quote is left open. */
const wordsOf = (text: string): readonly string[] | undefined => {
	const words: string[] = [];
	let rest = text.trim();
	while (rest !== '') {
		const match = /^(?:"([^"]*)"|'([^']*)'|([^\s"']+))(?=\s|$)\s*/.exec(rest);
		if (match === null) {
			return undefined;
		}
		words.push(match[1] ?? match[2] ?? match[3] ?? '');
		rest = rest.slice(match[0].length);
	}
	return words;
};

/** The SDK reads a name with anything in it where a dot stands between kind and name. */
const headerFor = (header: string): string => {
	const [kind = '', name, ...more] = wordsOf(header) ?? [];
	const isNamed = namedKinds.has(kind) && name !== undefined && more.length === 0;
	return isNamed ? `[${kind}.${name}]` : `[${header}]`;
};

const headerPattern = /^\s*\[(.+)\]\s*(?:[#;].*)?$/;
/** A setting that begins a line: one that is indented belongs to the setting above it. */
const settingPattern = /^([^\s=:#;[][^=:]*?)[ \t]*[=:][ \t]*(.*)$/;

/** A configuration file in the SDK's form. */
export const configForSdk = (text: string): string =>
	text
		.replace(/^\uFEFF/, '')
		.split(/\r?\n/)
		.map((line) => {
			const header = headerPattern.exec(line)?.[1];
			if (header !== undefined) {
				return headerFor(header);
			}
			const [, name, value] = settingPattern.exec(line) ?? [];
			return name === undefined ? line : `${name.toLowerCase()} = ${value}`;
		})
		.join('\n');

/** Sections by name, each with its lines. */
const sectionsOf = (text: string): ReadonlyMap<string, readonly string[]> => {
	const sections = new Map<string, string[]>();
	let current: string[] | undefined;
	for (const line of text.split('\n')) {
		const header = headerPattern.exec(line)?.[1];
		if (header === undefined) {
			current?.push(line);
		} else {
			current = sections.get(header) ?? [];
			sections.set(header, current);
		}
	}
	return sections;
};

/**
 * Profiles of a credentials file whose names the SDK takes for something else (`[my work]`), as sections of a configuration
 * file, where it takes them.
 */
export const movedToConfig = (credentials: string): string =>
	[...sectionsOf(credentials)]
		.filter(([name]) => /\s/.test(name.trim()))
		.map(([name, lines]) => [`[profile.${name}]`, ...lines].join('\n'))
		.join('\n');

const profilePrefix = 'profile.';

/** Names of all profiles of a configuration file in the SDK's form, those without a setting too, which the SDK forgets. */
export const profileNames = (config: string): readonly string[] =>
	[...sectionsOf(config).keys()].flatMap((name) =>
		name === 'default' ? [name] : name.startsWith(profilePrefix) ? [name.slice(profilePrefix.length)] : [],
	);

/** Headers of a configuration file that stand without the word `profile`, which no tool of AWS reads. */
export const strayNames = (config: string): readonly string[] =>
	[...sectionsOf(config).keys()].filter((name) => /^[^\s.]+$/.test(name) && name !== 'default');
