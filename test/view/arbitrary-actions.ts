import fc from 'fast-check';
import type {Action, UntimedAction} from '../../source/view/actions.ts';
import {bindings} from '../../source/view/keymap.ts';
import {
	configFixture,
	endedSnapshotFixture,
	modelsFixture,
	planFixture,
	readySnapshotFixture,
	snapshotFixture,
} from '../helpers/snapshot-fixture.ts';

const snapshots = fc.constantFrom(
	snapshotFixture(),
	snapshotFixture({phase: 'paused'}),
	snapshotFixture({phase: 'draining', variants: [], best: []}),
	snapshotFixture({targets: [], buckets: [], variants: [], best: []}),
	readySnapshotFixture(),
	endedSnapshotFixture(),
);

const sharedPlan = planFixture();

const untimed: fc.Arbitrary<UntimedAction> = fc.oneof(
	{
		weight: 8,
		arbitrary: fc.constantFrom(...bindings).map(({command}) => ({type: 'command-given' as const, command})),
	},
	{weight: 3, arbitrary: snapshots.map((snapshot) => ({type: 'snapshot-received' as const, snapshot}))},
	{
		weight: 2,
		arbitrary: fc.tuple(snapshots, fc.boolean()).map(([snapshot, isSame]) => ({
			type: 'run-prepared' as const,
			plan: isSame ? sharedPlan : planFixture(),
			snapshot,
		})),
	},
	snapshots.map((snapshot) => ({type: 'run-ended' as const, snapshot})),
	fc.string().map((step) => ({type: 'preparation-progressed' as const, step})),
	fc.string().map((message) => ({
		type: 'engine-failed' as const,
		fault: {message, hint: undefined, exitCode: 1 as const},
	})),
	fc.string().map((text) => ({type: 'engine-logged' as const, text})),
	fc.string().map((text) => ({type: 'text-typed' as const, text})),
	fc.constant({type: 'text-erased' as const}),
	fc.boolean().map((isKept) => ({type: 'typing-ended' as const, isKept})),
	fc.constant({type: 'overlay-closed' as const}),
	{
		weight: 4,
		arbitrary: fc.oneof(
			fc.integer({min: -20, max: 20}).map((lines) => ({type: 'overlay-moved' as const, lines})),
			fc.constant({type: 'overlay-marked' as const}),
			fc.integer({min: -3, max: 3}).map((steps) => ({type: 'overlay-turned' as const, steps})),
			fc.constant({type: 'overlay-accepted' as const}),
		),
	},
	fc.constantFrom([], modelsFixture()).map((models) => ({type: 'models-listed' as const, models})),
	fc.array(fc.record({name: fc.string(), description: fc.string(), note: fc.string()})).map((presets) => ({
		type: 'presets-listed' as const,
		presets,
	})),
	fc
		.constantFrom(configFixture(), configFixture({preset: 'other', models: []}))
		.map((config) => ({type: 'preset-loaded' as const, config})),
	fc.constant({type: 'demo-started' as const, config: configFixture()}),
	fc.constantFrom('demo-failed', 'models-failed', 'presets-failed', 'preset-failed').map((type) => ({
		type,
		fault: {message: 'not allowed', hint: undefined, exitCode: 1 as const},
	})),
	fc.array(fc.string()).map((files) => ({type: 'export-finished' as const, what: 'charts' as const, files})),
	fc.string().map((message) => ({type: 'export-failed' as const, what: 'winner' as const, message})),
	fc
		.record({columns: fc.nat(300), rows: fc.nat(100)})
		.map((size) => ({type: 'screen-resized' as const, size})),
	fc.constantFrom('Z', '+', '←').map((keyName) => ({type: 'key-refused' as const, keyName})),
	fc.boolean().map((isSame) => ({
		type: 'plan-shown' as const,
		plan: isSame ? sharedPlan : planFixture(),
	})),
	fc.constant({type: 'time-passed' as const}),
);

/** Any action at any time. */
export const anyAction: fc.Arbitrary<Action> = fc
	.tuple(untimed, fc.integer({min: -1000, max: 1_000_000}))
	.map(([action, atMs]) => ({...action, atMs}) as Action);
