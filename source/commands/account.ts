import type {Arguments} from '../config/parse-arguments.ts';
import {resolveConnection, resolveOverride, resolveTier} from '../config/resolve-account.ts';
import {columnsOf, type Io} from '../terminal/io.ts';
import {startDemo} from './demo.ts';
import {models} from './models.ts';
import {quotas} from './quotas.ts';

/** Seed of the simulator behind `--demo`: its quotas do not depend on it. */
const demoSeed = 1;

/** The commands `quotas` and `models`, from their flags. @returns Exit code. */
export const account = async (
	name: 'quotas' | 'models',
	{words, flags}: Arguments,
	io: Io,
): Promise<number> => {
	const json = flags.text('json');
	const request = {
		override: resolveOverride(flags),
		isJson: json !== undefined,
		isRefreshing: flags.isSet('refresh') ?? false,
		tier: resolveTier(flags),
	};
	const named = [...words, ...flags.texts('model')];
	const connection = resolveConnection(flags, named);
	const demo = await startDemo(flags.isSet('demo'), connection, demoSeed);
	const options = {...request, connection: demo.connection};
	const output = {stdout: io.stdout, stderr: io.stderr, columns: columnsOf(io.stdout)};
	try {
		return name === 'quotas'
			? await quotas({...options, models: named}, output)
			: await models(options, output);
	} finally {
		await demo.stop();
	}
};
