import {accountCase} from './cases/account.ts';
import {addedLatencyCase} from './cases/added-latency.ts';
import {batchCase} from './cases/batch.ts';
import {busyScreenCase} from './cases/busy-screen.ts';
import {chatBesideBulkCase} from './cases/chat-beside-bulk.ts';
import {commandStartCase} from './cases/command-start.ts';
import {decisionsCase} from './cases/decisions.ts';
import {enforcementAndDelayCase} from './cases/enforcement-and-delay.ts';
import {firstFrameCase} from './cases/first-frame.ts';
import {fleetCase} from './cases/fleet.ts';
import {historyCase} from './cases/history.ts';
import {itemsCase} from './cases/items.ts';
import {keyToPaintCase} from './cases/key-to-paint.ts';
import {learningCase} from './cases/learning.ts';
import {limiterCase} from './cases/limiter.ts';
import {memoryCase} from './cases/memory.ts';
import {neighbourCase} from './cases/neighbour.ts';
import {optimizeCase} from './cases/optimize.ts';
import {overheadCase} from './cases/overhead.ts';
import {packageSizeCase} from './cases/package-size.ts';
import {promisesCase} from './cases/promises.ts';
import {reportsCase} from './cases/reports.ts';
import {requestsRaceCase} from './cases/requests-race.ts';
import {saturateCase} from './cases/saturate.ts';
import {screenCostCase} from './cases/screen-cost.ts';
import {screenUpdatesCase} from './cases/screen-updates.ts';
import {sharingCase} from './cases/sharing.ts';
import {stallCase} from './cases/stall.ts';
import {storeCase} from './cases/store.ts';
import {tapCase} from './cases/tap.ts';
import {tapPaceCase} from './cases/tap-pace.ts';
import {tokensRaceCase} from './cases/tokens-race.ts';
import type {BenchCase} from './helpers/bench-case.ts';

/** Every benchmark, in the order in which they run within their group. */
export const benchCases: readonly BenchCase[] = [
	decisionsCase,
	optimizeCase,
	firstFrameCase,
	commandStartCase,
	screenCostCase,
	busyScreenCase,
	screenUpdatesCase,
	keyToPaintCase,
	itemsCase,
	requestsRaceCase,
	tokensRaceCase,
	enforcementAndDelayCase,
	saturateCase,
	promisesCase,
	learningCase,
	sharingCase,
	neighbourCase,
	chatBesideBulkCase,
	stallCase,
	overheadCase,
	addedLatencyCase,
	tapCase,
	tapPaceCase,
	limiterCase,
	fleetCase,
	storeCase,
	memoryCase,
	batchCase,
	accountCase,
	reportsCase,
	historyCase,
	packageSizeCase,
];
