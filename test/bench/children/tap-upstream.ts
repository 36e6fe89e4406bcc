import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {converseStreamOf, event} from '../../conformance/frames.ts';

/**
 * A service in a process of its own that costs next to nothing, so that what a tap adds is seen. Prints its URL. `x-bench`
 * of a request says what it is answered: `answer` a stream after 20 ms, `hang` the beginning of one; `GET /closed` lists
 * when connections of those were closed by the other side, in milliseconds since 1970.
 */

const latencyMs = 20;
const begun = event('contentBlockDelta', {contentBlockIndex: 0, delta: {text: 'Half'}});
const whole = converseStreamOf('A whole answer.', {inputTokens: 100, outputTokens: 10});
const closedAt: number[] = [];

const server = createServer((request, response) => {
	if (request.url === '/closed') {
		response.end(JSON.stringify(closedAt));
		return;
	}
	request.resume();
	request.on('end', () => {
		const isHanging = request.headers['x-bench'] === 'hang';
		if (isHanging) {
			response.on('close', () => closedAt.push(performance.timeOrigin + performance.now()));
		}
		setTimeout(() => {
			response.writeHead(200, {'content-type': 'application/vnd.amazon.eventstream'});
			if (isHanging) {
				response.write(begun);
			} else {
				response.end(whole);
			}
		}, latencyMs);
	});
});
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => {
	process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
