import {createContext} from 'react';
import type {BucketPlace} from '../../account/account-messages.ts';
import type {EngineRequest} from '../../threads/messages.ts';

/** Called with the ids of the rows that a table of the account shows. */
export type OnVisibleRows = (table: string, ids: readonly string[]) => void;

/** Where the tables tell what is on screen. */
export const VisibleRowsContext = createContext<OnVisibleRows>(() => {});

/** The place behind the id of a row: Region and key with a blank between them. */
const placeOf = (id: string): BucketPlace => {
	const at = id.indexOf(' ');
	return {region: id.slice(0, at), key: id.slice(at + 1)};
};

/** Tells the monitor what all tables together show, when that changes. */
export function createVisibleRowsReporter(send: (request: EngineRequest) => void): OnVisibleRows {
	const tables = new Map<string, readonly string[]>();
	let told = '';
	let isTelling = false;
	const tell = (): void => {
		isTelling = false;
		const all = [...new Set([...tables.values()].flat())];
		if (all.join('\n') !== told) {
			told = all.join('\n');
			send({type: 'look-at-account', places: all.map(placeOf)});
		}
	};
	return (table, ids) => {
		if (ids.length === 0) {
			tables.delete(table);
		} else {
			tables.set(table, ids);
		}
		// A table that changes says goodbye to what it showed before: only the outcome is of interest.
		if (!isTelling) {
			isTelling = true;
			queueMicrotask(tell);
		}
	};
}
