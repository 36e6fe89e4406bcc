/**
 * Okabe-Ito colours: distinct with every common colour blindness. Each is paired with a pattern, a shape or words, so
 * that none is needed to read a chart. Text is dark on an opaque white ground, which reads in light and dark pages alike.
 */
export const colours = {
	skyBlue: '#56B4E9',
	orange: '#E69F00',
	green: '#009E73',
	blue: '#0072B2',
	vermillion: '#D55E00',
	purple: '#CC79A7',
} as const;

export const ground = '#ffffff';
export const ink = '#1f2328';
export const quietInk = '#57606a';
export const gridLine = '#e4e7eb';

/** Metrics of Arial are what `text-width` knows; the others are drawn to the same widths or close to them. */
export const fontFamily = "Helvetica, Arial, 'Liberation Sans', sans-serif";

/** A fill with distinct lines as well as a distinct colour. */
type Pattern = {readonly id: string; readonly colour: string; readonly path: string};

/** The parts of a stacked bar in their order, each with its own fill. */
export const patterns = {
	input: {id: 'bt-plain', colour: colours.skyBlue, path: ''},
	cacheWrite: {id: 'bt-dots', colour: colours.purple, path: 'M1 1h2v2h-2zM5 5h2v2h-2z'},
	cacheRead: {id: 'bt-lines', colour: colours.green, path: 'M0 2h8v1h-8zM0 6h8v1h-8z'},
	output: {id: 'bt-slashes', colour: colours.orange, path: 'M-2 2l4 -4M0 8l8 -8M6 10l4 -4'},
} as const satisfies Record<string, Pattern>;

/** What a mark's `fill` is set to for a pattern. */
export function fillOf(pattern: Pattern): string {
	return pattern.path === '' ? pattern.colour : `url(#${pattern.id})`;
}

/** SVG definitions of the patterns that a drawing refers to; empty when it refers to none. */
export function patternDefinitions(svg: string): string {
	const used = Object.values(patterns).filter((pattern) => svg.includes(`url(#${pattern.id})`));
	return used.length === 0 ? '' : `<defs>${used.map(definition).join('')}</defs>`;
}

const definition = ({id, colour, path}: Pattern): string =>
	`<pattern id="${id}" width="8" height="8" patternUnits="userSpaceOnUse">` +
	`<rect width="8" height="8" fill="${colour}"/>` +
	`<path d="${path}" fill="#ffffff" stroke="#ffffff" stroke-width="1" opacity="0.55"/></pattern>`;
