import { Key } from 'interface-datastore';
import { equalBytes } from '../core/bytes.js';
import { asError, Libp2pError } from '../core/errors.js';
import type { PrivateKey } from '../core/identity.js';
import { generateKey, privateKeyFrom } from '../core/keys.js';
import type { AnyDatastore } from './datastore-port.js';

/** Not below the peers: they come and go. */
const IDENTITY = '/rx-libp2p/identity';

/**
 * The host's key that is stored there, or a new Ed25519 key that is stored before it is used, and never written again. Rejects
 * with ERR_STORE where the datastore fails, or has something there that is no key: a host that lost its identity would be
 * another one, so none is made in its place. Two processes that share one datastore must not make the key at once.
 */
export async function loadOrCreateKey(
  datastore: AnyDatastore,
  make: () => PrivateKey = () => generateKey('Ed25519'),
): Promise<PrivateKey> {
  const key = new Key(IDENTITY);
  if (await told(async () => datastore.has(key))) return stored(datastore, key);
  const made = make();
  await told(async () => datastore.put(key, made.bytes));
  const found = await stored(datastore, key);
  if (!equalBytes(found.bytes, made.bytes)) throw failed('it does not keep what it is given');
  return found;
}

async function stored(datastore: AnyDatastore, key: Key): Promise<PrivateKey> {
  const bytes = await told(async () => datastore.get(key));
  try {
    return privateKeyFrom(bytes);
  } catch {
    // Neither the bytes nor what was said of them: it may be a key all the same.
    throw failed('what is stored as the key is none');
  }
}

async function told<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (thrown) {
    const cause = asError(thrown);
    throw failed(cause.message, { cause });
  }
}

function failed(what: string, options?: ErrorOptions): Libp2pError {
  return new Libp2pError('ERR_STORE', 'local', `the datastore of the host's key: ${what}`, options);
}
