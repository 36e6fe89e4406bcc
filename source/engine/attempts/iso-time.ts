/**
 * ISO 8601 UTC of instants that mostly follow each other closely: the date is written anew once a second, because that is
 * dear and every answer has a time.
 * @returns Takes milliseconds since 1970.
 */
export const createIsoTime = (): ((epochMs: number) => string) => {
	let second = Number.NaN;
	let date = '';
	return (epochMs) => {
		const wholeMs = Math.floor(epochMs);
		const ofInstant = Math.floor(wholeMs / 1000);
		if (ofInstant !== second) {
			second = ofInstant;
			date = new Date(second * 1000).toISOString().slice(0, -'000Z'.length);
		}
		return `${date}${String(wholeMs - second * 1000).padStart(3, '0')}Z`;
	};
};
