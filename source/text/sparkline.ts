const levels = '▁▂▃▄▅▆▇█';

/**
 * A line of bars in `width` cells, the oldest value first: each cell is the greatest of its values, so that no peak is lost.
 * Nothing is blank; whatever is above 0 shows.
 */
export function sparkline(values: readonly number[], width: number): string {
	const cells = Math.max(0, Math.floor(width));
	const greatest = Math.max(0, ...values.filter((value) => Number.isFinite(value)));
	return Array.from({length: cells}, (_, cell) => {
		const from = Math.floor((cell * values.length) / cells);
		const to = Math.max(from + 1, Math.floor(((cell + 1) * values.length) / cells));
		const value = Math.max(0, ...values.slice(from, to));
		if (!(value > 0) || !(greatest > 0)) {
			return ' ';
		}
		return levels[Math.min(levels.length - 1, Math.floor((value / greatest) * levels.length))] ?? ' ';
	}).join('');
}
