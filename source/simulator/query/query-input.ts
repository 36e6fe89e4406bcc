import type {Json} from '../families/prompt.ts';
import type {Exchange} from '../wire/exchange.ts';

/** Reads the query protocol: a form whose names are paths, such as `Queries.member.2.Stat.Period=60`. */

/** Whether a request speaks it: a form in the body, or the action in the URL, as presigned ones have it. */
export const isQuery = ({headers, query}: Pick<Exchange, 'headers' | 'query'>): boolean =>
	String(headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded') ||
	query.has('Action');

type Branch = Map<string, Branch | string>;

const plant = (root: Branch, path: readonly string[], value: string): void => {
	let branch = root;
	for (const part of path.slice(0, -1)) {
		const known = branch.get(part);
		const next: Branch = known instanceof Map ? known : new Map();
		branch.set(part, next);
		branch = next;
	}
	branch.set(path.at(-1) ?? '', value);
};

/** Elements of a list stand below `member`, by their numbers. */
const grow = (branch: Branch | string): unknown => {
	if (typeof branch === 'string') {
		return branch;
	}
	const members = branch.get('member');
	if (branch.size === 1 && members instanceof Map) {
		return [...members]
			.sort(([first], [second]) => Number(first) - Number(second))
			.map(([, each]) => grow(each));
	}
	return Object.fromEntries([...branch].map(([name, each]) => [name, grow(each)]));
};

/** What a request asks for; every value is still a text. */
export const readForm = (form: URLSearchParams): Json => {
	const root: Branch = new Map();
	for (const [name, value] of form) {
		plant(root, name.split('.'), value);
	}
	return Object.fromEntries([...root].map(([name, each]) => [name, grow(each)]));
};
