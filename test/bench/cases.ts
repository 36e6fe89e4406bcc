import {enforcementAndDelayCase} from './cases/enforcement-and-delay.ts';
import {requestsRaceCase} from './cases/requests-race.ts';
import {tokensRaceCase} from './cases/tokens-race.ts';
import type {BenchCase} from './helpers/bench-case.ts';

/** Every benchmark, in the order in which they run within their group. */
export const benchCases: readonly BenchCase[] = [requestsRaceCase, tokensRaceCase, enforcementAndDelayCase];
