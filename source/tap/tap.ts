import type {AccountBucket} from '../domain/account-snapshot.ts';
import type {Use} from '../domain/bucket-usage.ts';
import type {Clock} from '../domain/clock.ts';
import type {Price, QuotaOverride} from '../domain/run-config.ts';
import type {Phase, RunOutcome, Snapshot, StoppedBy} from '../domain/snapshot.ts';
import type {TapConfig} from '../domain/tap.ts';
import type {Target} from '../domain/target.ts';
import {reasonOf} from '../domain/user-error.ts';
import {withoutSecrets} from '../text/secrets.ts';
import {passOther, refuse} from './exchange.ts';
import {type Incoming, type Listener, listen} from './listener.ts';
import {ModelBook} from './models.ts';
import {Pacing} from './pacing.ts';
import {type PassPorts, passInference} from './pass-through.ts';
import type {Programs} from './programs.ts';
import {refusals, sendRefusal, unknownRoute, unreachable, unsupported} from './refusal.ts';
import {admitClient, routeOf} from './routes.ts';
import {Signer} from './signing.ts';
import {type DayBook, Spending} from './spending.ts';
import {sendMetrics, tapMetrics} from './tap-metrics.ts';
import {tapSnapshot} from './tap-snapshot.ts';
import {Traffic} from './traffic.ts';

/** What a tap needs of the world. */
type TapPorts = Pick<PassPorts, 'recorder' | 'agents' | 'baseOf' | 'secrets' | 'region' | 'endpoint'> & {
	readonly clock: Clock;
	/** Finds the programs of this machine that send; undefined where the system does not say. */
	readonly programs: Pick<Programs, 'find'> | undefined;
	readonly credentials: ConstructorParameters<typeof Signer>[0]['credentials'];
	/** The own Bedrock API key; undefined without one. */
	readonly token: string | undefined;
	/** Reads the quotas and the price of a model from the account. */
	readonly resolve: (model: string) => Promise<{readonly target: Target; readonly price: Price | null}>;
	readonly priceOf: (target: Target) => Promise<Price | null>;
	readonly roundTripMs: () => number | undefined;
	/** Buckets of the account that are watched. */
	readonly account: () => readonly AccountBucket[];
	/** Shares a bucket with the other programs of the user. */
	readonly join: ConstructorParameters<typeof Pacing>[1]['join'];
	/** What the user's taps spend on a day; undefined: this one alone. */
	readonly dayBook: DayBook | undefined;
	/** A model was met, or its target has become known. */
	readonly onTarget: () => void;
	/** An answer settled its quota tokens. */
	readonly onSettled: (target: Target, quotaTokens: number) => void;
};

type TapSettings = {
	readonly port: number;
	readonly secret: string;
	readonly isResigning: boolean;
	readonly override: QuotaOverride;
	readonly pace: TapConfig['pace'];
	readonly maxCost: TapConfig['maxCost'];
};

/** Milliseconds that requests have to notice that they were given up. */
const cutMs = 250;

const windowMs = 60_000;

/** The local endpoint in front of the service: meters what passes. */
export class Tap {
	readonly #ports: TapPorts;
	readonly #settings: TapSettings;
	readonly #traffic: Traffic;
	readonly #models: ModelBook;
	readonly #spending: Spending | undefined;
	readonly #pass: PassPorts;
	readonly #pacing: Pacing;
	#listener: Listener | undefined;
	#phase: Phase = 'ready';
	#outcome: RunOutcome | undefined;
	#stoppedBy: StoppedBy | undefined;
	/** Requests that are being passed. */
	#passing = 0;
	#onDrained = (): void => {};
	#stopped: Promise<void> | undefined;

