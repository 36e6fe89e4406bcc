import type {BestRequest} from '../../reports/best-request.ts';
import {cleanText} from '../../text/width.ts';

/** Keeps line ends, and drops what would move a terminal's cursor. */
const cleanLines = (text: string): readonly string[] => text.trimEnd().split('\n').map(cleanLine);

const cleanLine = (line: string): string => line.split('\t').map(cleanText).join('\t');

/** A request for people: what it is, its body, and the calls. */
export const requestLines = ({
	note,
	variant,
	method,
	model,
	region,
	body,
	beside,
	sdk,
}: BestRequest): readonly string[] => [
	cleanText(`${variant}: ${note}`),
	cleanText(`${method} · ${model} · ${region}`),
	'',
	'Body',
	...cleanLines(JSON.stringify(body, null, 2)),
	...(beside === undefined ? [] : ['', 'Beside the body', ...cleanLines(JSON.stringify(beside, null, 2))]),
	'',
	'TypeScript',
	...cleanLines(sdk.typescript),
	'',
	'Python',
	...cleanLines(sdk.python),
];
