import type {Era} from './catalog/lifecycle.ts';
import type {Scenario} from './scenario.ts';
import type {Credentials} from './wire/certificate.ts';

/** Settings of the simulator; the same for `--demo` and `simulate`. */
export type SimulatorOptions = {
	/** 0: any free port. */
	readonly port: number;
	/** Where it listens, and by which further name it is reached; undefined: 127.0.0.1. */
	readonly host?: string | undefined;
	/** Certificate and key of HTTPS; undefined: HTTP. */
	readonly credentials?: Credentials | undefined;
	readonly seed: number;
	/** Limits of every bucket; undefined: those of its own table. */
	readonly requestsPerMinute: number | undefined;
	readonly tokensPerMinute: number | undefined;
	readonly enforcement: 'sliding' | 'fixed' | 'refill';
	/** Where the tokens of an answer count from: its first byte, or its end. Undefined: its first byte. */
	readonly countFrom?: 'first-byte' | 'end' | undefined;
	/**
	 * Whether a request sets aside what it reads from the cache until it settles: AWS's agent toolkit says that it does,
	 * the example of its user guide that it does not. Undefined: it does.
	 */
	readonly reserve?: 'with-cache-reads' | 'without-cache-reads' | undefined;
	/** The time whose models are served. Undefined: now. */
	readonly era?: Era | undefined;
	readonly windowMs: number;
	/** Fixed service time in milliseconds; undefined: realistic times from the seed. */
	readonly latencyMs: number | undefined;
	/** Script of faults, already read and parsed. */
	readonly faults: unknown;
	/** What else goes on in the account; a script of faults may say the same. */
	readonly scenario?: Scenario | undefined;
};
