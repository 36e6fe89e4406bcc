import {openScreen} from '../screen.ts';

/** The same key press up to the painted screen. Argument: how many times it is pressed. */

const screen = openScreen({columns: 80, rows: 24});
await screen.prepare();
await screen.progress();
await screen.settled();
for (let press = 0; press < Number(process.argv[2]); press++) {
	await screen.terminal.press('p');
	await screen.settled();
}
process.exit(0);
