import path from 'node:path';
import type {BucketPlace} from '../account/account-session.ts';
import {faultOf} from '../domain/user-error.ts';
import type {Effect, UntimedAction} from '../view/actions.ts';
import type {State} from '../view/state.ts';
import type {ScreenPorts, TerminalActions} from './screen-ports.ts';

type EffectPorts = TerminalActions & {
	readonly leave: () => void;
	readonly dispatch: (action: UntimedAction) => void;
	readonly latest: () => State;
};

/** Runs the effects; their results come back as actions. */
export function createEffects(
	ports: ScreenPorts,
	{redraw, suspend, leave, dispatch, latest}: EffectPorts,
): (effect: Effect) => void {
	const {engine, presets, manners} = ports;
	const notify = (text: string) => {
		if (manners === undefined) {
			ports.stdout.write('\u0007');
		} else {
			manners.notify(text);
		}
	};

	const write = async (effect: Effect & {type: 'export'}) => {
		const {what} = effect;
		try {
			dispatch({type: 'export-finished', what, files: await written(ports, effect)});
		} catch (error) {
			dispatch({type: 'export-failed', what, message: faultOf(error).message});
		}
	};

	const listPresets = async () => {
		try {
			dispatch({type: 'presets-listed', presets: await presets.list()});
		} catch (error) {
			dispatch({type: 'presets-failed', fault: faultOf(error)});
		}
	};

	const loadPreset = async (name: string) => {
		try {
			dispatch({type: 'preset-loaded', config: await presets.load(name)});
		} catch (error) {
			dispatch({type: 'preset-failed', fault: faultOf(error)});
		}
	};

	const startDemo = async () => {
		try {
			const config = await ports.startDemo?.();
			if (config !== undefined) {
				dispatch({type: 'demo-started', config});
			}
		} catch (error) {
			dispatch({type: 'demo-failed', fault: faultOf(error)});
		}
	};

	const remember = async ({values, hasTyped}: Effect & {type: 'remember'}) => {
		try {
			if (ports.remember !== undefined) {
				dispatch({type: 'remembered', ...(await ports.remember(values, hasTyped))});
			}
		} catch (error) {
			dispatch({type: 'remember-failed', fault: faultOf(error)});
		}
	};

	const readAnswers = async ({key, file, item, offsets}: Effect & {type: 'read-answers'}) => {
		try {
			const {readItemAnswers} = await import('../reports/answer-lines.ts');
			const answers = await readItemAnswers(file, item, offsets);
			dispatch({type: 'answers-read', key, answers, problem: undefined});
		} catch (error) {
			dispatch({type: 'answers-read', key, answers: undefined, problem: faultOf(error).message});
		}
	};

	const openEarlierItems = async ({folder, columns, models}: Effect & {type: 'open-items'}) => {
		try {
			const {openItems} = await import('../reports/answer-lines.ts');
			const table = await openItems(path.join(folder, 'answers.jsonl'), columns, models);
			dispatch({type: 'items-opened', folder, table});
		} catch (error) {
			dispatch({type: 'engine-logged', text: faultOf(error).message});
		}
	};

	const readHistory = async (effect: Effect & {type: 'list-runs' | 'read-run' | 'compare-runs'}) => {
		const {history} = ports;
		if (history === undefined) {
			return;
		}
		try {
			switch (effect.type) {
				case 'list-runs':
					dispatch({type: 'runs-listed', ...(await history.list())});
					break;
				case 'read-run':
					dispatch({type: 'run-read', run: effect.run, snapshot: await history.read(effect.run)});
					break;
				case 'compare-runs':
					dispatch({type: 'runs-compared', table: await history.compare(effect.runs)});
					break;
			}
		} catch (error) {
			dispatch({type: 'history-failed', fault: faultOf(error)});
		}
	};

	const start = () => {
		const {startedConfig, config} = latest();
		engine.send({type: 'start', answers: ports.beginRun(startedConfig ?? config)});
	};

	return (effect) => {
		switch (effect.type) {
			case 'prepare':
				engine.send({type: 'prepare', config: effect.config});
				break;
			case 'list-models': {
				const {connection, override, isRefreshing} = effect.config;
				engine.send({type: 'list-models', config: {connection, override, isRefreshing}});
				break;
			}
			case 'watch-account': {
				const {connection, override, isRefreshing, ledger} = effect.config;
				const {regions} = effect;
				engine.send({
					type: 'watch-account',
					watch: {connection, regions, override, isRefreshing, isAllOnScreen: false, ledger},
				});
				break;
			}
			case 'ring':
				notify(effect.texts.join(' '));
				for (const text of effect.texts) {
					ports.noteAlert?.(text);
				}
				ports.postAlerts?.(effect.raised, (text) => dispatch({type: 'engine-logged', text}));
				break;
			case 'announce':
				notify(effect.text);
				break;
			case 'watch-rows':
				engine.send({type: 'look-at-account', places: effect.ids.map(placeOf)});
				break;
			case 'list-presets':
				void listPresets();
				break;
			case 'load-preset':
				void loadPreset(effect.name);
				break;
			case 'list-runs':
			case 'read-run':
			case 'compare-runs':
				void readHistory(effect);
				break;
			case 'start-demo':
				void startDemo();
				break;
			case 'start':
				start();
				break;
			case 'send-more':
			case 'pause':
			case 'resume':
				engine.send({type: effect.type});
				break;
			case 'set-goal':
				engine.send(effect);
				break;
			case 'stop':
				engine.send({type: 'stop', stoppedBy: 'key', deadlineMs: effect.deadlineMs});
				break;
			case 'export':
				void write(effect);
				break;
			case 'read-answers':
				void readAnswers(effect);
				break;
			case 'open-items':
				void openEarlierItems(effect);
				break;
			case 'remember':
				void remember(effect);
				break;
			case 'copy':
				dispatch({
					type: 'copied',
					what: effect.what,
					length: [...effect.text].length,
					outcome: manners?.copy(effect.text) ?? 'refused',
				});
				break;
			case 'redraw':
				redraw();
				break;
			case 'suspend':
				suspend();
				break;
			case 'leave':
				leave();
				break;
		}
	};
}

/** Row ids are the Region and the key of the bucket, with a blank between them. */
function placeOf(id: string): BucketPlace {
	const at = id.indexOf(' ');
	return {region: id.slice(0, at), key: id.slice(at + 1)};
}

async function written(ports: ScreenPorts, effect: Effect & {type: 'export'}): Promise<readonly string[]> {
	const {what, snapshot, config} = effect;
	switch (what) {
		case 'charts':
			return ports.exportReports(snapshot);
		case 'increase':
			return ports.exportIncrease(snapshot);
		case 'winner':
			return ports.exportWinningRequest(snapshot, config);
	}
}
