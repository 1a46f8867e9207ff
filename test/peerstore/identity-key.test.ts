import { Key } from 'interface-datastore';
import { MemoryDatastore } from 'datastore-core';
import { generateKey } from '../../src/core/keys.js';
import { loadOrCreateKey } from '../../src/datastore.js';

const IDENTITY = new Key('/rx-libp2p/identity');

it('is made once and is the same ever after (P20)', async () => {
  const datastore = new MemoryDatastore();
  const made = await loadOrCreateKey(datastore);
  expect(made.type).toBe('Ed25519');
  expect((await loadOrCreateKey(datastore)).bytes).toEqual(made.bytes);
});

it('may be of another kind', async () => {
  const datastore = new MemoryDatastore();
  const made = await loadOrCreateKey(datastore, () => generateKey('secp256k1'));
  expect((await loadOrCreateKey(datastore)).publicKey.equals(made.publicKey)).toBe(true);
});

it.each([
  ['torn', (bytes: Uint8Array) => bytes.subarray(0, 20)],
  ['empty', () => new Uint8Array()],
  ['a public key', () => generateKey('Ed25519').publicKey.bytes],
])('%s, it is refused and left alone, and no other is made in its place (J1)', async (_, broken) => {
  const datastore = new MemoryDatastore();
  const made = await loadOrCreateKey(datastore);
  const value = broken(made.bytes);
  await datastore.put(IDENTITY, value);
  const refused = loadOrCreateKey(datastore).catch((error: unknown) => error as Error);
  expect(await refused).toMatchObject({
    code: 'ERR_STORE',
    message: "the datastore of the host's key: what is stored as the key is none",
  });
  expect(((await refused) as Error).cause).toBeUndefined();
  expect(await datastore.get(IDENTITY)).toEqual(value);
});

it('is not used where the datastore does not keep it', async () => {
  const forgetful = new MemoryDatastore();
  forgetful.put = (key) => key;
  await expect(loadOrCreateKey(forgetful)).rejects.toMatchObject({ code: 'ERR_STORE' });
  const lying = new MemoryDatastore();
  const other = generateKey('Ed25519');
  lying.get = () => other.bytes;
  await expect(loadOrCreateKey(lying)).rejects.toThrow('it does not keep what it is given');
  const broken = new MemoryDatastore();
  broken.has = () => {
    throw new Error('EACCES');
  };
  await expect(loadOrCreateKey(broken)).rejects.toThrow('EACCES');
});
