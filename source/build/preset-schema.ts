import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import {z} from 'zod';
import {presetSchema} from '../config/preset-schema.ts';

/** The JSON schema of preset files, as editors read it; made from the one that presets are checked with. */
export const presetJsonSchema = (): string => {
	const schema = {
		title: 'bedrock-top preset',
		...z.toJSONSchema(presetSchema, {io: 'input'}),
		// Parts that anchors share.
		patternProperties: {'^x-': {}},
	};
	return `${JSON.stringify(schema, null, '\t')}\n`;
};

if (process.argv[1] === import.meta.filename) {
	await writeFile(path.resolve(import.meta.dirname, '../../presets/schema.json'), presetJsonSchema());
}
