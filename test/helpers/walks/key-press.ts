import {planFixture, readySnapshotFixture, snapshotFixture} from '../snapshot-fixture.ts';
import {openBareSession} from './bare-session.ts';

/** A run that a key pauses and resumes, from the key's name to the engine. Argument: how many times it is pressed. */

const {session, engine} = openBareSession(false);
engine.report({type: 'prepared', plan: planFixture(), snapshot: readySnapshotFixture()});
engine.report({type: 'snapshot', snapshot: snapshotFixture()});
for (let press = 0; press < Number(process.argv[2]); press++) {
	session.press('p');
}
process.exit(0);
