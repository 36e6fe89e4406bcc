/** Numbers as the table shows them. */
const number = (value: number, digits: number): string =>
	Number.isFinite(value)
		? value.toLocaleString('en-US', {minimumFractionDigits: digits, maximumFractionDigits: digits})
		: '-';

export const count = (value: number): string => number(value, 0);
export const milliseconds = (value: number, digits = 0): string => `${number(value, digits)} ms`;
export const seconds = (valueMs: number): string => `${number(valueMs / 1000, 2)} s`;
export const percent = (share: number, digits = 1): string => `${number(share * 100, digits)} %`;
export const ratio = (value: number): string => `${number(value, 2)}x`;
export const megabytes = (bytes: number): string => `${number(bytes / 1e6, 2)} MB`;
export const signed = (text: string, value: number): string => (value >= 0 ? `+${text}` : text);
