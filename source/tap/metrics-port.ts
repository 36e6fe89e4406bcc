import {metricsContentType} from '../text/prometheus.ts';
import {admitClient} from './gate.ts';
import {type Listener, listen, type Reply} from './listener.ts';
import {sendRefusal, unknownRoute} from './refusal.ts';

/** A page of figures for Prometheus, behind the same gate as a tap. */

/** Answers with a page. */
export function sendMetrics(reply: Reply, text: string): void {
	reply
		.start(200, 'OK', [
			['content-type', metricsContentType],
			['content-length', String(Buffer.byteLength(text))],
		])
		.end(text);
}

/** Serves nothing but `GET /<secret>/metrics`. @throws UserError (exit 1) where the port cannot be opened. */
export async function serveMetrics(port: number, secret: string, page: () => string): Promise<Listener> {
	const listener: Listener = await listen(port, ({reply, ...incoming}) => {
		incoming.body.resume();
		const admitted = admitClient(incoming, {secret, port: listener.port});
		if ('refusal' in admitted) {
			sendRefusal(reply, admitted.refusal);
		} else if (incoming.method !== 'GET' || admitted.target !== '/metrics') {
			sendRefusal(reply, unknownRoute(incoming.method, admitted.target.split('?', 1)[0] ?? ''));
		} else {
			sendMetrics(reply, page());
		}
	});
	return listener;
}
