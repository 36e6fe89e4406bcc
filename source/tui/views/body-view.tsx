import {Box} from 'ink';
import {type Line, segment} from '../../text/segment.ts';
import {logLines} from '../../view/log-lines.ts';
import type {State} from '../../view/state.ts';
import type {Tier} from '../layout.ts';
import {Panel, panelInside} from '../panel.tsx';
import {failureLines, logLine} from '../panels/notes.ts';
import {AccountView} from './account-view.tsx';
import {QuotaTable} from './quota-table.tsx';

type Props = {
	readonly state: State;
	readonly width: number;
	readonly height: number;
	readonly tier: Tier;
};

/** The views that lay themselves out: Account, Quotas and Log. */
export function BodyView(props: Props) {
	const {state, width, height} = props;
	if (state.view === 'account') {
		return <AccountView {...props} />;
	}
	if (state.view === 'quotas') {
		return (
			<Box width={width} height={height} overflow="hidden">
				<QuotaTable {...props} />
			</Box>
		);
	}
	return <LogView {...props} />;
}

/** Failures by class, then the events, scrolled back as far as asked. */
function LogView(props: Props) {
	const {state, width, height, tier} = props;
	const {width: room, height: roomHeight} = panelInside(width, height, tier);
	const failures = failureLines(state, room).slice(0, Math.max(0, Math.floor(roomHeight / 2)));
	const lines = logLines(state);
	const eventRoom = Math.max(0, roomHeight - failures.length - (failures.length > 0 ? 1 : 0));
	const end = Math.max(Math.min(eventRoom, lines.length), lines.length - state.scroll);
	const shown: readonly Line[] = lines.slice(Math.max(0, end - eventRoom), end).map((line) => logLine(line));
	const below = lines.length - end;
	return (
		<Panel
			{...props}
			title={{
				title: [
					segment('Log', 'title'),
					segment(` · ${lines.length} ${lines.length === 1 ? 'line' : 'lines'}`),
				],
				note: [segment(below > 0 ? `${below} newer below` : 'newest below', 'muted')],
			}}
			lines={failures.length > 0 ? [...failures, [], ...shown] : shown}
		/>
	);
}
