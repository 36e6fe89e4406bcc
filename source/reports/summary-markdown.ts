import {markdownOf, sectionOf} from './page.ts';
import type {Results} from './results-schema.ts';
import {runSections, runTitle, simulatedWarning} from './run-sections.ts';

/**
 * `summary.md`: the findings, the targets, and how to repeat the run.
 *
 * @param results Of one run.
 * @param pictures Names of the SVG files beside it.
 */
export function summaryMarkdown(results: Results, pictures: readonly string[]): string {
	const sections = runSections(results);
	const warning = simulatedWarning(results);
	return markdownOf({
		title: runTitle(results),
		...(warning === undefined ? {} : {warning}),
		sections: [
			...sections.verdict,
			...sections.clients,
			...sections.targets,
			...sections.search,
			...sections.rewrites,
			...sections.levers,
			...sections.judges,
			...sections.advice,
			...sections.timeouts,
			...sections.failures,
			...sections.inexact,
			...sections.run,
			...sections.repeat,
			...sectionOf('Charts', {type: 'pictures', files: pictures}),
		],
	});
}
