import {fitLine, joinLines, type Line, lineWidth, segment, spreadLine} from '../../text/segment.ts';
import {cleanText, displayWidth, truncateMiddle} from '../../text/width.ts';
import {disabledReason, wordNow} from '../../view/availability.ts';
import {footerHints, type KeyCommand, keyOf, titleOf, viewsOf} from '../../view/keymap.ts';
import {currentList} from '../../view/lists.ts';
import {accountWords, minuteLimits, quotaWords} from '../../view/quotas.ts';
import {isRunning, shownRegions, shownSnapshot} from '../../view/selectors.ts';
import type {ScreenTap, State} from '../../view/state.ts';
import {accountStatus, frozenStatus, type Status, statusOf} from '../../view/status.ts';
import {selectedClient} from '../../view/tap/traffic-list.ts';
import {selectedRow} from '../../view/variant-rows.ts';

const dot = segment(' · ', 'muted');

/**
 * The header: target, status and views.
 * @returns exactly `height` lines (1 to 3) of exactly `width` cells.
 */
export function headerLines(state: State, width: number, height: number): readonly Line[] {
	if (height === 1) {
		return [briefLine(state, width)];
	}
	return [identityLine(state, width), statusLine(state, width), viewsLine(state, width)].slice(0, height);
}

/** The target whose figures the header and the gauges show: that of the selected variant, or client of a tap. */
export function shownTargetIndex(state: State): number {
	const row = state.tap === undefined ? selectedRow(state) : selectedClient(state);
	return row?.targetIndex ?? 0;
}

function identityLine(state: State, width: number): Line {
	const badge = badgeOf(state);
	return [
		...fitLine(
			state.tap === undefined ? runIdentity(state, width) : tapIdentity(state, state.tap),
			width - lineWidth(badge),
		),
		// The badge stays whatever else must go.
		...fitLine(badge, Math.min(width, lineWidth(badge))),
	];
}

/** Where a tap listens and what is behind it. */
function tapIdentity(state: State, {address, region, endpoint}: ScreenTap): Line {
	const places = [
		cleanText(address),
		cleanText(region),
		accountWords(state.view === 'account' ? shownRegions(state.account)[0]?.account : undefined),
		endpoint === undefined || state.isDemo ? '' : cleanText(endpoint),
	].filter((text) => text !== '');
	const model =
		state.view === 'timeline' ? shownSnapshot(state)?.targets[shownTargetIndex(state)]?.model : undefined;
	return [
		segment('bedrock-top', 'title'),
		segment('  TAP ', 'strong'),
		segment(places.join(' · ')),
		...(model === undefined ? [] : [dot, segment(cleanText(model), 'accent')]),
	];
}

function runIdentity(state: State, width: number): Line {
	const snapshot = shownSnapshot(state);
	const target = snapshot?.targets[shownTargetIndex(state)];
	const badge = badgeOf(state);
	const others = (snapshot?.targets.length ?? state.config.models.length) - 1;
	const places = [
		target?.scope ?? '',
		cleanText(target?.region ?? state.config.connection.region ?? ''),
		accountWords(state.view === 'account' ? shownRegions(state.account)[0]?.account : state.plan?.account),
		// The embedded simulator's own address says nothing that SIMULATED does not.
		target?.endpoint == null || state.isDemo ? '' : cleanText(target.endpoint),
		others > 0 ? `+${others} more` : '',
	].filter((text) => text !== '');
	const tail = joinLines([[], ...places.map((text) => [segment(text)])], dot);
	const name = 'bedrock-top';
	const room = width - displayWidth(name) - 2 - lineWidth(badge) - lineWidth(tail) - 4;
	const model = cleanText(target?.model ?? state.config.models[0] ?? '');
	const shownModel = truncateMiddle(model, Math.max(16, room));
	return [
		segment(name, 'title'),
		segment('  '),
		...joinLines([shownModel === '' ? [] : [segment(shownModel, 'accent')], tail], dot),
	];
}

export function isSimulatedIn(state: State): boolean {
	const isWatchingOne = shownRegions(state.account).some(({simulated}) => simulated);
	// Before the first answer only the demo itself is known to be one.
	const isSimulatedRun = state.isDemo || (shownSnapshot(state)?.simulated ?? false);
	return isSimulatedRun || (state.view === 'account' && isWatchingOne);
}

function badgeOf(state: State): Line {
	return isSimulatedIn(state) ? [segment(' SIMULATED ', 'inverse')] : [];
}

