/** A process that stores peer after peer, says what it has flushed, and is killed at a write: see `test/sockets/peer-store-disk.test.ts`. */
import { writeSync } from 'node:fs';
import { LevelDatastore } from 'datastore-level';
import { datastorePeerStore, loadOrCreateKey } from '../../src/datastore.js';
import { addr, peer } from './peer-store.js';

const [, , path = '', killAt = '0', when = ''] = process.argv;
const datastore = new LevelDatastore(path);
await datastore.open();

let writes = 0;
/** Kills this process at the write it was told: while it is under way, or right behind it. */
async function killing<T>(write: () => Promise<T>): Promise<T> {
  writes += 1;
  const isLast = writes === Number(killAt);
  const writing = write();
  if (isLast && when === 'during') process.kill(process.pid, 'SIGKILL');
  const result = await writing;
  if (isLast) process.kill(process.pid, 'SIGKILL');
  return result;
}
const put = datastore.put.bind(datastore);
datastore.put = (...args) => killing(() => put(...args));
const batchOf = datastore.batch.bind(datastore);
datastore.batch = () => {
  const batch = batchOf();
  const commit = batch.commit.bind(batch);
  batch.commit = (...args) => killing(async () => commit(...args));
  return batch;
};

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

const key = await loadOrCreateKey(datastore);
say(`key ${Buffer.from(key.publicKey.bytes).toString('hex')}`);
const store = datastorePeerStore(datastore);
await store.ready();
const begun = Math.max(0, ...store.peers.map((id) => store.get(id)?.tags.get('round') ?? 0));
for (let round = begun + 1; round <= begun + 6; round += 1) {
  const id = peer(`p${String(round % 3)}`);
  store.clearAddrs(id);
  store.addAddrs(id, [addr(round)], Infinity);
  store.setTag(id, 'round', round);
  say(`begun ${String(round)}`);
  await store.flush();
  say(`flushed ${String(round)}`);
}
await store.close();
await datastore.close();
