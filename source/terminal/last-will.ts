/**
 * What is still to be done for the user where the program has to end at once: by a fault of its own, or by a second
 * signal. Nothing can be waited for any more, so it writes without waiting.
 * @returns Lines that say what was left where.
 */
export type Will = () => readonly string[];

const wills = new Set<Will>();

/** Leaves a will. @returns Takes it back. */
export const leaveWill = (will: Will): (() => void) => {
	wills.add(will);
	return () => {
		wills.delete(will);
	};
};

/** The will of a screen: what is said is said on the terminal as it was before. */
export const leaveClosing = (close: () => void): (() => void) =>
	leaveWill(() => {
		close();
		return [];
	});

/** Carries out every will once; one that fails keeps no other from being carried out. */
export const executeWills = (): readonly string[] => {
	const all = [...wills];
	wills.clear();
	return all.flatMap((will) => {
		try {
			return will();
		} catch (error) {
			return [`What was measured could not be kept: ${error instanceof Error ? error.message : error}`];
		}
	});
};
