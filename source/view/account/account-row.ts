import {fractionsOf} from '../../account/alerts.ts';
import {rowId} from '../../account/own-now.ts';
import type {AccountBucket} from '../../domain/account-snapshot.ts';
import type {Limit} from '../../domain/target.ts';
import type {AlertFigure} from '../../metrics/decisions/alert.ts';
import {cleanText} from '../../text/width.ts';

/** A bucket as a line of the account's table, on screen and in print. */
export type AccountRow = {
	/** Region and key of the bucket. */
	readonly id: string;
	readonly bucket: AccountBucket;
	/** Its model, short and as it may be shown. */
	readonly model: string;
	/** Parts of its limits that are in use; null where there is no limit, or no figure. */
	readonly fractions: Readonly<Record<AlertFigure, number | null>>;
	/** The fullest of them; null where none is known. */
	readonly fullest: number | null;
	/** Seconds since the end of the minute that the figures are about; null while there are none. */
	readonly ageSeconds: number | null;
	readonly isSelected: boolean;
};

/** Without provider, date and a first version, which tell no two models of a table apart; the whole ID stands in the detail. */
export const shortModel = (model: string): string =>
	model
		.replace(/^[a-z0-9]+\.(?=[a-z])/, '')
		.replace(/-20\d{6}(?=-|$)/, '')
		.replace(/:0$/, '')
		.replace(/-v1$/, '');

/** @param nowMs By the service's clock. */
export const accountRow = (bucket: AccountBucket, nowMs: number, isSelected = false): AccountRow => {
	const fractions = fractionsOf(bucket);
	const known = Object.values(fractions).filter((fraction) => fraction !== null);
	return {
		id: rowId(bucket),
		bucket,
		model: shortModel(cleanText(bucket.model)),
		fractions,
		fullest: known.length === 0 ? null : Math.max(...known),
		ageSeconds:
			bucket.minute === null ? null : Math.max(0, Math.round((nowMs - bucket.minute - 60_000) / 1000)),
		isSelected,
	};
};

/** What a limit is in a cell: its number, or why there is none. */
export const limitCell = (limit: Limit, format: (value: number | null) => string): string => {
	switch (limit.state) {
		case 'known':
			return format(limit.value);
		case 'blocked':
			return 'blocked';
		case 'none':
			return 'none';
		case 'unknown':
			return '?';
	}
};

/** The bucket's percentiles: those of its busiest ModelId, since those of several cannot be merged. */
export const mainDurations = ({durations, modelIds}: AccountBucket) =>
	durations.find(({modelId}) => modelId === modelIds[0]);