	constructor(settings: TapSettings, ports: TapPorts) {
		this.#ports = ports;
		this.#settings = settings;
		this.#traffic = new Traffic(ports.clock, windowMs);
		this.#models = new ModelBook({
			traffic: this.#traffic,
			region: ports.region,
			endpoint: ports.endpoint,
			override: settings.override,
			resolve: ports.resolve,
			priceOf: ports.priceOf,
			onResolved: async (index) => {
				await this.#pacing.resolved(index);
				ports.onTarget();
			},
			onFailed: (model, error) =>
				this.#traffic.note('quotas', `The quotas of ${model} are not known: ${reasonOf(error)}`),
		});
		this.#pacing = new Pacing(settings.pace, {
			clock: ports.clock,
			traffic: this.#traffic,
			models: this.#models,
			windowMs,
			roundTripMs: ports.roundTripMs,
			join: ports.join,
		});
		this.#spending =
			settings.maxCost === undefined ? undefined : new Spending(settings.maxCost, ports.clock, ports.dayBook);
		this.#pass = {
			...ports,
			traffic: this.#traffic,
			models: this.#models,
			signer: new Signer({
				credentials: ports.credentials,
				token: ports.token,
				region: ports.region,
				isResigning: settings.isResigning,
				now: () => new Date(ports.clock.epoch()),
			}),
			pacing: this.#pacing,
			spending: this.#spending,
			onSettled: (index, quotaTokens) => ports.onSettled(this.#models.at(index).target, quotaTokens),
		};
	}

	/** Opens the port. @returns Its number. @throws UserError (exit 1) where that is not possible. */
	async start(): Promise<number> {
		const onRequest = (incoming: Incoming): void => {
			this.#passing++;
			void this.#handle(incoming)
				.catch((error: unknown) => {
					// The client left while its request was read, or the service's address could not be found.
					sendRefusal(incoming, unreachable(reasonOf(error)));
				})
				.finally(() => {
					this.#passing--;
					this.#checkDrained();
				});
		};
		this.#listener = await listen(this.#settings.port, onRequest, this.#ports.programs);
		this.#phase = 'running';
		return this.#listener.port;
	}

	/** Requests that are not sent yet are held; after as long as any is held they get a time to come back. */
	pause(): void {
		if (this.#phase === 'running') {
			this.#phase = 'paused';
			this.#pacing.shut();
			this.#traffic.note('paused', 'Paused: new requests are held, those in flight go on.');
		}
	}

	resume(): void {
		if (this.#phase === 'paused') {
			this.#phase = 'running';
			this.#pacing.open();
			this.#traffic.note('resumed', 'Resumed.');
		}
	}

	/** The targets that were met so far, in the order of the snapshot. */
	get targets(): readonly Target[] {
		return this.#traffic.models.map(({target}) => target);
	}

	/** Others' use of a bucket, by the account monitor. @param at Milliseconds since 1970. */
	setOthersUse(index: number, use: Use, at: number): void {
		this.#pacing.setOthersUse(index, use, at);
	}

	/** Quota tokens of the day that are used without this tap. */
	setOthersToday(index: number, tokens: number): void {
		this.#pacing.setOthersToday(index, tokens);
	}

	snapshot(): Snapshot {
		return tapSnapshot(
			this.#traffic,
			{
				phase: this.#phase,
				outcome: this.#outcome,
				stoppedBy: this.#stoppedBy,
				stopReason: undefined,
				share: this.#settings.pace?.share ?? 1,
				burst: this.#settings.pace?.burst ?? 'full',
				isPaced: this.#settings.pace !== undefined,
				account: this.#ports.account(),
				method: this.#traffic.method,
				bucketOf: (index) => this.#pacing.bucketOf(index),
				waitingFor: this.#pacing.waitingWords ?? null,
			},
			this.#ports.clock,
		);
	}

	/**
	 * Takes no new requests, and ends when those in flight are over, at the latest after `deadlineMs`: the outcome is then
	 * `stopped`. A second call ends at once.
	 */
	async stop(stoppedBy: StoppedBy, deadlineMs: number): Promise<void> {
		this.#stoppedBy ??= stoppedBy;
		if (this.#stopped !== undefined) {
			this.#onDrained();
		}
		this.#stopped ??= this.#drain(deadlineMs);
		return this.#stopped;
	}

	async #drain(deadlineMs: number): Promise<void> {
		this.#phase = 'draining';
		this.#pacing.open();
		await this.#untilDrained(deadlineMs);
		this.#outcome = this.#passing === 0 ? 'completed' : 'stopped';
		await this.#listener?.close();
		// What was cut is counted before the last snapshot.
		await this.#untilDrained(cutMs);
		await this.#pacing.close();
		this.#spending?.close();
		this.#phase = 'ended';
	}

	async #untilDrained(deadlineMs: number): Promise<void> {
		const drained = new Promise<void>((resolve) => {
			this.#onDrained = resolve;
		});
		const cancel = this.#ports.clock.after(deadlineMs, this.#onDrained);
		this.#checkDrained();
		await drained;
		cancel();
	}

	#checkDrained(): void {
		if (this.#phase === 'draining' && this.#passing === 0) {
			this.#onDrained();
		}
	}

	/** The path of a request, as it may be shown. */
	#shown(target: string): string {
		const path = (target.split('?', 1)[0] ?? '').replaceAll(/[^\x21-\x7e]/g, '?');
		return withoutSecrets(path, this.#ports.secrets()).slice(0, 200);
	}

	async #handle(incoming: Incoming): Promise<void> {
		const {reply, method} = incoming;
		const admitted = admitClient(incoming, {
			secret: this.#settings.secret,
			port: this.#listener?.port ?? 0,
		});
		if ('refusal' in admitted) {
			this.#traffic.note('refused', `Refused a request: ${admitted.refusal.reason}.`);
			sendRefusal(incoming, admitted.refusal);
			return;
		}
		const {target} = admitted;
		const route = routeOf(method, target);
		if ((this.#phase === 'draining' || this.#phase === 'ended') && route.kind !== 'metrics') {
			sendRefusal(incoming, refusals.ending);
			return;
		}
		switch (route.kind) {
			case 'inference':
				await passInference(incoming, {...route, target}, this.#pass);
				break;
			case 'other':
				if (this.#spending !== undefined && route.isCharged) {
					refuse(incoming, this.#spending.refuseUnpriced(this.#shown(target)), {traffic: this.#traffic});
					break;
				}
				await passOther(incoming, {host: route.host, target}, this.#pass);
				break;
			case 'metrics':
				sendMetrics(reply, tapMetrics(this.#traffic, this.snapshot()));
				break;
			case 'unknown':
				this.#traffic.note('refused', `Refused ${method} ${this.#shown(target)}: not a path of Bedrock.`);
				sendRefusal(incoming, unknownRoute(method, this.#shown(target)));
				break;
			case 'unsupported':
				this.#traffic.note('refused', `${route.operation} does not go through the tap.`);
				sendRefusal(incoming, unsupported(route.operation));
				break;
		}
	}
}