/** The header in one line: the status, and whether it is simulated. */
function briefLine(state: State, width: number): Line {
	const badge = badgeOf(state);
	const room = width - lineWidth(badge);
	const status = state.view === 'account' ? accountStatus(state) : statusOf(state);
	return [...fitLine(statusSegments(status, room), room), ...badge];
}

/** One status: a word that is clear without colour, then the detail, the longest that fits. */
function statusSegments({word, detail, tone, shorter = []}: Status, width: number): Line {
	const room = width - displayWidth(word) - 1;
	const shown = [detail, ...shorter].find((text) => displayWidth(text) <= room) ?? shorter.at(-1) ?? detail;
	return [segment(word, tone), segment(shown === '' ? '' : ` ${shown}`)];
}

/** The status in words; a frozen view says so first. */
function statusLine(state: State, width: number): Line {
	const isAccount = state.view === 'account';
	const frozen = isAccount ? undefined : frozenStatus(state);
	const [first, second] = isAccount
		? [accountStatus(state), isRunning(state) ? statusOf(state) : undefined]
		: frozen === undefined
			? [statusOf(state)]
			: [frozen, statusOf(state)];
	const head = statusSegments(first, width);
	const left =
		second === undefined
			? head
			: [...head, segment('  '), ...statusSegments(second, width - lineWidth(head) - 2)];
	return fitLine(spreadLine(left, isAccount ? [] : quotaLine(state), width), width);
}

function quotaLine(state: State): Line {
	// In other views of a tap the quota would be that of one of several clients.
	if (state.tap !== undefined && state.view !== 'timeline') {
		return [];
	}
	const quota = shownSnapshot(state)?.targets[shownTargetIndex(state)]?.quota;
	if (quota === undefined) {
		return [];
	}
	return [segment('quota ', 'muted'), segment(quotaWords(minuteLimits(quota)))];
}

function viewsLine(state: State, width: number): Line {
	const names: readonly Line[] = viewsOf(state.tap !== undefined).map(({name, title}) => {
		const key = keyOf(state, `open-${name}`);
		return name === state.view
			? [segment(`[${key} ${title}]`, 'strong')]
			: [segment(` ${key} `, 'muted'), segment(`${title} `)];
	});
	const left = names.flat();
	if (state.tap !== undefined) {
		return fitLine(left, width);
	}
	const {method, load, goal} = state.config;
	const settings = [
		[segment(state.plan?.method ?? method)],
		[segment(load.shape)],
		[segment('goal ', 'muted'), segment(goal)],
	];
	const room = width - lineWidth(left) - 1;
	const shown = settings.findLast(
		(_, last) => lineWidth(joinLines(settings.slice(0, last + 1), dot)) <= room,
	);
	const count = shown === undefined ? 0 : settings.indexOf(shown) + 1;
	return fitLine(spreadLine(left, joinLines(settings.slice(0, count), dot), width), width);
}

/** The last line: a passing remark, a text being typed, or the keys that are of use now. */
export function footerLine(state: State, fullWidth: number): Line {
	// Windows consoles scroll when the last cell of the last row is written (Ink issue 969).
	const width = Math.max(0, fullWidth - 1);
	if (state.isTyping) {
		return fitLine(typingLine(state), width);
	}
	if (!state.hasKeys) {
		return fitLine([segment('! ', 'warning'), segment('no keys: standard input is not a terminal')], width);
	}
	if (state.flash !== undefined) {
		return fitLine([segment('! ', 'warning'), segment(cleanText(state.flash.text))], width);
	}
	// A `/` without a list takes the text that follows, but is not offered.
	const isOffered = (command: KeyCommand) => command !== 'filter' || currentList(state) !== undefined;
	const hints = footerHints(
		state.view,
		width,
		({command}) => isOffered(command) && disabledReason(state, command) === undefined,
		(command) => wordNow(state, command),
		state.keymap,
	);
	return fitLine(
		hints.flatMap(({key, word}, index) => [
			segment(index === 0 ? '' : '  '),
			segment(key, 'accent'),
			segment(` ${word}`),
		]),
		width,
	);
}

/** The filter as it is typed; where there is nothing to filter, the text goes nowhere, and no letter is a command. */
function typingLine(state: State): Line {
	const name = currentList(state);
	const filter = name === undefined ? '' : state.lists[name].filter;
	const words =
		state.flash !== undefined
			? cleanText(state.flash.text)
			: name === undefined
				? `nothing to filter in ${titleOf(state.view)}: Esc goes on`
				: 'Enter keeps, Esc clears';
	return [segment('/', 'accent'), segment(`${cleanText(filter)}_`), segment(`   ${words}`, 'muted')];
}
