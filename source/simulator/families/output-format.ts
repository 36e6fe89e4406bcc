import {isJson, type Json} from './prompt.ts';

/** Schema that a whole answer of Claude is to follow: `output_config.format`, in an earlier form `output_format`. */
export const formatSchema = ({output_config: config, output_format: earlier}: Json): Json | undefined => {
	const format = isJson(config) && isJson(config.format) ? config.format : earlier;
	return isJson(format) && isJson(format.schema) ? format.schema : undefined;
};
