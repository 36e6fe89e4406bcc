import {addAbortSignal, Readable} from 'node:stream';
import type {Clients} from '../clients/clients.ts';
import {abortedBy} from './aborted-by.ts';
import {callError} from './call-error.ts';
import {type S3Place, s3Uri} from './s3-uri.ts';
import {type UploadOptions, type UploadSource, uploadObject} from './upload.ts';

/** S3 as a batch needs it. Every method rejects with a UserError (exit 1). */
export type ObjectStore = {
	/** Writes an object, in parts where it is large, and replaces what was there. */
	readonly write: (place: S3Place, source: UploadSource, options: UploadOptions) => Promise<void>;
	/** Keys of all objects whose key begins with that of the place. */
	readonly list: (place: S3Place, signal?: AbortSignal) => Promise<readonly string[]>;
	/** The bytes of an object as they arrive. */
	readonly read: (place: S3Place, signal?: AbortSignal) => AsyncGenerator<Uint8Array>;
};

export const createObjectStore = (clients: Clients): ObjectStore => ({
	async write(place, source, options) {
		try {
			await uploadObject(await clients.s3(), place, source, options);
		} catch (error) {
			throw callError(error, clients, {
				what: `${s3Uri(place)} could not be written`,
				action: 's3:PutObject',
			});
		}
	},
	async list({bucket, key}, signal) {
		const {paginateListObjectsV2} = await import('@aws-sdk/client-s3');
		const keys: string[] = [];
		try {
			const input = {Bucket: bucket, Prefix: key};
			const pages = paginateListObjectsV2({client: await clients.s3()}, input, abortedBy(signal));
			for await (const page of pages) {
				keys.push(...(page.Contents ?? []).flatMap(({Key}) => (Key === undefined ? [] : [Key])));
			}
		} catch (error) {
			throw callError(error, clients, {
				what: `s3://${bucket} could not be listed`,
				action: 's3:ListBucket',
			});
		}
		return keys;
	},
	async *read(place, signal) {
		try {
			const {GetObjectCommand} = await import('@aws-sdk/client-s3');
			const client = await clients.s3();
			const command = new GetObjectCommand({Bucket: place.bucket, Key: place.key});
			const {Body} = await client.send(command, abortedBy(signal));
			if (Body instanceof Readable) {
				yield* (signal === undefined ? Body : addAbortSignal(signal, Body)) as AsyncIterable<Uint8Array>;
			}
		} catch (error) {
			throw callError(error, clients, {what: `${s3Uri(place)} could not be read`, action: 's3:GetObject'});
		}
	},
});
