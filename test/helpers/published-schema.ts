import {Ajv2020} from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import {resultsJsonSchema} from '../../source/reports/results-schema.ts';

const library = new Ajv2020({strict: true, strictRequired: true, allowUnionTypes: true});
addFormats.default(library);
const validate = library.compile(resultsJsonSchema());

/** What the published JSON Schema holds against the text of results; nothing where they fit. */
export const violationsOf = (text: string): readonly string[] =>
	validate(JSON.parse(text))
		? []
		: (validate.errors ?? []).map(
				({instancePath, message, params}) => `${instancePath} ${message} ${JSON.stringify(params)}`,
			);
