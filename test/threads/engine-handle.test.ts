import {describe, expect, it} from 'vitest';
import {startEngineThread, watchEngine} from '../../source/threads/engine-handle.ts';
import type {EngineReport} from '../../source/threads/messages.ts';
import {FakeClock} from '../helpers/fake-clock.ts';

const open = () => {
	const clock = new FakeClock();
	const deaths: string[] = [];
	let beats = 0;
	const watch = watchEngine(
		clock,
		() => {
			beats += 1;
		},
		(reason) => deaths.push(reason),
	);
	return {clock, deaths, watch, beats: () => beats};
};

describe('the watch over the engine', () => {
	it('says once that the thread no longer answers, 10 s after its last sign of life', () => {
		const {clock, deaths, watch, beats} = open();
		watch.heard();
		for (let second = 0; second < 30; second++) {
			clock.skip(1000);
			watch.heard();
		}
		expect(beats()).toBe(30);
		clock.skip(9900);
		expect(deaths).toEqual([]);
		clock.skip(60_000);
		expect(deaths).toEqual(['it did not answer for 10 s']);
		expect(clock.timers).toBe(0);
	});

	it('waits for a thread that is still being loaded, and lets a suspended program go on', () => {
		const {clock, deaths, watch} = open();
		clock.skip(60_000);
		expect(deaths).toEqual([]);
		watch.heard();
		// After a night the timer is due once, and the answer comes then.
		clock.skip(1000);
		watch.heard();
		clock.skip(1000);
		expect(deaths).toEqual([]);
		watch.close();
		expect(clock.timers).toBe(0);
	});

	it('does not take a thread for dead that gets the processor only a second after it was asked to stop', () => {
		const {clock, deaths, watch, beats} = open();
		watch.heard();
		watch.stopping(0);
		clock.skip(1200);
		// The first ping came with the request, one after each 250 ms, and the one of the second.
		expect(beats()).toBe(6);
		watch.heard();
		clock.skip(1000);
		expect(deaths).toEqual([]);
		watch.stopped();
		clock.skip(60_000);
		expect(deaths).toEqual(['it did not answer for 10 s']);
	});

	it('ends a thread that is silent after it was asked to stop, and one that speaks and does not stop', () => {
		const silent = open();
		silent.watch.heard();
		silent.watch.stopping(2000);
		silent.clock.skip(2300);
		expect(silent.deaths).toEqual([]);
		silent.clock.skip(1250);
		expect(silent.deaths).toEqual(['it did not answer when it was asked to stop']);

		const slow = open();
		slow.watch.stopping(2000);
		slow.watch.heard();
		slow.clock.skip(2300);
		expect(slow.deaths).toEqual([]);
		slow.clock.skip(3000);
		expect(slow.deaths).toEqual(['it did not stop when it was asked to']);

		const well = open();
		well.watch.stopping(2000);
		well.watch.heard();
		well.watch.stopped();
		well.clock.skip(6000);
		expect(well.deaths).toEqual([]);
	});
});

describe('a real thread that hangs', () => {
	it('is ended at the deadline of a stop, and closing it does not wait for it', async () => {
		const hanging = new URL(
			`data:text/javascript,${encodeURIComponent(
				"import {parentPort} from 'node:worker_threads'; parentPort.on('message', ({type}) => { if (type === 'start') { parentPort.postMessage({type: 'preparing', step: 'hangs'}); for (;;); } });",
			)}`,
		);
		const engine = startEngineThread(hanging);
		const next = async (type: EngineReport['type']): Promise<EngineReport> =>
			new Promise((resolve) => {
				const release = engine.onReport((report) => {
					if (report.type === type) {
						release();
						resolve(report);
					}
				});
			});
		const hangs = next('preparing');
		engine.send({type: 'start', answers: undefined});
		await hangs;
		const failed = next('failed');
		engine.send({type: 'stop', stoppedBy: 'signal', deadlineMs: 50});
		expect(await failed).toMatchObject({
			fault: {message: 'The engine stopped: it did not answer when it was asked to stop.'},
		});
		await engine.close(10_000);
	});
});
