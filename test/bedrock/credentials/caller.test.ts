import {describe, expect, it} from 'vitest';
import {createClients} from '../../../source/bedrock/clients/clients.ts';
import {UserError} from '../../../source/domain/user-error.ts';
import {awsHome} from './harness.ts';

/** Each way in which credentials can be missing: what is said, and the way out. */

const home = awsHome();
const keys = 'aws_access_key_id = a\naws_secret_access_key = b\n';
const unset = {region: 'us-east-1', profile: undefined, simulatorUrl: undefined};

type Case = {
	readonly config?: string;
	readonly credentials?: string;
	readonly environment?: Readonly<Record<string, string>>;
	readonly profile?: string;
	readonly region?: undefined;
	readonly message: RegExp;
	readonly hint: RegExp;
	readonly exitCode?: 1 | 2;
};

const cases: Readonly<Record<string, Case>> = {
	'a command that asks for a sign-in': {
		config:
			'[profile p]\ncredential_process = echo "No valid cached MFA session found. Run: awsmfa" >&2; exit 1',
		profile: 'p',
		message:
			/profile "p" cannot be used: its credential_process failed: No valid cached MFA session found\. Run: awsmfa/,
		hint: /Do what the command says/,
	},
	'a command that does not exist': {
		config: '[profile p]\ncredential_process = no-such-helper --json',
		profile: 'p',
		message: /credential_process failed: .*no-such-helper.*not found/,
		hint: /by hand/,
	},
	'a command that fails in silence': {
		config: '[profile p]\ncredential_process = false',
		profile: 'p',
		message: /credential_process failed and said nothing/,
		hint: /by hand/,
	},
	'a command that prints no JSON': {
		config: '[profile p]\ncredential_process = echo hello',
		profile: 'p',
		message: /credential_process returned invalid JSON/,
		hint: /has to print JSON/,
	},
	'a command that prints half of the keys': {
		config: `[profile p]\ncredential_process = echo '{"Version": 1, "AccessKeyId": "a"}'`,
		profile: 'p',
		message: /returned invalid credentials/,
		hint: /AccessKeyId/,
	},
	'a command whose keys have expired': {
		config: `[profile p]\ncredential_process = echo '{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "b", "Expiration": "2020-01-01T00:00:00Z"}'`,
		profile: 'p',
		message: /returned expired credentials/,
		hint: /Expiration/,
	},
	'a command of the default profile': {
		config: '[default]\ncredential_process = echo "Token has gone" >&2; exit 3',
		message: /credential_process failed: Token has gone/,
		hint: /by hand/,
	},
	'a profile that is not there': {
		config: '[profile dev]\nregion = us-east-1\n[profile prod]\nregion = us-east-1',
		profile: 'prdo',
		message: /^The profile prdo is not in ~\/config; there are dev and prod\.$/,
		hint: /--profile/,
	},
	'a profile that is not there, and no Region either': {
		config: '[profile dev]\nregion = us-east-1\n[profile prod]\nregion = us-east-1',
		profile: 'prdo',
		region: undefined,
		message: /^The profile prdo is not in/,
		hint: /--profile/,
	},
	'AWS_PROFILE that is not there': {
		credentials: `[work]\n${keys}`,
		environment: {AWS_PROFILE: 'nosuch'},
		message: /^The profile nosuch is not in .*; there is work\.$/,
		hint: /AWS_PROFILE/,
	},
	'no profile at all': {
		profile: 'p',
		message: /^The profile p is not in .*; there is none\.$/,
		hint: /aws configure --profile p/,
	},
	'a profile without the word profile': {
		config: '[dev]\nregion = us-east-1',
		profile: 'dev',
		message: /^The profile dev is not in/,
		hint: /write \[profile dev\]/,
	},
	'a role of a profile that is not there': {
		config: '[profile p]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n[profile dev]\nregion = x',
		profile: 'p',
		message:
			/"p" takes its credentials from "base" \(source_profile\), which is not in .*; there are p and dev/,
		hint: /source_profile/,
	},
	'a role of a profile without credentials': {
		config:
			'[profile p]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n[profile base]\nregion = us-east-1',
		profile: 'p',
		message: /"base", which "p" takes its credentials from \(source_profile\), has none/,
		hint: /aws configure --profile base/,
	},
	'roles in a circle': {
		config:
			'[profile p]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = q\n[profile q]\nrole_arn = arn:aws:iam::1:role/s\nsource_profile = p',
		profile: 'p',
		message: /from each other \(source_profile\): p -> q -> p/,
		hint: /its own credentials/,
	},
	'a role of itself': {
		config: '[profile p]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = p',
		profile: 'p',
		message: /p -> p/,
		hint: /its own credentials/,
	},
	'a role of nobody': {
		config: '[profile p]\nrole_arn = arn:aws:iam::1:role/r',
		profile: 'p',
		message: /nothing says with whose credentials/,
		hint: /source_profile/,
	},
	'a role of two': {
		config:
			'[profile p]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = q\ncredential_source = Environment',
		profile: 'p',
		message: /source_profile and credential_source/,
		hint: /one of the two/,
	},
	'a source that does not exist': {
		config: '[profile p]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = Ec2',
		profile: 'p',
		message: /credential_source = Ec2, which does not exist/,
		hint: /Ec2InstanceMetadata/,
	},
	'a role with a second factor': {
		config: `[profile p]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\nmfa_serial = arn:aws:iam::1:mfa/me\n[profile base]\n${keys}`,
		profile: 'p',
		message: /multi-factor authentication/,
		hint: /aws configure export-credentials --profile p .*get-session-token/,
	},
	'a session of single sign-on that is not there': {
		config:
			'[profile p]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n[sso-session home]\nsso_region = us-east-1',
		profile: 'p',
		message: /\[sso-session corp\] is not in .*; there is home/,
		hint: /aws configure sso-session/,
	},
	'half of a session of single sign-on': {
		config: '[profile p]\nsso_session = corp\nsso_account_id = 1\n[sso-session corp]\nsso_region = us-east-1',
		profile: 'p',
		message: /sso_start_url of \[sso-session corp\] and sso_role_name of the profile are missing/,
		hint: /aws configure sso --profile p/,
	},
	'a sign-on that was never made': {
		config:
			'[profile p]\nsso_session = my corp\nsso_account_id = 1\nsso_role_name = r\n[sso-session "my corp"]\nsso_region = us-east-1\nsso_start_url = https://a.test',
		profile: 'p',
		message: /SSO session .*invalid|SSO session .*expired|not found/,
		hint: /aws sso login --profile p/,
	},
	'half of the keys in the environment': {
		environment: {AWS_ACCESS_KEY_ID: 'a'},
		credentials: `[default]\n${keys}`,
		message: /AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is missing/,
		hint: /unset AWS_ACCESS_KEY_ID/,
	},
	'half of the keys in a profile': {
		credentials: '[p]\naws_access_key_id = a',
		profile: 'p',
		message: /has aws_access_key_id, but aws_secret_access_key is missing/,
		hint: /credentials/,
	},
	'a token file that is not there': {
		environment: {AWS_WEB_IDENTITY_TOKEN_FILE: '/nowhere/token', AWS_ROLE_ARN: 'arn:aws:iam::1:role/r'},
		message: /cannot be used: .*\/nowhere\/token/,
		hint: /AWS_WEB_IDENTITY_TOKEN_FILE/,
	},
	'a token beside a profile that was typed': {
		environment: {AWS_BEARER_TOKEN_BEDROCK: 'ABSKsomething'},
		credentials: `[p]\n${keys}`,
		profile: 'p',
		message: /--profile p and AWS_BEARER_TOKEN_BEDROCK name two callers/,
		hint: /unset AWS_BEARER_TOKEN_BEDROCK/,
		exitCode: 2,
	},
	'keys, no Region, and AWS_PROFILE that is not there': {
		environment: {AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_PROFILE: 'gone'},
		region: undefined,
		message: /^No AWS Region is set, and \S+ has no profile gone \(AWS_PROFILE\)/,
		hint: /--region or AWS_REGION/,
	},
	'a profile with nothing but a Region': {
		config: '[profile p]\nregion = us-east-1',
		profile: 'p',
		message: /^No AWS credentials were found for the profile "p"\.$/,
		hint: /aws configure/,
	},
	nothing: {message: /^No AWS credentials were found\.$/, hint: /aws sso login.*--demo/},
};

const refusalOf = async (given: Case): Promise<UserError> => {
	home.prepare(given);
	const connection = {...unset, profile: given.profile, ...('region' in given ? {region: given.region} : {})};
	try {
		const clients = createClients(connection, {maxSockets: 1});
		await clients.region();
		await clients.checkCredentials();
	} catch (error) {
		return error as UserError;
	}
	throw new Error('Credentials were found.');
};

describe('the reason', () => {
	it.each(Object.entries(cases))('%s', async (_name, given) => {
		const error = await refusalOf(given);
		expect(error).toBeInstanceOf(UserError);
		expect(error.message.replaceAll(home.path(''), '~/')).toMatch(given.message);
		expect(error.hint).toMatch(given.hint);
		expect(error.exitCode).toBe(given.exitCode ?? 1);
	});

	it('secrets in what a command wrote are hidden', async () => {
		const error = await refusalOf({
			config: '[profile p]\ncredential_process = echo "bad AKIAABCDEFGHIJKLMNOP" >&2; exit 1',
			profile: 'p',
			message: /./,
			hint: /./,
		});
		expect(error.message).toContain('bad [hidden]');
	});
});
