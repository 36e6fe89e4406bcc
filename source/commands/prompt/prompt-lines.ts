import type {BestRequest} from '../../reports/best-request.ts';
import {cleanText, escapeUnseen} from '../../text/width.ts';

/** As it is to be sent: what would move a terminal's cursor is escaped, for all of it is JSON or strings of code. */
const codeLines = (text: string): readonly string[] => escapeUnseen(text.trimEnd()).split('\n');

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
	...codeLines(JSON.stringify(body, null, 2)),
	...(beside === undefined ? [] : ['', 'Beside the body', ...codeLines(JSON.stringify(beside, null, 2))]),
	'',
	'TypeScript',
	...codeLines(sdk.typescript),
	'',
	'Python',
	...codeLines(sdk.python),
];
