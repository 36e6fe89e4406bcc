/** Text that others wrote, with a full stop where it has no end of its own: what follows then begins a sentence. */
export const asSentence = (text: string): string => {
	const trimmed = text.trimEnd();
	return trimmed === '' || /[.!?…。！？]["'”’)\]]*$/.test(trimmed)
		? trimmed
		: `${trimmed.replace(/[,;:]$/, '')}.`;
};
