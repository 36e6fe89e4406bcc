/** How applications are pointed to a tap, and back. */

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that would make clients ignore the others, or refuse them. */
const hindering = [
	'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
	'AWS_USE_FIPS_ENDPOINT',
	'AWS_USE_DUALSTACK_ENDPOINT',
];

/** Variables that send even what is for this machine to a proxy, unless an exception is named. */
const proxies = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'];
const exceptions = ['NO_PROXY', 'no_proxy'];

const loopback = '127.0.0.1';

/** Exceptions with this machine among them; none where no proxy is set, or where all is excepted. */
const exceptionsWithTap = (environment: Environment): Readonly<Record<string, string>> => {
	const isProxied = proxies.some((name) => Boolean(environment[name]));
	const known = exceptions.map((name) => environment[name]).find(Boolean) ?? '';
	const names = known.split(',').map((name) => name.trim());
	if (!isProxied || names.includes('*') || names.includes(loopback)) {
		return {};
	}
	const all = known === '' ? loopback : `${known},${loopback}`;
	return Object.fromEntries(exceptions.map((name) => [name, all]));
};

/** Variables by which clients of Bedrock find the tap. */
const tapVariables = (url: string, environment: Environment): Readonly<Record<string, string>> => ({
	AWS_ENDPOINT_URL_BEDROCK_RUNTIME: url,
	ANTHROPIC_BEDROCK_BASE_URL: url,
	// As in the address of the service, which this one takes the place of.
	ANTHROPIC_BEDROCK_MANTLE_BASE_URL: `${url}/anthropic`,
	// Of OpenAI's client where its provider is Bedrock; others of that client may not be for Bedrock at all.
	AWS_BEDROCK_BASE_URL: `${url}/openai/v1`,
	...exceptionsWithTap(environment),
});

/** A value as a word of a shell. */
const shellWord = (value: string): string =>
	/^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;

const exportLine = (name: string, value: string): string => `export ${name}=${shellWord(value)}`;

/** Shell lines that point programs to a tap, and how to undo them: what was set before is set again. */
export function tapLines(url: string, environment: Environment): readonly string[] {
	const variables = tapVariables(url, environment);
	const isSet = (name: string): boolean => Boolean(environment[name]);
	const unset = hindering.filter(isSet);
	const changed = [...unset, ...Object.keys(variables)];
	const added = changed.filter((name) => !isSet(name));
	return [
		...(unset.length === 0 ? [] : [`unset ${unset.join(' ')}`]),
		...Object.entries(variables).map(([name, value]) => exportLine(name, value)),
		'# To undo:',
		...(added.length === 0 ? [] : [`# unset ${added.join(' ')}`]),
		...changed.filter(isSet).map((name) => `# ${exportLine(name, environment[name] ?? '')}`),
	];
}

/** What is the tap's own: programs behind it are counted by the tap, and once. */
const ownVariables = ['BEDROCK_TOP_LEDGER'];

/** Where SDKs read their Region: each reads one of them. */
const regionNames = ['AWS_REGION', 'AWS_DEFAULT_REGION'];

/** The environment of a program that is started behind a tap. @param region Of the tap: for a program that has none. */
export function childEnvironment(url: string, environment: Environment, region: string): NodeJS.ProcessEnv {
	const own = regionNames.map((name) => environment[name]).find(Boolean) ?? region;
	const regions = regionNames.map((name) => [name, environment[name] || own] as const);
	const left = [...hindering, ...ownVariables];
	const rest = Object.fromEntries(Object.entries(environment).filter(([name]) => !left.includes(name)));
	return {...rest, ...Object.fromEntries(regions), ...tapVariables(url, environment)};
}
