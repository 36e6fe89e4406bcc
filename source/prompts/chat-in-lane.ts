import type {Lane} from '../domain/lane.ts';
import type {Chat, Task} from '../domain/variant.ts';

/** The conversation that is held in a lane; undefined where items are gone over, or the task is asked once. */
export const chatInLane = ({chat}: Pick<Task, 'chat'>, lane: Lane): Chat | undefined =>
	chat?.lane === undefined || chat.lane === lane ? chat : undefined;
