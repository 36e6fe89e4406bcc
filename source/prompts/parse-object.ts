import {membersOf} from '../text/json-source.ts';

/** The members of the JSON object that a text is, each as it stands there; undefined for anything else. */
export const parseObject = (text: string): ReadonlyMap<string, string> | undefined => {
	try {
		JSON.parse(text);
	} catch {
		return undefined;
	}
	return text.trimStart().startsWith('{') ? new Map(membersOf(text)) : undefined;
};
