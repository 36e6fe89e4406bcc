import {createRequire} from 'node:module';
import type {Ajv, ErrorObject, Options} from 'ajv';

/** What is wrong with a value, as parsed from JSON, in a few words; undefined where it meets the schema. */
export type SchemaValidator = (value: unknown) => string | undefined;

type Schema = Readonly<Record<string, unknown>>;
type Draft = '2020-12' | '2019-09' | 'draft-07';

const options: Options = {
	// Unknown keywords and formats are ignored, as the drafts demand.
	strict: false,
	// {required: [toString]} asks for an own member of the answer.
	ownProperties: true,
	logger: false,
};

/**
 * A separate instance for each schema, for schemas may have the same `$id`. It is loaded when a preset first has a
 * schema, as loading it takes long; answers are judged synchronously, hence `require`. In the
 * bundle that finds it in a file beside (build/bundle-options.ts); the sources have none.
 */
const libraryOf = (draft: Draft): Ajv => {
	const outside = typeof require === 'undefined' ? createRequire(import.meta.url) : undefined;
	const load = (): Ajv => {
		switch (draft) {
			case '2020-12':
				return new (outside?.('ajv/dist/2020.js') ?? require('ajv/dist/2020.js')).Ajv2020(options);
			case '2019-09':
				return new (outside?.('ajv/dist/2019.js') ?? require('ajv/dist/2019.js')).Ajv2019(options);
			case 'draft-07':
				return new (outside?.('ajv') ?? require('ajv')).Ajv(options);
		}
	};
	const addFormats = outside?.('ajv-formats') ?? require('ajv-formats');
	return addFormats.default(load());
};

/**
 * Drafts that a schema may follow, the likeliest first: many that name none follow draft-07.
 * @throws Error for a draft that is not known.
 */
const draftsOf = ({$schema}: Schema): readonly [Draft, ...Draft[]] => {
	if ($schema === undefined) {
		return ['2020-12', 'draft-07'];
	}
	const name = String($schema);
	if (/draft-0[67]\b/.test(name)) {
		return ['draft-07'];
	}
	const draft = (['2020-12', '2019-09'] as const).find((known) => name.includes(known));
	if (draft === undefined) {
		throw new Error(`"$schema" is ${JSON.stringify($schema)}, a draft that is not known`);
	}
	return [draft];
};

const sentenceOf = ({instancePath, message, params}: ErrorObject): string => {
	const path = instancePath.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
	const rule = Array.isArray(params.allowedValues)
		? `must be one of ${params.allowedValues.join(', ')}`
		: (message ?? 'is not allowed').replace('object,boolean', 'a schema');
	return path === '' ? rule : `"${path}" ${rule}`;
};

/** A fault that shows only while compiling, in words for the author of the schema. */
const compileFault = (error: unknown): Error => {
	if (error instanceof RangeError) {
		return new Error('a "$ref" leads back to itself');
	}
	const {missingRef, message} = error as {readonly missingRef?: string; readonly message: string};
	return new Error(
		missingRef === undefined ? message : `"$ref" leads nowhere: ${JSON.stringify(missingRef)}`,
	);
};

/**
 * Compiles a JSON Schema of draft 2020-12, 2019-09, -07 or -06.
 * @throws Error that says what is wrong with the schema.
 */
export function compileSchema(schema: Schema): SchemaValidator {
	// The draft is known here, and an `$async` schema would return a promise, which is truthy.
	const {$schema: _draft, $async: _async, ...rules} = schema;
	let fault: ErrorObject | undefined;
	for (const draft of draftsOf(schema)) {
		const library = libraryOf(draft);
		if (library.validateSchema(rules) === true) {
			try {
				const validate = library.compile(rules);
				// Rules that refer to each other in a circle never end, whatever the value.
				validate(null);
				return (value) =>
					validate(value) === true
						? undefined
						: validate.errors?.[0] === undefined
							? 'it does not meet the schema'
							: sentenceOf(validate.errors[0]);
			} catch (error) {
				throw compileFault(error);
			}
		}
		fault ??= library.errors?.[0];
	}
	throw new Error(fault === undefined ? 'it is not a JSON Schema' : sentenceOf(fault));
}
