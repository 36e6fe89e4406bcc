import {once} from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import {type AddressInfo, Socket} from 'node:net';
import {text} from 'node:stream/consumers';
import {expect, it, vi} from 'vitest';
import {send} from '../../source/tap/exchange.ts';

/** Tests source/tap/exchange.ts: its connection to the service. */

it('a connection that is silent for long is kept alive on its way', async ({onTestFinished}) => {
	const server = http.createServer((request, response) => {
		request.resume();
		response.end('answered');
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const {port} = server.address() as AddressInfo;
	const agents = {http: new http.Agent(), https: new https.Agent()};
	onTestFinished(() => {
		server.close();
	});
	const set = vi.spyOn(Socket.prototype, 'setKeepAlive');
	const answer = await send(
		{
			method: 'POST',
			url: new URL(`http://127.0.0.1:${port}`),
			target: '/model/m/converse',
			headers: [['host', `127.0.0.1:${port}`]],
			body: Buffer.from('{}'),
		},
		agents,
		new AbortController().signal,
	);
	await text(answer.body);
	// Some networks forget a connection after 350 s without a packet; an answer may take an hour.
	expect(set).toHaveBeenCalledWith(true, 60_000);
	set.mockRestore();
});

it('a connection that is used again gathers no listeners', async ({onTestFinished}) => {
	const server = http.createServer((request, response) => {
		request.resume();
		response.end('answered');
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const {port} = server.address() as AddressInfo;
	const agents = {
		http: new http.Agent({keepAlive: true, maxSockets: 1}),
		https: new https.Agent(),
	};
	onTestFinished(() => {
		agents.http.destroy();
		server.close();
	});
	const sockets = new Set<Socket>();
	for (let index = 0; index < 15; index++) {
		const answer = await send(
			{
				method: 'POST',
				url: new URL(`http://127.0.0.1:${port}`),
				target: '/model/m/converse',
				headers: [['host', `127.0.0.1:${port}`]],
				body: Buffer.from('{}'),
			},
			agents,
			new AbortController().signal,
		);
		sockets.add(answer.body.socket);
		await expect(text(answer.body)).resolves.toBe('answered');
		// The agent takes the connection back in a turn of its own.
		await new Promise(setImmediate);
	}
	expect(sockets.size).toBe(1);
	expect([...sockets].map((socket) => socket.listenerCount('connect'))).toEqual([0]);
});
