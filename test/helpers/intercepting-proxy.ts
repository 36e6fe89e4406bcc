import {createServer, type Server} from 'node:http';
import {createServer as createTlsServer} from 'node:https';
import {type AddressInfo, connect} from 'node:net';

/** A certificate that nobody trusts, made out to AWS's hosts of us-east-1, as a proxy makes them that looks into TLS. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBwDCCAWWgAwIBAgIUbD6vukul/VydS/q0aVKq8AMiMZcwCgYIKoZIzj0EAwIw
ITEfMB0GA1UEAwwWSW50ZXJjZXB0aW9uIG9mIGEgdGVzdDAgFw0yNjExMjkyMzM1
MDlaGA8yMDU2MTEyMTIzMzUwOVowITEfMB0GA1UEAwwWSW50ZXJjZXB0aW9uIG9m
IGEgdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABE9jTHUOAVWgpc4Ao4WY
YyFBjiP5oJs2w9wwuO5eqjC2y7irIWqhIgQ25sq7A1mQjJYPIVe5/JrkvW4RznfE
NcijeTB3MB0GA1UdDgQWBBRoqponctc/j+YZ0+uXrYcANz5tADAfBgNVHSMEGDAW
gBRoqponctc/j+YZ0+uXrYcANz5tADAPBgNVHRMBAf8EBTADAQH/MCQGA1UdEQQd
MBuCGSoudXMtZWFzdC0xLmFtYXpvbmF3cy5jb20wCgYIKoZIzj0EAwIDSQAwRgIh
AMa6VyllyeGxZ5XsvW/tyEi5vPwTF+LBRYxXfvNNBAfmAiEAzPM1AnOPl+28MeYs
HYQHZcwd3TT/a/GiJnSY9bYbWxM=
-----END CERTIFICATE-----
`;
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgdFs3qbvXlHTHZq7J
W8qzvW5m0MsiIZCH+Uk3bFeJJ3ahRANCAARPY0x1DgFVoKXOAKOFmGMhQY4j+aCb
NsPcMLjuXqowtsu4qyFqoSIENubKuwNZkIyWDyFXufya5L1uEc53xDXI
-----END PRIVATE KEY-----
`;

/** What a proxy does with a connection to a service: it looks into it, or refuses it with a status. */
export type ProxyManner = 'intercepts' | 403 | 407 | 502;

export type InterceptingProxy = {
	/** `127.0.0.1:PORT`. */
	readonly address: string;
	/** To be trusted by whoever wants to be looked into. */
	readonly certificate: string;
	/** Hosts that were asked for, with their ports. */
	readonly asked: readonly string[];
	readonly close: () => void;
};

const listen = async (server: Server): Promise<number> => {
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	return (server.address() as AddressInfo).port;
};

/** A proxy on the loopback: whatever is called through it, nothing leaves this machine. */
export const startInterceptingProxy = async (manner: ProxyManner): Promise<InterceptingProxy> => {
	const inside = createTlsServer({key, cert: certificate}, (_request, response) => {
		response.writeHead(200, {'content-type': 'application/json'}).end('{}');
	});
	const insidePort = await listen(inside);
	const asked: string[] = [];
	const proxy = createServer();
	proxy.on('connect', (request, socket, head) => {
		asked.push(request.url ?? '');
		socket.on('error', () => {});
		if (manner !== 'intercepts') {
			socket.end(`HTTP/1.1 ${manner} Refused\r\ncontent-length: 0\r\n\r\n`);
			return;
		}
		const tunnel = connect(insidePort, '127.0.0.1', () => {
			socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
			tunnel.write(head);
			tunnel.pipe(socket);
			socket.pipe(tunnel);
		});
		tunnel.on('error', () => socket.destroy());
	});
	const port = await listen(proxy);
	return {
		address: `127.0.0.1:${port}`,
		certificate,
		asked,
		close() {
			inside.closeAllConnections();
			inside.close();
			proxy.closeAllConnections();
			proxy.close();
		},
	};
};
