import {S3Client} from '@aws-sdk/client-s3';
import {Upload} from '@aws-sdk/lib-storage';

/** Uploads so many ready bytes as two objects with `lib-storage`, as it comes; prints the milliseconds and the memory. */

const [url = '', bytes = '0'] = process.argv.slice(2);
const half = Buffer.alloc(
	Math.ceil(Number(bytes) / 2),
	'{"recordId":"r0000000000","modelInput":{"messages":[]}}\n',
);
const client = new S3Client({
	endpoint: url,
	region: 'us-east-1',
	credentials: {accessKeyId: 'simulated', secretAccessKey: 'simulated'},
	forcePathStyle: true,
	requestChecksumCalculation: 'WHEN_REQUIRED',
});
const startedAt = performance.now();
for (const Key of ['bare/1', 'bare/2']) {
	await new Upload({client, params: {Bucket: 'bare', Key, Body: half}}).done();
}
const elapsedMs = performance.now() - startedAt;
process.stdout.write(JSON.stringify({elapsedMs, maxRssBytes: process.resourceUsage().maxRSS * 1024}));
client.destroy();
