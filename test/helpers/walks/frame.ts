import {openScreen} from '../screen.ts';
import {goTwice} from './go-twice.ts';

/** The same key press up to the painted screen. */

const screen = openScreen({columns: 80, rows: 24});
await screen.prepare();
await screen.progress();
await screen.settled();
await goTwice(async () => {
	await screen.terminal.press('p');
	await screen.settled();
});
