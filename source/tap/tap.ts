import {Bucket} from '../admission/bucket.ts';
import {bucketKey} from '../domain/account-snapshot.ts';
import type {Method} from '../domain/backend.ts';
import type {Clock} from '../domain/clock.ts';
import type {QuotaOverride} from '../domain/run-config.ts';
import type {Price} from '../domain/run-spec.ts';
import type {Phase, RunOutcome, Snapshot, StoppedBy} from '../domain/snapshot.ts';
import type {Target} from '../domain/target.ts';
import {reasonOf} from '../domain/user-error.ts';
import {admitClient} from './gate.ts';
import {type Incoming, type Listener, listen} from './listener.ts';
import {ModelBook} from './models.ts';
import {type Admitted, type PassPorts, passInference, passOther} from './pass-through.ts';
import {refusals, sendRefusal, unknownRoute, unreachable, unsupported} from './refusal.ts';
import {routeOf} from './routes.ts';
import {Signer} from './signing.ts';
import {tapSnapshot} from './tap-snapshot.ts';
import {type TappedCall, Traffic} from './traffic.ts';

/** What a tap needs of the world. */
type TapPorts = Pick<PassPorts, 'agents' | 'baseOf' | 'secrets' | 'region' | 'endpoint'> & {
	readonly clock: Clock;
	readonly credentials: ConstructorParameters<typeof Signer>[0]['credentials'];
	/** Reads the quotas and the price of a model from the account. */
	readonly resolve: (model: string) => Promise<{readonly target: Target; readonly price: Price | null}>;
	readonly roundTripMs: () => number | undefined;
};

type TapSettings = {
	readonly port: number;
	readonly secret: string;
	readonly isResigning: boolean;
	readonly override: QuotaOverride;
};

/** Milliseconds that requests in flight have to finish at the end. */
export const drainMs = 60_000;

/** Milliseconds that requests have to notice that they were given up. */
const cutMs = 250;

const windowMs = 60_000;

/** The local endpoint in front of the service: meters what passes. */
export class Tap {
	readonly #ports: TapPorts;
	readonly #settings: TapSettings;
	readonly #traffic: Traffic;
	readonly #models: ModelBook;
	readonly #pass: PassPorts;
	readonly #buckets = new Map<string, Bucket>();
	#listener: Listener | undefined;
	#phase: Phase = 'ready';
	#outcome: RunOutcome | undefined;
	#stoppedBy: StoppedBy | undefined;
	#method: Method | undefined;
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
			onResolved: (index) => this.#resolved(index),
			onFailed: (model, error) =>
				this.#traffic.note('quotas', `The quotas of ${model} are not known: ${reasonOf(error)}`),
		});
		this.#pass = {
			...ports,
			traffic: this.#traffic,
			models: this.#models,
			signer: new Signer({
				credentials: ports.credentials,
				region: ports.region,
				isResigning: settings.isResigning,
				now: () => new Date(ports.clock.epoch()),
			}),
			admit: async (attempt) => this.#admit(attempt),
		};
	}

	/** Opens the port. @returns Its number. @throws UserError (exit 1) where that is not possible. */
	async start(): Promise<number> {
		this.#listener = await listen(this.#settings.port, (incoming) => {
			this.#passing++;
			void this.#handle(incoming)
				.catch((error: unknown) => {
					// The client left while its request was read, or the service's address could not be found.
					sendRefusal(incoming.reply, unreachable(reasonOf(error)));
				})
				.finally(() => {
					this.#passing--;
					this.#checkDrained();
				});
		});
		this.#phase = 'running';
		return this.#listener.port;
	}

	/** New requests are refused for now, with a time to come back. */
	pause(): void {
		if (this.#phase === 'running') {
			this.#phase = 'paused';
			this.#traffic.note('paused', 'Paused: new requests are refused, those in flight go on.');
		}
	}

	resume(): void {
		if (this.#phase === 'paused') {
			this.#phase = 'running';
			this.#traffic.note('resumed', 'Resumed.');
		}
	}

	snapshot(): Snapshot {
		return tapSnapshot(
			this.#traffic,
			{
				phase: this.#phase,
				outcome: this.#outcome,
				stoppedBy: this.#stoppedBy,
				stopReason: undefined,
				share: 1,
				burst: 'full',
				method: this.#method,
				bucketOf: (index) => this.#bucketOf(index),
				waitingFor: null,
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
		await this.#untilDrained(deadlineMs);
		this.#outcome = this.#passing === 0 ? 'completed' : 'stopped';
		await this.#listener?.close();
		// What was cut is counted before the last snapshot.
		await this.#untilDrained(cutMs);
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

	async #handle(incoming: Incoming): Promise<void> {
		const {reply, method} = incoming;
		const admitted = admitClient(incoming, {
			secret: this.#settings.secret,
			port: this.#listener?.port ?? 0,
		});
		if ('refusal' in admitted) {
			this.#traffic.note('refused', `Refused a request: ${admitted.refusal.reason}.`);
			sendRefusal(reply, admitted.refusal);
			return;
		}
		const {target} = admitted;
		const route = routeOf(method, target);
		const refusal =
			this.#phase === 'draining' || this.#phase === 'ended'
				? refusals.ending
				: this.#phase === 'paused'
					? refusals.paused
					: undefined;
		if (refusal !== undefined && route.kind !== 'metrics') {
			sendRefusal(reply, refusal);
			return;
		}
		switch (route.kind) {
			case 'inference':
				this.#method ??= route.method;
				await passInference(incoming, {...route, target}, this.#pass);
				break;
			case 'other':
				await passOther(incoming, {host: route.host, target}, this.#pass);
				break;
			case 'metrics':
			case 'unknown':
				this.#traffic.note(
					'refused',
					`Refused ${method} ${target.split('?', 1)[0] ?? ''}: not a path of Bedrock.`,
				);
				sendRefusal(reply, unknownRoute(method, target.split('?', 1)[0] ?? ''));
				break;
			case 'unsupported':
				this.#traffic.note('refused', `${route.operation} does not go through the tap.`);
				sendRefusal(reply, unsupported(route.operation));
				break;
		}
	}

	#resolved(index: number): void {
		const {target} = this.#models.at(index);
		const key = keyOf(target);
		if (!this.#buckets.has(key)) {
			const {clock, roundTripMs} = this.#ports;
			this.#buckets.set(
				key,
				new Bucket({clock, quota: target.quota, windowMs, share: 1, burst: 'full', roundTripMs}),
			);
		}
	}

	#bucketOf(index: number): Bucket | undefined {
		return this.#buckets.get(keyOf(this.#models.at(index).target));
	}

	#admit({row, expected}: TappedCall): Admitted {
		const bucket = this.#bucketOf(row.target);
		if (bucket === undefined) {
			return {kind: 'admitted', confirmed() {}, settled() {}};
		}
		const burndown = this.#models.at(row.target).target.burndown.value;
		const reservation = bucket.record(
			row.estimator.cost(expected.inputTokens, expected.maxTokens, burndown),
			'normal',
		);
		return {
			kind: 'admitted',
			confirmed: () => void bucket.confirm(reservation),
			settled(quotaTokens, failure) {
				if (quotaTokens === undefined) {
					bucket.giveBack(reservation);
				} else if (failure === undefined) {
					bucket.settle(reservation, quotaTokens);
				} else {
					bucket.keep(reservation);
				}
			},
		};
	}
}

const keyOf = (target: Target): string => `${target.region} ${bucketKey(target)}`;
