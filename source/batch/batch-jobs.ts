import {openAccount} from '../bedrock/account-access.ts';
import {createJobService} from '../bedrock/jobs/job-service.ts';
import type {Arguments} from '../config/parse-arguments.ts';
import {resolveOverride} from '../config/resolve-account.ts';
import {resolveOutput} from '../config/resolve-output.ts';
import type {Connection} from '../domain/run-config.ts';
import {type Io, writeJson, writeLines} from '../terminal/io.ts';
import {untilSignal} from '../terminal/signals.ts';
import type {Access} from './batch-access.ts';
import {rejoin} from './batch-rejoin.ts';
import {resubmit} from './batch-resubmit.ts';
import {batchFolder, createBatchStore} from './batch-state.ts';

/** Commands about jobs that are there already: --list, --stop, --watch and --resubmit. */

/** Jobs that `--list` shows. */
const mostListed = 50;

const isJson = ({flags, io}: Access): boolean => resolveOutput(flags, io.environment).json !== undefined;

const list = async (access: Access): Promise<number> => {
	const {jobs, store, io} = access;
	const known = new Set((await store.all()).flatMap((state) => state.jobs.map(({arn}) => arn)));
	const listed = await untilSignal(io.signal, jobs.list(mostListed));
	const lines = listed.map((job) => {
		const mark = known.has(job.arn) ? '  (from here)' : '';
		const counts = job.total === 0 ? '' : `  ${job.processed}/${job.total}`;
		return `${job.status.padEnd(18)}  ${job.arn}  ${job.name}${counts}${mark}`;
	});
	await (isJson(access) ? writeJson(io.stdout, listed) : writeLines(io.stdout, lines));
	return 0;
};

const stop = async (access: Access, arn: string): Promise<number> => {
	const {jobs, io} = access;
	await untilSignal(io.signal, jobs.stop(arn));
	const {status} = await untilSignal(io.signal, jobs.get(arn));
	await (isJson(access)
		? writeJson(io.stdout, {jobArn: arn, status})
		: writeLines(io.stdout, [`${arn} ${status}`]));
	return 0;
};

/** Does what a flag asks of jobs that were submitted before. @returns Exit code. */
export const aboutJobs = async ({flags}: Arguments, connection: Connection, io: Io): Promise<number> => {
	const request = {connection, override: resolveOverride(flags), isRefreshing: false, tier: undefined};
	const account = await untilSignal(io.signal, openAccount(request));
	const jobs = createJobService(account.clients);
	const store = createBatchStore(batchFolder(), async (sentence) => writeLines(io.stderr, [sentence]));
	const access = {account, connection, jobs, store, flags, io};
	const [stopped, watched, again] = (['stop', 'watch', 'resubmit'] as const).map((name) => flags.text(name));
	try {
		if (stopped !== undefined) {
			return await stop(access, stopped);
		}
		if (watched !== undefined) {
			return await rejoin(access, watched);
		}
		return await (again === undefined ? list(access) : resubmit(access, again));
	} finally {
		account.clients.close();
	}
};
