/** A load that grows evenly to its full size in a time of its own (ramp-up): caches and connections are not hit cold. */

/** Part of the full load at an instant, 0 to 1. */
export const rampPart = (runningMs: number, rampUpMs: number): number =>
	rampUpMs <= 0 ? 1 : Math.min(1, runningMs / rampUpMs);

/**
 * When an arrival comes in a ramp, given when it would come at the full rate from the start. Up to t of a ramp of R as many
 * have come as at the full rate in t^2 / 2R; after it all are R / 2 late.
 */
export const rampedMs = (unrampedMs: number, rampUpMs: number): number =>
	unrampedMs < rampUpMs / 2 ? Math.sqrt(2 * rampUpMs * unrampedMs) : unrampedMs + rampUpMs / 2;
