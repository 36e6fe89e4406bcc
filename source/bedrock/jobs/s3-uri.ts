/** A place in S3. */
export type S3Place = {readonly bucket: string; readonly key: string};

const pattern = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/;

/** @returns undefined where the text is no S3 URI, or its bucket has no lawful name. */
export const parseS3Uri = (uri: string): S3Place | undefined => {
	const [, bucket, key] = pattern.exec(uri) ?? [];
	return bucket === undefined ? undefined : {bucket, key: key ?? ''};
};

export const s3Uri = ({bucket, key}: S3Place): string => `s3://${bucket}/${key}`;

/** A place below another. */
export const below = ({bucket, key}: S3Place, name: string): S3Place => ({
	bucket,
	key: key === '' || key.endsWith('/') ? key + name : `${key}/${name}`,
});
