/** Names of jobs: the service wants each of them once in an account, so nothing that tells two apart is cut off. */

const safeName = (text: string): string => text.replaceAll(/[^a-zA-Z0-9]+/g, '-').replaceAll(/^-|-$/g, '');

/** The longest that the service takes. */
const mostCharacters = 63;
/** Of the hash that tells batches apart. */
const hashCharacters = 12;

/**
 * The name of a job: the program and the preset for people, then the hash and the number of its batch and the number of
 * the job. A preset gives way to the rest.
 * @param id Of the batch: a hash and a number, as in `0f3a…-2`.
 */
export const jobName = (preset: string | null, id: string, job: number): string => {
	const end = id.lastIndexOf('-');
	const own = `${id.slice(0, hashCharacters)}${id.slice(end)}-${job}`;
	const words = `bedrock-top-${safeName(preset ?? 'task') || 'task'}`;
	return `${words.slice(0, mostCharacters - own.length - 1).replace(/-$/, '')}-${own}`;
};
