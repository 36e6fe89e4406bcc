import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {hostname, tmpdir} from 'node:os';
import path from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {MemberRecord} from '../../source/admission/member-shares.ts';
import {createLedgerStore, ownHost} from '../../source/admission/member-store.ts';
import {childOf} from '../helpers/dead-process.ts';
import {targetFixture} from '../helpers/snapshot-fixture.ts';

const now = 1_700_000_000_000;
const stamping = {countsFrom: 'end', at: now, accepted: 0, refused: 1, marks: '01'} as const;
const recordOf = (id: string, change: Partial<MemberRecord> = {}): MemberRecord => ({
	id,
	isEnded: false,
	writtenAt: now,
	claim: {requests: 5, tokens: 1000},
	use: {requests: 3, tokens: 900},
	heldTokens: 100,
	most: {requests: 100, tokens: null},
	isWaiting: true,
	needs: 300,
	lastSentAt: now,
	settledTokens: 800,
	entries: [{at: now, requests: 3, tokens: 900, ended: 900}],
	minutes: [{process: '1-host', at: now, requests: 3, tokens: 900}],
	stamping,
	...change,
});

it.runIf(process.platform === 'linux')('a host is one set of processes: containers may have one name', () => {
	expect(ownHost()).toMatch(new RegExp(`^${hostname().replaceAll('.', '\\.')} pid:\\[\\d+\\]$`));
});

describe('what the runs of one user share of a bucket', () => {
	let folder = '';
	beforeEach(() => {
		folder = mkdtempSync(path.join(tmpdir(), 'use-'));
	});
	afterEach(() => rmSync(folder, {recursive: true}));

	const open = (target = targetFixture(), simulatorUrl?: string) => {
		const uses = createLedgerStore(folder, () => now);
		return {uses, store: uses.open({identity: ['account'], simulatorUrl}, target)};
	};
	const files = (): readonly string[] =>
		readdirSync(folder, {recursive: true, withFileTypes: true})
			.filter((entry) => entry.isFile())
			.map(({parentPath, name}) => path.join(parentPath, name));

	it('outlives the program, under names that say nothing of the account', async () => {
		const {uses, store} = open();
		const record = recordOf(uses.newMember());
		await store.write(record);
		await store.writeLearnt(stamping);
		const again = open().store;
		expect(await again.read()).toEqual([{...record, isLive: true}]);
		expect(await again.readLearnt()).toEqual(stamping);
		await store.writeLearnt({...stamping, enforcement: {windows: ['never']} as never});
		expect(await again.readLearnt()).toBeUndefined();
		for (const file of files()) {
			expect(file.slice(folder.length)).toMatch(
				/^\/use\/[0-9a-f]{32}\/(?:\d{15}-\d+-\d+-[\w.-]+|stamping)\.json$/,
			);
		}
		await again.remove([record.id]);
		expect(await store.read()).toEqual([]);
	});

	it('is kept for each bucket by itself, and one bucket for all runs of a program', async () => {
		const {uses, store} = open();
		await store.write(recordOf(uses.newMember()));
		expect(await open({...targetFixture(), scope: 'global'}).store.read()).toEqual([]);
		expect(await open({...targetFixture(), region: 'eu-west-1'}).store.read()).toEqual([]);
		expect(uses.open({identity: ['account']}, targetFixture())).toBe(store);
	});

	it('of the embedded simulator never reaches the disk', async () => {
		const {uses, store} = open(targetFixture(), 'http://127.0.0.1:1');
		await store.write(recordOf(uses.newMember()));
		expect(files()).toEqual([]);
		expect(await store.read()).toHaveLength(1);
	});

	it('knows who is dead: ended, silent for ten seconds, or without a process', async () => {
		const {uses, store} = open();
		const dead = await childOf('process.exit()');
		const mine = uses.newMember();
		const gone = mine.replace(`-${process.pid}-`, `-${dead}-`);
		const elsewhere = `${gone}x`;
		await store.write(recordOf(mine));
		await store.write(recordOf(uses.newMember(), {isEnded: true}));
		await store.write(recordOf(uses.newMember(), {writtenAt: now - 10_000}));
		await store.write(recordOf(gone));
		await store.write(recordOf(elsewhere));
		const live = (await store.read()).filter(({isLive}) => isLive).map(({id}) => id);
		expect(live.toSorted()).toEqual([mine, elsewhere].toSorted());
	});

	it.each(['', '{', '{"id": "x"}', 'null', '[]'])('takes a file that holds %j for none', async (text) => {
		const {uses, store} = open();
		await store.write(recordOf(uses.newMember()));
		const [file = ''] = files();
		writeFileSync(file, text);
		expect(await store.read()).toEqual([]);
		expect(readFileSync(file, 'utf8')).toBe(text);
	});

	it('sorts the members by when they began', () => {
		const {uses} = open();
		const names = [uses.newMember(), uses.newMember(), createLedgerStore(folder, () => now + 1).newMember()];
		expect(names.toSorted()).toEqual(names);
	});
});
