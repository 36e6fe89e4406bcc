const statuses = {
	AccessDenied: 403,
	NoSuchBucket: 404,
	NoSuchKey: 404,
	NoSuchUpload: 404,
	InvalidPart: 400,
	InvalidRange: 416,
	NotImplemented: 501,
} as const;

export type S3ErrorCode = keyof typeof statuses;

/** An answer of S3 that is an error. */
export class S3Error extends Error {
	readonly code: S3ErrorCode;
	readonly status: number;

	constructor(code: S3ErrorCode, message: string) {
		super(message);
		this.name = 'S3Error';
		this.code = code;
		this.status = statuses[code];
	}
}
