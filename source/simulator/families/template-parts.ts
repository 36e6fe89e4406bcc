/** Takes the chat templates apart that callers write into a single prompt. */

/** System and last user text of a templated prompt; all of it is the question where no template is known. */
export const templateParts = (prompt: string): {readonly system: string; readonly question: string} => {
	const headers = [
		...prompt.matchAll(
			/<\|(?:start_header_id|header_start)\|>(\w+)<\|(?:end_header_id|header_end)\|>\s*([\s\S]*?)(?=<\|(?:eot_id|eot|start_header_id|header_start)\|>|$)/g,
		),
	];
	if (headers.length > 0) {
		const said = (role: string) => headers.findLast((header) => header[1] === role)?.[2]?.trim() ?? '';
		return {system: said('system'), question: said('user')};
	}
	const instruction = [...prompt.matchAll(/\[INST\]([\s\S]*?)(?:\[\/INST\]|$)/g)].at(-1)?.[1];
	if (instruction !== undefined) {
		const system = /<<SYS>>([\s\S]*?)<<\/SYS>>/.exec(instruction);
		return {
			system: system?.[1]?.trim() ?? '',
			question: instruction.slice((system?.index ?? 0) + (system?.[0].length ?? 0)).trim(),
		};
	}
	const deepSeek = /<｜begin▁of▁sentence｜>([\s\S]*?)<｜User｜>([\s\S]*?)(?:<｜Assistant｜>|$)/.exec(prompt);
	return deepSeek === null
		? {system: '', question: prompt}
		: {system: deepSeek[1]?.trim() ?? '', question: deepSeek[2]?.trim() ?? ''};
};
