import {textWidth} from '../../source/reports/specs/chart.ts';
import {textOf, type XmlElement} from './parse-xml.ts';

/** Where a piece of text stands in a picture, in its pixels. */
export type TextBox = {
	readonly text: string;
	readonly left: number;
	readonly right: number;
	readonly top: number;
	readonly bottom: number;
};

/** Boxes of all text of an SVG, from its translations and the widths of Arial. */
export function textBoxes(element: XmlElement, x = 0, y = 0): readonly TextBox[] {
	const [dx, dy] = translation(element.attributes.transform);
	const here = {x: x + dx, y: y + dy};
	if (element.name !== 'text') {
		return element.children.flatMap((child) =>
			typeof child === 'string' ? [] : textBoxes(child, here.x, here.y),
		);
	}

	const size = Number.parseFloat(element.attributes['font-size'] ?? '11');
	const isBold = element.attributes['font-weight'] === 'bold';
	const spans = element.children.filter((child): child is XmlElement => typeof child !== 'string');
	const lines = spans.length === 0 ? [element] : spans;
	let baseline = here.y;
	return lines.map((line) => {
		baseline += Number.parseFloat(line.attributes.dy ?? '0');
		const text = textOf(line);
		const width = textWidth(text, size, isBold);
		const anchor = element.attributes['text-anchor'] ?? 'start';
		const left = here.x - (anchor === 'end' ? width : anchor === 'middle' ? width / 2 : 0);
		return {text, left, right: left + width, top: baseline - size * 0.72, bottom: baseline + size * 0.22};
	});
}

function translation(transform = ''): readonly [number, number] {
	const match = /^translate\((-?[\d.e-]+)[ ,](-?[\d.e-]+)\)$/.exec(transform);
	if (transform !== '' && match === null) {
		throw new Error(`a transform that is no translation: ${transform}`);
	}

	return [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)];
}

/** Pairs of texts that lie over each other; the ground behind a text is that text again and no overlap. */
export function overlaps(boxes: readonly TextBox[]): readonly string[] {
	return boxes.flatMap((first, index) =>
		boxes
			.slice(index + 1)
			.filter(
				(second) =>
					!(first.text === second.text && first.left === second.left && first.top === second.top) &&
					Math.min(first.right, second.right) - Math.max(first.left, second.left) > 0.5 &&
					Math.min(first.bottom, second.bottom) - Math.max(first.top, second.top) > 0.5,
			)
			.map((second) => `"${first.text}" and "${second.text}"`),
	);
}
