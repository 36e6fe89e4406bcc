import {GetCallerIdentityCommand, STSClient} from '@aws-sdk/client-sts';
import AutoScaling from 'aws-sdk/clients/autoscaling.js';
import CloudFront from 'aws-sdk/clients/cloudfront.js';
import DynamoDB from 'aws-sdk/clients/dynamodb.js';
import EC2 from 'aws-sdk/clients/ec2.js';
import IAM from 'aws-sdk/clients/iam.js';
import Lambda from 'aws-sdk/clients/lambda.js';
import Route53 from 'aws-sdk/clients/route53.js';
import SNS from 'aws-sdk/clients/sns.js';
import STS from 'aws-sdk/clients/sts.js';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {credentials, startForTest} from './harness.ts';

/**
 * Tests source/simulator/router.ts: with one endpoint for every service, clients of services that are not simulated
 * come here too.
 */

// The older SDK says at its first use that it is old.
vi.hoisted(() => vi.stubEnv('AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE', '1'));

/** With one endpoint set for every service, clients of services that are not simulated come here too. */

const identity = {
	Account: '123456789012',
	Arn: 'arn:aws:iam::123456789012:user/simulated',
	UserId: expect.stringMatching(/^AIDA[A-Z0-9]{17}$/),
};

const older = (endpoint: string) => ({endpoint, region: 'us-east-1', ...credentials, maxRetries: 0});

describe('who the caller is', () => {
	it('is answered to the current SDK', async () => {
		const {url} = await startForTest();
		const client = new STSClient({endpoint: url, region: 'eu-west-1', credentials, maxAttempts: 1});
		onTestFinished(() => client.destroy());
		expect(await client.send(new GetCallerIdentityCommand({}))).toMatchObject(identity);
	});

	it('is answered to the older SDK', async () => {
		const {url} = await startForTest();
		expect(await new STS(older(url)).getCallerIdentity().promise()).toMatchObject(identity);
	});

	it('is answered to a presigned URL', async () => {
		const {url} = await startForTest();
		const response = await fetch(
			`${url}/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Credential=simulated%2F20261120%2Fus-east-1%2Fsts%2Faws4_request`,
		);
		expect(response.status).toBe(200);
		expect(response.headers.get('content-type')).toBe('text/xml');
		expect(await response.text()).toContain('<Account>123456789012</Account>');
	});
});

type Failure = {readonly code: string; readonly message: string; readonly statusCode: number};

/** A call of each protocol that AWS has, of a service or an action that is not served. */
const calls: ReadonlyArray<
	readonly [words: string, call: (url: string) => Promise<unknown>, expected: Partial<Failure>]
> = [
	[
		'another action of STS',
		(url) => new STS(older(url)).getSessionToken().promise(),
		{code: 'InvalidAction', message: 'The simulator does not serve GetSessionToken of sts.', statusCode: 400},
	],
	[
		'an unsigned action of STS',
		(url) =>
			new STS(older(url))
				.assumeRoleWithWebIdentity({
					RoleArn: 'arn:aws:iam::123456789012:role/any',
					RoleSessionName: 'any',
					WebIdentityToken: 'token',
				})
				.promise(),
		{code: 'InvalidAction', message: 'The simulator does not serve AssumeRoleWithWebIdentity of sts.'},
	],
	[
		'IAM (query)',
		(url) => new IAM(older(url)).listUsers().promise(),
		{code: 'InvalidAction', message: 'The simulator does not serve ListUsers of iam.'},
	],
	[
		'SNS (query)',
		(url) => new SNS(older(url)).listTopics().promise(),
		{code: 'InvalidAction', message: 'The simulator does not serve ListTopics of sns.'},
	],
	[
		'Auto Scaling (query with lists)',
		(url) => new AutoScaling(older(url)).describeAutoScalingGroups({AutoScalingGroupNames: ['a']}).promise(),
		{code: 'InvalidAction'},
	],
	[
		'EC2 (a query of its own kind)',
		(url) => new EC2(older(url)).describeInstances().promise(),
		{code: 'InvalidAction', message: 'The simulator does not serve DescribeInstances of ec2.'},
	],
	[
		'DynamoDB (JSON)',
		(url) => new DynamoDB(older(url)).listTables().promise(),
		{
			code: 'UnknownOperationException',
			message: 'The simulator does not serve DynamoDB_20120810.ListTables.',
			statusCode: 404,
		},
	],
	[
		'Lambda (REST and JSON)',
		(url) => new Lambda(older(url)).listFunctions().promise(),
		{code: 'UnknownOperationException', message: 'The simulator does not serve GET /2015-03-31/functions/.'},
	],
	[
		'Route 53 (REST and XML)',
		(url) => new Route53(older(url)).listHostedZones().promise(),
		{code: 'InvalidAction', message: 'The simulator does not serve GET /2013-04-01/hostedzone.'},
	],
	[
		'CloudFront (REST and XML)',
		(url) => new CloudFront(older(url)).listDistributions().promise(),
		{code: 'InvalidAction', statusCode: 400},
	],
];

describe('a call that is not served', () => {
	it.each(calls)('of %s is refused in the words of its protocol', async (_words, call, expected) => {
		const {url} = await startForTest();
		await expect(call(url)).rejects.toMatchObject(expected);
	});

	it('in CBOR is refused in CBOR', async () => {
		const {url} = await startForTest();
		const response = await fetch(`${url}/service/Other/operation/Any`, {
			method: 'POST',
			headers: {'smithy-protocol': 'rpc-v2-cbor', 'content-type': 'application/cbor'},
		});
		expect(response.headers.get('smithy-protocol')).toBe('rpc-v2-cbor');
		expect(response.headers.get('content-type')).toBe('application/cbor');
		expect(await response.text()).toContain('UnknownOperationException');
	});
});
