import type {RunConfig} from '../../domain/run-config.ts';
import type {Snapshot} from '../../domain/snapshot.ts';
import type {Recipe} from '../../reports/best-request.ts';

/**
 * What a run asked for, for best-request.json.
 * @returns undefined when the configuration is not the one that the snapshot was made with.
 */
export const recipeOf = (
	{task, variants, maxTokens, minQuality}: RunConfig,
	snapshot: Snapshot,
): Recipe | undefined => {
	const names = variants.map(({name}) => name);
	const isOfRun =
		snapshot.spec.task === task.task && snapshot.variants.every(({name}) => names.includes(name));
	return isOfRun
		? {
				task: task.task,
				content: task.content,
				hasItems: task.items.length > 0 || task.chat !== undefined,
				maxTokens,
				minQuality,
				variants,
			}
		: undefined;
};
