import {planFixture, readySnapshotFixture, snapshotFixture} from '../snapshot-fixture.ts';
import {openBareSession} from './bare-session.ts';
import {goTwice} from './go-twice.ts';

/** A run that a key pauses and resumes, from the key's name to the engine. */

const {session, engine} = openBareSession(false);
engine.report({type: 'prepared', plan: planFixture(), snapshot: readySnapshotFixture()});
engine.report({type: 'snapshot', snapshot: snapshotFixture()});
await goTwice(() => session.press('p'));
