/** The last `capacity` values. */
export type Ring<T> = {
	readonly push: (value: T) => void;
	/** The latest values, the oldest of them first. */
	readonly latest: (count: number) => readonly T[];
	readonly clear: () => void;
};

export const createRing = <T>(capacity: number): Ring<T> => {
	let values: T[] = [];
	let next = 0;
	return {
		push(value) {
			values[next] = value;
			next = (next + 1) % capacity;
		},
		latest(count) {
			const ordered = values.length < capacity ? values : [...values.slice(next), ...values.slice(0, next)];
			return count <= 0 ? [] : ordered.slice(-count);
		},
		clear() {
			values = [];
			next = 0;
		},
	};
};
