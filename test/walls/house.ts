import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';

/** The house as it stands: the files of `source/` and what each of them imports, read from the text. */

const source = path.resolve(import.meta.dirname, '../../source');

export type File = {
	/** Path below `source/`. */
	readonly path: string;
	readonly text: string;
};

export type Import = {
	readonly file: string;
	/** Path below `source/` of a file of the house, else the name of a package. */
	readonly target: string;
	readonly isType: boolean;
	/** Loaded when it is needed: `import('...')`, `require('...')`. */
	readonly isLazy: boolean;
};

export const files: readonly File[] = readdirSync(source, {recursive: true, encoding: 'utf8'})
	.filter((file) => /\.tsx?$/.test(file))
	.toSorted()
	.map((file) => ({path: file, text: readFileSync(path.join(source, file), 'utf8')}));

const importPattern =
	/^\s*(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|(?:import|require)\('([^']+)'\)|^import\s+'([^']+)'/gm;

/** What a file imports, types and lazy imports included. */
export function importsOf({path: file, text}: File): readonly Import[] {
	return [...text.matchAll(importPattern)].map(([, type, declared, lazy, bare]) => {
		const specifier = declared ?? lazy ?? bare ?? '';
		const target = specifier.startsWith('.') ? path.join(path.dirname(file), specifier) : specifier;
		return {file, target, isType: type !== undefined, isLazy: lazy !== undefined};
	});
}

/** The first folder of a path; `cli` for the entry of the program. */
export function roomOf(file: string): string {
	return file === 'cli.ts' ? 'cli' : (file.split('/')[0] ?? '');
}

/** A rule that an import breaks, as a line for people. */
export function arrow({file, target}: Import): string {
	return `${file} -> ${target}`;
}

/**
 * Imports between rooms that do not go down, types included.
 * @param ranks Rooms of one rank each, from the top.
 */
export function climbing(
	imports: readonly Import[],
	ranks: ReadonlyArray<readonly string[]>,
): readonly string[] {
	const rankOf = new Map(ranks.flatMap((rooms, rank) => rooms.map((room) => [room, rank] as const)));
	return imports
		.filter(({target}) => isOfHouse(target))
		.filter(({file, target}) => roomOf(file) !== roomOf(target))
		.filter(({file, target}) => {
			const from = rankOf.get(roomOf(file));
			const to = rankOf.get(roomOf(target));
			return from === undefined || to === undefined || to <= from;
		})
		.map(arrow);
}

const isOfHouse = (target: string): boolean => /\.tsx?$/.test(target);

/**
 * Circles in a graph, each once, as its members in the order of the arrows (Tarjan's strongly connected components).
 * @param edges From, to.
 */
export function circlesOf(
	edges: ReadonlyArray<readonly [from: string, to: string]>,
): ReadonlyArray<readonly string[]> {
	const next = new Map<string, Set<string>>();
	for (const [from, to] of edges) {
		next.set(from, (next.get(from) ?? new Set()).add(to));
	}
	const order = new Map<string, number>();
	const low = new Map<string, number>();
	const open: string[] = [];
	const circles: string[][] = [];
	const visit = (node: string): void => {
		order.set(node, order.size);
		low.set(node, order.get(node) ?? 0);
		open.push(node);
		for (const other of next.get(node) ?? []) {
			if (!order.has(other)) {
				visit(other);
			}
			if (open.includes(other)) {
				low.set(node, Math.min(low.get(node) ?? 0, low.get(other) ?? 0));
			}
		}
		if (low.get(node) === order.get(node)) {
			const circle = open.splice(open.indexOf(node));
			if (circle.length > 1 || next.get(node)?.has(node)) {
				circles.push(circle);
			}
		}
	};
	for (const node of next.keys()) {
		if (!order.has(node)) {
			visit(node);
		}
	}
	return circles;
}

/** Circles of files. */
export function fileCircles(imports: readonly Import[]): ReadonlyArray<readonly string[]> {
	return circlesOf(
		imports.filter(({target}) => isOfHouse(target)).map(({file, target}) => [file, target] as const),
	);
}

/** Circles of rooms. */
export function roomCircles(imports: readonly Import[]): ReadonlyArray<readonly string[]> {
	return circlesOf(
		imports
			.filter(({target}) => isOfHouse(target))
			.map(({file, target}) => [roomOf(file), roomOf(target)] as const)
			.filter(([from, to]) => from !== to),
	);
}

/**
 * Imports by some rooms of what is not theirs.
 * @param forbidden Packages or folders of the house.
 */
export function trespassing(
	imports: readonly Import[],
	isBound: (room: string) => boolean,
	forbidden: readonly string[],
): readonly string[] {
	return imports
		.filter(({file}) => isBound(roomOf(file)))
		.filter(({target}) => forbidden.some((prefix) => target === prefix || target.startsWith(`${prefix}/`)))
		.map(arrow);
}
