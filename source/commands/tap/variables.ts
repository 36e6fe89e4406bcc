/** How applications are pointed to a tap, and back. */

/** Variables by which clients of Bedrock find the tap. */
function tapVariables(url: string): Readonly<Record<string, string>> {
	return {
		AWS_ENDPOINT_URL_BEDROCK_RUNTIME: url,
		ANTHROPIC_BEDROCK_BASE_URL: url,
	};
}

/** Variables that would make clients ignore these, or refuse them. */
const hindering = [
	'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
	'AWS_USE_FIPS_ENDPOINT',
	'AWS_USE_DUALSTACK_ENDPOINT',
];

/** Shell lines that point programs to a tap, and how to undo them. */
export function tapLines(
	url: string,
	environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
	const variables = tapVariables(url);
	const names = Object.keys(variables);
	const set = hindering.filter((name) => Boolean(environment[name]));
	return [
		...(set.length === 0 ? [] : [`unset ${set.join(' ')}`]),
		...Object.entries(variables).map(([name, value]) => `export ${name}=${value}`),
		`# To undo: unset ${names.join(' ')}`,
	];
}

/** The environment of a program that is started behind a tap. */
export function childEnvironment(
	url: string,
	environment: Readonly<Record<string, string | undefined>>,
): NodeJS.ProcessEnv {
	const rest = Object.fromEntries(Object.entries(environment).filter(([name]) => !hindering.includes(name)));
	return {...rest, ...tapVariables(url)};
}
